"""What is refused before or in a run over a folder lake: in which words, and that nothing is left half-done."""

import json
import re
from pathlib import Path

import pytest

from conftest import missing
from projects import DATE, MOVIES_HEADER, SERIES_HEADER, SMALL_MOVIES, SMALL_SERIES, SMALL_TMDB, Place, ProjectFolder
from refusals import as_ordinary_user, files_below, refusal, refusal_in, refusal_in_words

SOURCE = '[[source]]\ndataset = "{0}"\npath = "{1}"\n'


# Source files that cannot be landed


def test_a_missing_file_is_named_and_nothing_is_made(folder: ProjectFolder) -> None:
    folder.path.joinpath("series.csv").unlink()
    before = files_below(folder.path)
    told = refusal(folder, "run", code=2)
    assert "series.csv is missing" in told.what
    assert "movies.csv" not in told.what
    assert str(folder.path) in told.hint
    assert files_below(folder.path) == before


def test_files_that_are_missing_are_all_named_also_without_json(folder: ProjectFolder) -> None:
    folder.path.joinpath("movies.csv").unlink()
    folder.path.joinpath("series.csv").unlink()
    before = files_below(folder.path)
    ended = folder.cinelake("run")
    assert ended.stdout == ""
    assert "movies.csv is missing; series.csv is missing" in refusal_in_words(ended, code=2).what
    assert files_below(folder.path) == before


def test_an_empty_file_is_refused_before_anything_is_made(folder: ProjectFolder) -> None:
    folder.path.joinpath("movies.csv").write_bytes(b"")
    assert "movies.csv is empty" in refusal(folder, "run", code=2).what
    assert not folder.path.joinpath("lake").exists()


def test_a_folder_in_a_file_s_place_is_refused(folder: ProjectFolder) -> None:
    folder.path.joinpath("movies.csv").unlink()
    folder.path.joinpath("movies.csv").mkdir()
    assert "movies.csv is a folder" in refusal(folder, "run", code=2).what
    assert not folder.path.joinpath("lake").exists()


def test_a_file_that_may_not_be_read_is_refused(folder: ProjectFolder) -> None:
    folder.path.joinpath("series.csv").chmod(0)
    ended = as_ordinary_user(folder, "run", "--json")
    if ended is None:
        missing("the tests run as root and setpriv cannot give its privileges up")
    assert "series.csv may not be read" in refusal_in(ended, code=2).what
    assert not folder.path.joinpath("lake").exists()


def test_a_file_that_cannot_be_opened_is_refused_with_the_reason(folder: ProjectFolder) -> None:
    folder.path.joinpath("movies.csv").unlink()
    folder.path.joinpath("movies.csv").symlink_to("movies.csv")
    assert "movies.csv cannot be read: Too many levels of symbolic links" in refusal(folder, "run", code=2).what


def test_two_files_of_one_key_are_both_named(folder: ProjectFolder) -> None:
    folder.path.joinpath("old").mkdir()
    folder.write_csv("old/movies.csv", SMALL_MOVIES)
    folder.write_settings(more=SOURCE.format("Movies", "old/movies.csv"))
    told = refusal(folder, "run", "--date", DATE, code=2)
    assert "movies.csv and old/movies.csv" in told.what
    assert "Raw/Local/CSV/Movies/2022/05/02/movies.csv" in told.what
    assert not folder.path.joinpath("lake").exists()


def test_a_project_without_a_source_shows_how_to_write_one(folder: ProjectFolder) -> None:
    folder.path.joinpath("lake.toml").write_text("[lake]\n", encoding="utf-8")
    told = refusal(folder, "run", code=2)
    assert "[[source]]" in told.what
    assert 'path = "movies.csv"' in told.hint


# TMDB records that are not there


@pytest.mark.parametrize(("source", "why"), [("off", '"off"'), ("api", "neither TMDB_TOKEN nor TMDB_API_KEY is set")])
def test_a_run_without_a_place_to_ask_goes_on_and_says_so(folder: ProjectFolder, source: str, why: str) -> None:
    folder.write_settings(tmdb=f'source = "{source}"')
    ended = folder.cinelake("run", "--date", DATE)
    assert ended.returncode == 0, ended.stderr
    assert re.search(rf"^enrich +unchanged +skipped: .*{why}", ended.stdout, re.MULTILINE)
    report = folder.path.joinpath("report/report.html").read_text(encoding="utf-8")
    assert "No TMDB record is in this lake" in report
    assert ("since neither TMDB_TOKEN nor TMDB_API_KEY is set" in report) is (source == "api")
    stages = {stage["stage"]: stage for stage in folder.document("run", "--date", DATE)["stages"]}
    assert why in stages["enrich"]["note"]
    assert stages["enrich"]["asked"] == 0


def test_the_api_asked_by_itself_says_where_to_get_a_token(folder: ProjectFolder) -> None:
    folder.write_settings(tmdb='source = "api"')
    told = refusal(folder, "enrich", code=4)
    assert "neither TMDB_TOKEN nor TMDB_API_KEY is set" in told.what
    assert "https://www.themoviedb.org/settings/api" in told.hint


