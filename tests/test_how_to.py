"""The how-to pages: each command is run as it is written, in both languages, and prints what the page says."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cinelake.config.settings import Source
from cinelake.engine.contract import CONTRACTS
from parts import moto_server, rclone_server
from projects import Place, ProjectFolder, S3Server
from test_docs import BLOCK, DOCS, commands_of, fits, printed_by, write_files

GENRE = ("another-genre.md", "pt/outro-genero.md")
SOURCE = ("another-source.md", "pt/outros-arquivos.md")
STORES = ("s3-compatible-stores.md", "pt/outros-armazenamentos.md")
PAIRS = [GENRE, SOURCE, STORES]


def follow(name: str, folder: Path, variables: Mapping[str, str] | None = None) -> None:
    """Writes the files of a page, then runs its commands in their order; each must print what the page says."""
    consoles = write_files(DOCS / name, folder)
    commands = commands_of("".join(consoles))
    assert commands
    for command, told in commands:
        printed = printed_by(command, folder, variables)
        assert fits(told, printed), f"{command} printed\n{printed}"


@pytest.mark.parametrize(("english", "portuguese"), PAIRS)
def test_both_languages_type_and_are_shown_the_same(english: str, portuguese: str) -> None:
    blocks = [BLOCK.findall((DOCS / name).read_text(encoding="utf-8")) for name in (english, portuguese)]
    shapes = [[(language, text) for _, language, text in each] for each in blocks]
    assert shapes[0] == shapes[1] != []


@pytest.mark.parametrize("name", [name for pair in PAIRS for name in pair])
def test_a_page_fits_a_sitting(name: str) -> None:
    lines = DOCS.joinpath(name).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 70
    assert max(len(line) for line in lines if not line.startswith("|")) <= 130


@pytest.mark.parametrize("name", GENRE)
def test_other_genres_are_asked_about_as_the_page_says(tmp_path: Path, name: str) -> None:
    follow(name, tmp_path)


@pytest.mark.parametrize("name", SOURCE)
def test_other_files_are_read_as_the_page_says(tmp_path: Path, name: str) -> None:
    follow(name, tmp_path)


@pytest.mark.parametrize("name", SOURCE)
def test_the_page_names_every_column_of_the_contract_and_every_key_of_a_source(name: str) -> None:
    page = DOCS.joinpath(name).read_text(encoding="utf-8")
    columns = {column.name for contract in CONTRACTS.values() for column in contract}
    assert {each for each in columns if f"`{each}`" not in page} == set()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(Source.model_fields) - {"format"}


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("store", ["moto", "rclone"])
def test_another_store_is_set_up_as_the_page_says(tmp_path: Path, name: str, store: str) -> None:
    with moto_server() if store == "moto" else rclone_server(tmp_path / "store") as server:
        folder = tmp_path / "project"
        folder.mkdir()
        follow(name, folder, server.variables)
        assert told_of(name, server.name) == found_of(server, folder.joinpath("told.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", STORES)
def test_what_ceph_lacks_is_what_the_page_says(folder: ProjectFolder, ceph: S3Server, name: str) -> None:
    landed = folder.cinelake("land", place=Place.on(ceph))
    assert landed.returncode == 0, landed.stderr
    assert told_of(name, "Ceph") == found_of(ceph, landed.stderr)


def told_of(name: str, store: str) -> list[str]:
    """The column of a store in the table of what each lacks, in English, but for its last row."""
    table = DOCS.joinpath(name).read_text(encoding="utf-8").partition("| | moto")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in row.strip("| ").split("|")] for row in f"moto{table}".splitlines()]
    column = next(number for number, cell in enumerate(rows[0], start=1) if cell.startswith(store))
    words = {"sim": "set", "falta": "lacks", "em parte": "in part", "não": "no"}
    settings, [secret, _] = [row[column] for row in rows[2:-2]], [row[column] for row in rows[-2:]]
    return [*(words.get(cell, cell) for cell in settings), "yes" if secret in ("yes", "sim") else "no"]


def found_of(server: S3Server, told: str) -> list[str]:
    """What a landing told of a new bucket's settings, in the words of the page."""
    names = ["the block of public access", "versioning", "default encryption", "the removal of abandoned uploads"]
    lines = [next(line for line in told.splitlines() if name in line) for name in names]
    found = ["set" if line.startswith("land: set ") else "lacks" for line in lines]
    if "undone: the block of public ACLs" in told:
        found[0] = "in part"
    return [*found, "yes" if server.signatures else "no"]
