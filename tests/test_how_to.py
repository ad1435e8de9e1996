"""The how-to pages: each command is run as it is written, in both languages, and prints what the page says."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cinelake.config.settings import Source
from cinelake.engine.contract import CONTRACTS
from test_docs import BLOCK, DOCS, commands_of, fits, printed_by, write_files

GENRE = ("another-genre.md", "pt/outro-genero.md")
SOURCE = ("another-source.md", "pt/outros-arquivos.md")
PAIRS = [GENRE, SOURCE]


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
    assert max(map(len, lines)) <= 130


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