def test_a_missing_snapshot_is_named_with_its_setting(folder: ProjectFolder) -> None:
    folder.path.joinpath("tmdb.jsonl").unlink()
    told = refusal(folder, "run", "--date", DATE, code=2)
    assert "snapshot tmdb.jsonl is missing" in told.what
    assert "tmdb.snapshot" in told.hint
    assert not folder.path.joinpath("lake").exists()


@pytest.mark.parametrize("line", ['{"id": 2, "imdb_id"', '"tt99000002"'])
def test_a_broken_line_of_the_snapshot_is_named(folder: ProjectFolder, line: str) -> None:
    whole = json.dumps(SMALL_TMDB[0])
    folder.path.joinpath("tmdb.jsonl").write_text(f"{whole}\n{line}\n{whole}\n", encoding="utf-8")
    told = refusal(folder, "run", "--date", DATE, code=3)
    assert "tmdb.jsonl, line 2, is no TMDB record" in told.what
    assert_only_whole_landings(folder)


# Files that break their contract


def test_a_column_with_another_name_is_named_with_the_one_that_was_meant(folder: ProjectFolder) -> None:
    folder.write_csv("movies.csv", SMALL_MOVIES, header=MOVIES_HEADER.replace("notaMedia", "notasMedias"))
    told = refusal(folder, "run", "--date", DATE, code=3)
    assert "Movies/2022/05/02/movies.csv lacks the column notaMedia" in told.what
    assert "is 'notasMedias' meant to be 'notaMedia'?" in told.hint
    assert_only_whole_landings(folder)


def test_a_file_of_another_delimiter_is_told_to_look_there(folder: ProjectFolder) -> None:
    rows = [row.replace("|", ";") for row in SMALL_SERIES]
    folder.write_csv("series.csv", rows, header=SERIES_HEADER.replace("|", ";"))
    told = refusal(folder, "run", "--date", DATE, code=3)
    assert "series.csv lacks the columns id, " in told.what
    assert "delimiter" in told.hint


# Commands that come too early


@pytest.mark.parametrize("command", ["enrich", "build", "ask", "report"])
def test_a_command_before_there_is_a_lake_names_the_one_that_makes_it(folder: ProjectFolder, command: str) -> None:
    before = files_below(folder.path)
    told = refusal(folder, command, code=2)
    assert "there is no lake at" in told.what
    assert "cinelake land" in told.hint
    assert files_below(folder.path) == before


@pytest.mark.parametrize("command", ["enrich", "build"])
def test_a_command_before_anything_was_landed_names_the_landing(folder: ProjectFolder, command: str) -> None:
    folder.path.joinpath("lake").mkdir()
    assert "cinelake land" in refusal(folder, command, code=2).hint
    assert files_below(folder.path / "lake") == {}


def test_a_question_or_report_before_anything_was_built_names_the_build(folder: ProjectFolder) -> None:
    folder.document("land", "--date", DATE)
    before = files_below(folder.path)
    for command in ("ask", "report"):
        told = refusal(folder, command, code=2)
        assert "nothing was built" in told.what
        assert "cinelake build" in told.hint
    assert "later --date" in refusal(folder, "build", "--date", "2022-05-01", code=2).hint
    assert files_below(folder.path) == before


def test_verify_without_a_lake_fails_and_names_the_landing(folder: ProjectFolder) -> None:
    ended = folder.cinelake("verify", "--json")
    assert ended.returncode == 1
    [check] = json.loads(ended.stdout)["checks"]
    assert (check["name"], check["ok"]) == ("lake", False)
    assert "cinelake land" in check["detail"]
    assert "Traceback" not in ended.stderr
    assert not folder.path.joinpath("lake").exists()


# Folders that cannot be a lake


def test_a_folder_lake_that_may_not_be_written_is_refused(folder: ProjectFolder) -> None:
    lake = folder.path / "lake"
    lake.mkdir()
    lake.chmod(0o555)
    ended = as_ordinary_user(folder, "run", "--json")
    lake.chmod(0o755)
    if ended is None:
        missing("the tests run as root and setpriv cannot give its privileges up")
    told = refusal_in(ended, code=4)
    assert "permission denied" in told.what
    assert files_below(lake) == {}


@pytest.mark.parametrize("path", ["movies.csv", "movies.csv/lake"])
@pytest.mark.parametrize(("command", "words"), [("run", "a file stands where"), ("build", "no lake")])
def test_a_file_in_the_lake_s_place_is_refused_and_kept(
    folder: ProjectFolder, path: str, command: str, words: str
) -> None:
    before = files_below(folder.path)
    told = refusal(folder, command, code=2, place=Place.in_folder(folder.path / path))
    assert words in told.what
    assert "movies.csv" in told.what
    assert files_below(folder.path) == before


def assert_only_whole_landings(folder: ProjectFolder) -> None:
    """Raw holds the two files as they are, and nothing else but their manifest is in the lake."""
    lake = folder.path / "lake"
    objects = {key: data for key, data in files_below(lake).items() if data is not None}
    landed = {f"Raw/Local/CSV/{name.title()}/2022/05/02/{name}.csv": name for name in ("movies", "series")}
    assert {key for key in objects if not key.startswith("_manifests/land/")} == set(landed)
    for key, name in landed.items():
        assert objects[key] == Path(folder.path, f"{name}.csv").read_bytes()
