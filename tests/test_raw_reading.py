"""What a file in Raw may look like."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinelake import DataError
from projects import MOVIES_HEADER, ProjectFolder
from tables import counts_of, film, films_of, land_and_build, read_bytes, read_lines, rejects_of, rows_of

COLUMNS = MOVIES_HEADER.split("|")


# Files that cannot be read at all


@pytest.mark.parametrize(("first", "second"), [("id", "ID"), ("genero", "Genero"), ("Nota", "nota")])
def test_columns_that_differ_only_in_the_size_of_letters_are_refused(
    folder: ProjectFolder, first: str, second: str
) -> None:
    extra = [first] * (first not in MOVIES_HEADER.split("|"))
    folder.write_csv("movies.csv", [], header="|".join([MOVIES_HEADER, *extra, second]))
    with pytest.raises(DataError, match=f"has the columns '{first}' and '{second}'"):
        land_and_build(folder)


# Files as they come


def test_quotes_newlines_and_delimiters_in_quotes_are_the_text(folder: ProjectFolder) -> None:
    result = read_lines(
        folder,
        film("tt1", tituloPincipal='"Dragon Ball Z: Resurrection ""F"""'),
        film("tt2", tituloPincipal='"one\ntwo"', tituloOriginal='"a|b"'),
        film("tt3", tituloPincipal='"""Q"""', tituloOriginal='""'),
    )
    found = films_of(folder, result)
    assert [row["title"] for row in found.values()] == ['Dragon Ball Z: Resurrection "F"', "one\ntwo", '"Q"']
    assert [row["original_title"] for row in found.values()] == [None, "a|b", ""]
    assert counts_of(result) == (3, 3, 0)


@pytest.mark.parametrize(
    ("start", "end", "last"),
    [("\ufeff", "\n", "\n"), ("", "\r\n", "\r\n"), ("", "\n", ""), ("\ufeff", "\r\n", "")],
    ids=["BOM", "CRLF", "no final newline", "all three"],
)
def test_a_text_file_of_any_system_is_read(folder: ProjectFolder, start: str, end: str, last: str) -> None:
    lines = [MOVIES_HEADER, film("tt1", tituloPincipal="Três", titulosMaisConhecidos="tt5"), film("tt2")]
    result = read_bytes(folder, (start + end.join(lines) + last).encode())
    found = films_of(folder, result)
    assert [(row["title"], counts_of(result)) for row in found.values()] == [("Três", (2, 2, 0)), (None, (2, 2, 0))]
    assert [row["known_for"] for row in rows_of(folder, result, "trusted.credits")][:2] == ["tt5", None]


@pytest.mark.parametrize(("encoding", "delimiter", "null"), [("latin-1", ";", "NA"), ("utf-16", "\t", "?")])
def test_encoding_delimiter_and_unknown_are_settings(
    folder: ProjectFolder, encoding: str, delimiter: str, null: str
) -> None:
    more = f"path = 'movies.csv'\nencoding = '{encoding}'\ndelimiter = '{delimiter}'\nnull = '{null}'"
    toml = folder.path / "lake.toml"
    toml.write_text(toml.read_text().replace('path = "movies.csv"', more))
    lines = [MOVIES_HEADER, film("tt1", tituloPincipal="Amélie", notaMedia="8.3"), film("tt2", numeroVotos="x")]
    text = "\n".join(lines).replace("|", delimiter).replace(r"\N", null)
    result = read_bytes(folder, text.encode(encoding))
    assert [(row["title"], row["votes"]) for row in films_of(folder, result).values()] == [("Amélie", None)]
    assert [(row["line"], row["column"]) for row in rejects_of(folder, result)] == [(3, "numeroVotos")]


def test_an_empty_string_is_text_and_the_null_mark_is_unknown(folder: ProjectFolder) -> None:
    result = read_lines(folder, film("tt1", profissao="", tituloPincipal=""), film("tt2"))
    told = rows_of(folder, result, "trusted.credits", order="imdb_id")
    assert [row["professions"] for row in told if row["kind"] == "film"] == ["", None]
    assert [row["title"] for row in films_of(folder, result).values()] == ["", None]


ANY_TEXT = st.text(
    st.sampled_from('|"\n\\N,;\t \u2028\x85é') | st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]),
    max_size=30,
)
FIELD = st.none() | (ANY_TEXT | ANY_TEXT.map(lambda text: text.replace("\n", "\r\n"))).filter(
    lambda text: text != r"\N"
)
ARTIST = {
    "generoArtista": "category",
    "personagem": "character",
    "nomeArtista": "artist",
    "profissao": "professions",
    "titulosMaisConhecidos": "known_for",
}


@settings(max_examples=40, deadline=None)
@given(records=st.lists(st.fixed_dictionaries(dict.fromkeys(["tituloPincipal", "tituloOriginal", *ARTIST], FIELD))))
def test_whatever_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str | None]]
) -> None:
    folder = ProjectFolder(tmp_path_factory.mktemp("project"))
    folder.write_small()
    write_with_csv(folder.path / "movies.csv", records)
    result = land_and_build(folder)
    told = [row for row in rows_of(folder, result, "trusted.credits", order="row_number") if row["kind"] == "film"]
    assert rejects_of(folder, result) == []
    assert [{name: row[column] for name, column in ARTIST.items()} for row in told] == [
        {name: record[name] for name in ARTIST} for record in records
    ]
    found = films_of(folder, result)
    assert [
        (found[f"tt{number}"]["title"], found[f"tt{number}"]["original_title"]) for number in range(len(records))
    ] == [(record["tituloPincipal"], record["tituloOriginal"]) for record in records]


def write_with_csv(path: Path, records: list[dict[str, str | None]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval=r"\N", delimiter="|", lineterminator="\n")
        writer.writeheader()
        for number, record in enumerate(records):
            told = {name: r"\N" if text is None else text for name, text in record.items()}
            writer.writerow({"id": f"tt{number}", **told})


def test_a_header_in_large_letters_is_told_by_what_was_meant(folder: ProjectFolder) -> None:
    folder.write_csv("movies.csv", [film("tt1")], header=MOVIES_HEADER.upper())
    with pytest.raises(DataError) as raised:
        land_and_build(folder)
    assert "is 'ID' meant to be 'id'?" in raised.value.hint
