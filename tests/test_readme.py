"""The front door, in two languages: kept in step, with commands that are there."""

import os
import re
from pathlib import Path

import pytest
import typer.main

from cinelake.cli.app import app

ROOT = Path(__file__).parents[1]
ENGLISH, PORTUGUESE = ROOT / "README.md", ROOT / "README.pt-BR.md"
TWINS = {
    "README.pt-BR.md": "README.md",
    "docs/pt/adicionar-uma-tabela.md": "docs/add-a-table.md",
    "docs/pt/aws.md": "docs/aws.md",
    "docs/pt/camadas.md": "docs/layers.md",
    "docs/pt/catalogo.md": "docs/catalog.md",
    "docs/pt/consultar-o-tmdb.md": "docs/ask-tmdb.md",
    "docs/pt/datas-passadas.md": "docs/backfill.md",
    "docs/pt/docker.md": "docs/docker.md",
    "docs/pt/entregar-as-evidencias.md": "docs/hand-in-the-evidence.md",
    "docs/pt/estatistica.md": "docs/statistics.md",
    "docs/pt/completar-no-shell.md": "docs/shell-completion.md",
    "docs/pt/fazer-sua-pergunta.md": "docs/ask-your-own.md",
    "docs/pt/imdb.md": "docs/imdb.md",
    "docs/pt/index.md": "docs/index.md",
    "docs/pt/ingestao.md": "docs/landing.md",
    "docs/pt/kubernetes.md": "docs/kubernetes.md",
    "docs/pt/muitas-maquinas.md": "docs/many-machines.md",
    "docs/pt/nao-executado.md": "docs/not-run.md",
    "docs/pt/no-s3.md": "docs/on-s3.md",
    "docs/pt/o-que-o-tmdb-sabe.md": "docs/what-tmdb-knows.md",
    "docs/pt/outro-genero.md": "docs/another-genre.md",
    "docs/pt/outros-armazenamentos.md": "docs/s3-compatible-stores.md",
    "docs/pt/outros-arquivos.md": "docs/another-source.md",
    "docs/pt/perguntas.md": "docs/questions.md",
    "docs/pt/python.md": "docs/python.md",
    "docs/pt/repassar-um-snapshot.md": "docs/share-a-snapshot.md",
    "docs/pt/sql.md": "docs/sql.md",
    "docs/pt/swarm.md": "docs/swarm.md",
    "docs/pt/todo-dia.md": "docs/daily.md",
    "docs/pt/tutorial.md": "docs/tutorial.md",
}
"""Each page in Portuguese, and the one in English that says the same."""
LINK = re.compile(r"\]\(([^)]+)\)")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def levels_of(page: Path) -> list[str]:
    """The levels of its headings, in their order."""
    return re.findall(r"^#+ ", text_of(page), re.MULTILINE)


def commands_of(page: Path) -> list[str]:
    """What is typed, without the words behind it."""
    lines = re.findall(r"^    (\S.*)$", text_of(page), re.MULTILINE)
    return [re.sub(r"\s+# .*", "", line).strip() for line in lines]


def test_both_languages_are_in_step() -> None:
    assert levels_of(PORTUGUESE) == levels_of(ENGLISH)
    assert commands_of(PORTUGUESE) == commands_of(ENGLISH)
    assert len(commands_of(ENGLISH)) > 15
    links = [[TWINS.get(link, link) for link in LINK.findall(text_of(page))] for page in (ENGLISH, PORTUGUESE)]
    assert sorted({*links[0], "README.md"}) == sorted({*links[1], "README.md"})


@pytest.mark.parametrize("page", TWINS, ids=str)
def test_a_page_in_portuguese_has_the_sections_and_tables_of_its_twin(page: str) -> None:
    own, twin = ROOT / page, ROOT / TWINS[page]
    if page.endswith("index.md"):
        assert "toctree" in text_of(own)
        return
    assert levels_of(own) == levels_of(twin)
    rows = [re.findall(r"^\|", text_of(each), re.MULTILINE) for each in (own, twin)]
    assert len(rows[0]) == len(rows[1])


@pytest.mark.parametrize("page", TWINS, ids=str)
def test_where_there_is_a_page_in_portuguese_one_in_portuguese_leads_there(page: str) -> None:
    english = set(TWINS.values()) - {TWINS[page]}
    links = [link.partition("#")[0] for link in LINK.findall(text_of(ROOT / page)) if "://" not in link]
    targets = {link: os.path.relpath(ROOT / Path(page).parent / link, ROOT) for link in links}
    assert [link for link, target in targets.items() if target in english] == []


def test_every_page_in_portuguese_has_a_twin() -> None:
    pages = {str(path.relative_to(ROOT)) for path in ROOT.joinpath("docs", "pt").rglob("*.md")}
    assert pages == set(TWINS) - {"README.pt-BR.md"}


@pytest.mark.parametrize("page", [ENGLISH, PORTUGUESE], ids=["en", "pt"])
def test_every_command_that_is_named_is_there(page: Path) -> None:
    known = typer.main.get_command(app)
    names = set(getattr(known, "commands"))  # noqa: B009 a group has them
    told = set(re.findall(r"\bcinelake (\w+)", text_of(page))) - {"verify"}
    rows = re.findall(r"^\| `cinelake (.*?)\|", text_of(page), re.MULTILINE)
    told |= {word for row in rows for word in re.findall(r"`?(\w+)`", row.split('"')[0])}
    commands = {word for word in told if word.islower()} - {"imdb"}
    assert commands <= names | {"est", "up", "is", "está"}
    assert {"run", "land", "enrich", "build", "ask", "report", "init", "fetch"} <= commands


def test_the_front_door_is_short() -> None:
    assert len(text_of(ENGLISH).splitlines()) <= 130
