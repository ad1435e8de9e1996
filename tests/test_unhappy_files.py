"""Files as people really have them: what is read of each, what is rejected and why, and what stops the build."""

import re
from pathlib import Path

import pytest

from cinelake import CinelakeError, ExitCode, build_tables
from cinelake.engine.contract import MOVIES
from cinelake.engine.duckdb import DuckDB
from cinelake.lake import Event
from projects import DATE, ProjectFolder
from tables import counts_of, film, films_of, land, land_and_build, rejects_of, rows_of
from unhappy import CASES, MINUTES, RATING, TITLE, VOTES, YEAR, UnhappyFile, readable

KEY = "Raw/Local/CSV/Movies/2022/05/02/movies.csv"
TRUSTED = {
    TITLE: "title",
    YEAR: "start_year",
    MINUTES: "runtime_minutes",
    RATING: "rating",
    VOTES: "votes",
}
"""Where a column of the contract goes."""
BY_NAME = {case.name: case for case in CASES}


def lay_out(folder: ProjectFolder, case: UnhappyFile) -> None:
    """Puts the case's file and its settings into a project."""
    folder.write_settings(build="" if case.max_rejected is None else f"max_rejected = {case.max_rejected}")
    toml = folder.path / "lake.toml"
    told = f'path = "movies.csv"\n{case.source}'
    toml.write_text(toml.read_text(encoding="utf-8").replace('path = "movies.csv"', told), encoding="utf-8")
    folder.path.joinpath("movies.csv").write_bytes(case.data)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in readable()])
def test_a_file_is_read_as_far_as_it_can_be(folder: ProjectFolder, case: UnhappyFile) -> None:
    lay_out(folder, case)
    land(folder)
    events: list[Event] = []
    result = build_tables(*folder.open(), on_event=events.append)

    films = films_of(folder, result)
    credited = [row for row in rows_of(folder, result, "trusted.credits", order="row_number") if row["kind"] == "film"]
    assert [
        (row["imdb_id"], *(films[row["imdb_id"]][TRUSTED[column]] for column in case.columns)) for row in credited
    ] == list(case.rows)

    rejects = rejects_of(folder, result)
    assert [(row["line"], row["column"]) for row in rejects] == [(line, column) for line, column, _ in case.rejects]
    for row, (line, column, reason) in zip(rejects, case.rejects, strict=True):
        assert reason in row["reason"]
        assert row["reason"].startswith(column or "")
        assert (row["dataset"], row["source_key"]) == ("Movies", KEY)
        assert row["text"] == text_at(case, line, row["text"])
    assert counts_of(result) == (len(case.rows) + len(rejects), len(case.rows), len(rejects))

    told = [event.message for event in events if "columns that no table keeps" in event.message]
    if case.ignored:
        assert told == [f"{KEY} has columns that no table keeps: {', '.join(case.ignored)}"]


def text_at(case: UnhappyFile, line: int, text: str) -> str:
    """As much of the file from a line on as a text has, which must be whole lines or 200 letters."""
    whole = case.data.decode({"utf-8": "utf-8-sig", "latin-1": "cp1252"}.get(case.encoding, case.encoding), "replace")
    starts = [0, *(found.end() for found in re.finditer("\r\n|\n|\r", whole))]
    found = whole[starts[line - 1] :]
    assert len(text) == 200 or re.match("\r|\n|$", found[len(text) :])
    return found[: len(text)]


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name) for case in CASES if case.exit_code is not ExitCode.DONE]
)
def test_a_file_that_cannot_be_read_stops_the_build_in_words(folder: ProjectFolder, case: UnhappyFile) -> None:
    lay_out(folder, case)
    with pytest.raises(CinelakeError) as caught:
        land_and_build(folder)
    assert caught.value.exit_code is case.exit_code
    words = f"{caught.value.what} {caught.value.hint}"
    named = KEY if case.exit_code is ExitCode.DATA else "movies.csv"
    assert [word for word in (named, *case.error) if word not in words] == []
    assert not folder.path.joinpath("lake/_manifests/build").exists()


def test_all_files_are_read_at_once_as_each_alone(tmp_path: Path) -> None:
    cases = list(readable())
    files = [case.write(tmp_path) for case in cases]
    work = tmp_path / "work"
    work.mkdir()
    engine = DuckDB(work, memory="1GB")
    try:
        rows = engine.read_csv("Movies", MOVIES, files).rows
        assert rows == sum(len(case.rows) + len(case.rejects) for case in cases)
        ids = dict(
            engine.query("SELECT source_key, LIST(id ORDER BY position) FROM raw.movies GROUP BY source_key").rows
        )
        lost = dict(
            engine.query("SELECT source_key, LIST(line ORDER BY line) FROM raw.rejects GROUP BY source_key").rows
        )
    finally:
        engine.close()
    for case, file in zip(cases, files, strict=True):
        assert ids.get(file.key, []) == [row[0] for row in case.rows], case.name
        assert lost.get(file.key, []) == [line for line, _, _ in case.rejects], case.name
    assert [path for path in work.rglob("*") if path.is_file()] == []


def test_no_two_cases_have_one_name() -> None:
    assert len(BY_NAME) == len(CASES)


@pytest.mark.parametrize(
    "name", ["a renamed column", '"open in the middle', "max_rejected by default: 1 of 99", "UTF-16 without a BOM"]
)
def test_the_command_line_tells_what_is_wrong_with_a_file(folder: ProjectFolder, name: str) -> None:
    case = BY_NAME[name]
    lay_out(folder, case)
    assert folder.cinelake("land", "--date", DATE).returncode == 0
    ended = folder.cinelake("build", "--date", DATE)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert [word for word in case.error if word not in ended.stderr] == []
    assert "Traceback" not in ended.stderr
    assert {path.name for path in folder.path.joinpath("lake").iterdir()} == {"Raw", "_manifests"}
    assert not folder.path.joinpath("lake/_manifests/build").exists()


def test_a_mended_file_is_built_after_one_that_was_refused(folder: ProjectFolder) -> None:
    lay_out(folder, BY_NAME["a renamed column"])
    with pytest.raises(CinelakeError):
        land_and_build(folder)
    folder.write_csv("movies.csv", [film("tt1")])
    assert counts_of(land_and_build(folder)) == (1, 1, 0)
