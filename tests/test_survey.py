"""What lies in the lake, by layer, dataset and date: counted from listings and manifests, on every kind of store."""

import json
import re
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cinelake import ConfigurationError, DataError, Entry, Run, SurveyOptions, expire_records, survey_lake
from cinelake.cli.contents import age_of
from projects import DATE, SMALL_MOVIES, Place, ProjectFolder
from tables import enrich, land, land_and_build, make_all
from terminals import on_terminal

LATER = "2022-05-03"
FIRST, SECOND = date(2022, 5, 2), date(2022, 5, 3)
MOVIES = "Raw/Local/CSV/Movies/2022/05/02/movies.csv"


def survey(folder: ProjectFolder, place: Place | None = None, **options: Any) -> Sequence[Entry]:
    return survey_lake(*folder.open(place), SurveyOptions(**options)).entries


def states(entries: Sequence[Entry], dataset: str) -> list[tuple[date | None, str, int, int | None]]:
    """Date, state, objects and rows of a dataset, in the order in which they are told."""
    return [(entry.date, entry.state, entry.objects, entry.rows) for entry in entries if entry.dataset == dataset]


# What is not there


def test_a_lake_that_is_not_there_is_told_as_ask_tells_it(folder: ProjectFolder, place: Place) -> None:
    for command in ("ls", "ask"):
        ended = folder.cinelake(command, "-q", place=place)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith(f"error: there is no lake at {place.uri}\n")


def test_an_empty_lake_is_no_error(folder: ProjectFolder) -> None:
    folder.path.joinpath("lake").mkdir()
    ended = folder.cinelake("ls", "-q")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "file:lake: no objects there; cinelake land brings files to Raw\n"
    assert folder.document("ls")["entries"] == []


@pytest.mark.parametrize(
    ("options", "what", "hint"),
    [
        ({"layer": "Rwa"}, "there is no layer Rwa", "did you mean Raw?"),
        ({"layer": "fact_title"}, "there is no layer fact_title", "layers are Raw, Trusted, Refined; --dataset names"),
        ({"dataset": "fact_titel"}, "there is no dataset or table fact_titel here", "did you mean fact_title?"),
        ({"layer": "Raw", "dataset": "titles"}, "there is no dataset or table titles here", "there are: Movies, Seri"),
    ],
)
def test_a_name_that_is_none_is_told_with_those_there_are(
    folder: ProjectFolder, options: dict[str, Any], what: str, hint: str
) -> None:
    make_all(folder)
    with pytest.raises(ConfigurationError) as caught:
        survey(folder, **options)
    assert caught.value.what == what
    assert caught.value.hint.startswith(hint)


def test_a_manifest_that_cannot_be_read_is_named(folder: ProjectFolder) -> None:
    result = land(folder)
    folder.path.joinpath("lake", result.manifest or "").write_text("{")
    with pytest.raises(DataError, match=f"manifest {result.manifest} cannot be read"):
        survey(folder)


# What is there


def test_every_object_of_the_layers_is_counted_with_its_bytes_and_rows(folder: ProjectFolder, place: Place) -> None:
    assert folder.cinelake("run", "--date", DATE, "-q", place=place).returncode == 0
    before = place.objects()
    objects = {key: data for key, data in before.items() if not key.startswith("_")}
    entries = survey(folder, place)
    assert {(entry.date, entry.state) for entry in entries} == {(FIRST, "counts")}
    found = {(entry.layer, entry.origin, entry.dataset): (entry.objects, entry.rows) for entry in entries}
    assert found == {
        ("Raw", "Local", "Movies"): (1, 4),
        ("Raw", "TMDB", "Movies"): (1, 2),
        ("Raw", "Local", "Series"): (1, 2),
        ("Raw", "TMDB", "Series"): (1, 1),
        ("Trusted", "Local", "contradictions"): (1, 0),
        ("Trusted", "Local", "credits"): (1, 6),
        ("Trusted", "Local", "rejects"): (1, 0),
        ("Trusted", "Local", "titles"): (1, 5),
        ("Trusted", "TMDB", "tmdb"): (1, 3),
        ("Refined", "", "bridge_title_genre"): (1, 6),
        ("Refined", "", "dim_genre"): (1, 3),
        ("Refined", "", "dim_title"): (1, 5),
        ("Refined", "", "fact_title"): (1, 5),
    }
    assert [entry.layer for entry in entries] == sorted(
        (entry.layer for entry in entries), key=["Raw", "Trusted", "Refined"].index
    )
    for entry in entries:
        below = f"/{entry.format}/{entry.dataset}/"
        mine = [
            data
            for key, data in objects.items()
            if f"/{key}".startswith(f"/{entry.layer}/{entry.origin}".rstrip("/") + below)
        ]
        assert (entry.objects, entry.bytes) == (len(mine), sum(map(len, mine)))
        assert abs(datetime.now(UTC) - entry.modified_at) < timedelta(minutes=10)
    assert sum(entry.objects for entry in entries) == len(objects)
    assert place.objects() == before


def test_rows_of_a_file_are_known_once_a_build_has_counted_them(folder: ProjectFolder) -> None:
    land(folder)
    assert states(survey(folder), "Movies") == [(FIRST, "counts", 1, None)]
    land_and_build(folder)
    assert states(survey(folder), "Movies") == [(FIRST, "counts", 1, 4)]
    folder.write_csv("movies.csv", SMALL_MOVIES[:2])
    land(folder)
    assert states(survey(folder), "Movies") == [(FIRST, "counts", 1, None)]


def test_no_object_but_manifests_is_read(folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    make_all(folder)
    expected = survey(folder)
    for path in (folder.path / "lake").rglob("*"):
        if path.is_file() and "_manifests" not in path.parts:
            before = path.stat()
            path.write_bytes(b"x" * before.st_size)
            assert path.stat().st_size == before.st_size
    again = survey(folder)
    assert [(entry.dataset, entry.bytes, entry.rows) for entry in again] == [
        (entry.dataset, entry.bytes, entry.rows) for entry in expected
    ]


# Which count


def test_the_newest_build_counts_and_those_of_earlier_dates_are_told_apart(folder: ProjectFolder) -> None:
    first = land_and_build(folder)
    folder.write_csv("movies.csv", SMALL_MOVIES[:2])
    second = land_and_build(folder, LATER)
    entries = survey(folder)
    assert states(entries, "titles") == [(SECOND, "counts", 1, 3), (FIRST, "earlier", 1, 5)]
    assert states(entries, "Movies") == [(SECOND, "counts", 1, 2), (FIRST, "earlier", 1, 4)]
    assert [entry.build for entry in entries if entry.dataset == "titles"] == [second.run.run_id, first.run.run_id]


def test_a_build_that_another_of_its_date_replaced_is_superseded(folder: ProjectFolder) -> None:
    old = land_and_build(folder)
    folder.write_csv("movies.csv", SMALL_MOVIES[:2])
    new = land_and_build(folder)
    entries = survey(folder)
    assert states(entries, "titles") == [(FIRST, "counts", 1, 3), (FIRST, "superseded", 1, 5)]
    assert [entry.build for entry in entries if entry.dataset == "titles"] == [new.run.run_id, old.run.run_id]
    assert states(entries, "Movies") == [(FIRST, "counts", 1, 2)]


def test_a_file_that_a_later_landing_of_its_date_left_out_is_superseded(folder: ProjectFolder) -> None:
    land(folder)
    folder.path.joinpath("movies.csv").rename(folder.path / "films.csv")
    settings = folder.path / "lake.toml"
    settings.write_text(settings.read_text().replace('"movies.csv"', '"films.csv"'))
    land(folder)
    assert states(survey(folder), "Movies") == [(FIRST, "counts", 1, None), (FIRST, "superseded", 1, None)]


def test_records_of_tmdb_of_every_date_count(folder: ProjectFolder) -> None:
    make_all(folder)
    land(folder, LATER)
    folder.write_records("tmdb.jsonl", [{"id": 9, "imdb_id": "tt99000003", "popularity": 1}])
    folder.write_settings(analysis='genres = ["Comedy"]')
    enrich(folder, LATER)
    found = [entry for entry in survey(folder) if entry.origin == "TMDB" and entry.layer == "Raw"]
    assert {entry.state for entry in found} == {"counts"}


def test_records_that_have_expired_are_gone(folder: ProjectFolder) -> None:
    make_all(folder)
    project, lake, _ = folder.open()
    expire_records(project, lake, Run.start(date(2023, 5, 2), now=datetime.now(UTC) + timedelta(days=400)))
    assert [entry for entry in survey(folder, layer="Raw") if entry.origin == "TMDB"] == []


def test_a_table_of_a_build_that_was_killed_is_untold(folder: ProjectFolder) -> None:
    result = land_and_build(folder)
    folder.path.joinpath("lake", result.manifest or "").unlink()
    entries = survey(folder, layer="Trusted")
    assert {(entry.state, entry.build, entry.rows) for entry in entries} == {("untold", None, None)}


def test_what_others_wrote_is_untold(folder: ProjectFolder, place: Place) -> None:
    assert folder.cinelake("land", "--date", DATE, "-q", place=place).returncode == 0
    if place.server is None:
        Path(place.name, "Raw/notes").mkdir()
    place.overwrite(MOVIES.replace("movies.csv", "theirs.csv"), b"abc")
    place.overwrite("Raw/notes/read.me", b"abcde")
    found = [(entry.dataset, entry.date, entry.bytes) for entry in survey(folder, place) if entry.state == "untold"]
    assert found == [("Movies", FIRST, 3), ("", None, 5)]


# Less of it


def test_a_layer_a_dataset_and_a_date_narrow_what_is_told(folder: ProjectFolder) -> None:
    make_all(folder)
    make_all(folder, LATER)
    everything = survey(folder)
    assert {entry.layer for entry in survey(folder, layer="refined")} == {"Refined"}
    assert {entry.dataset for entry in survey(folder, dataset="MOVIES")} == {"Movies"}
    assert {entry.date for entry in survey(folder, on=FIRST)} == {FIRST}
    assert survey(folder, on=date(2000, 1, 1)) == ()
    one = survey(folder, layer="Trusted", dataset="titles", on=SECOND)
    assert one == tuple(each for each in everything if (each.dataset, each.date) == ("titles", SECOND))


def test_keys_of_another_form_are_told_as_well(folder: ProjectFolder) -> None:
    folder.write_settings(lake='key = "{origin}/{layer}/{format}/{dataset}/{date:%Y-%m-%d}/{file}"')
    make_all(folder)
    assert states(survey(folder), "Movies")[0] == (FIRST, "counts", 1, 4)
    assert {entry.state for entry in survey(folder)} == {"counts"}


# As the program prints it


def test_json_is_one_document(folder: ProjectFolder) -> None:
    result = make_all(folder)
    told = folder.document("ls", "Refined", "--dataset", "dim_genre", "--date", DATE)
    assert re.fullmatch(r"\d{8}T\d{9}Z-[0-9a-f]{8}", told.pop("run_id"))
    [entry] = told["entries"]
    assert datetime.fromisoformat(entry.pop("modified_at")).tzinfo is not None
    [path] = (folder.path / "lake/Refined").rglob("dim_genre.parquet")
    assert told == {
        "stage": "ls",
        "processing_date": DATE,
        "lake": "file:lake",
        "status": "done",
        "entries": [
            {
                "layer": "Refined",
                "origin": "",
                "format": "Parquet",
                "dataset": "dim_genre",
                "date": DATE,
                "state": "counts",
                "build": result.run.run_id,
                "objects": 1,
                "rows": 3,
                "bytes": path.stat().st_size,
            }
        ],
    }


def test_a_table_a_layer_tells_what_the_states_mean(folder: ProjectFolder) -> None:
    land_and_build(folder)
    folder.write_csv("movies.csv", SMALL_MOVIES[:2])
    land_and_build(folder)
    lines = folder.cinelake("ls", "-q").stdout.splitlines()
    assert [line.partition(" (")[0] for line in lines if " objects, " in line] == ["Raw", "Trusted", "Refined"]
    titles = [line.split() for line in lines if line.startswith("titles ")]
    assert [(row[1], row[2], row[-1]) for row in titles] == [(DATE, "3", "counts"), (DATE, "5", "superseded")]
    assert lines[-1] == "superseded: another run of the same date took its place, and nothing reads it"
    assert not any(line.startswith(("earlier:", "untold:")) for line in lines)


@pytest.mark.parametrize("width", [120, 80, 40])
def test_no_line_is_wider_than_the_terminal(folder: ProjectFolder, width: int) -> None:
    make_all(folder)
    make_all(folder, LATER)
    lines = on_terminal(folder.path, width, "ls")
    assert max(map(len, lines)) <= width
    if width >= 80:
        assert all(state in " ".join(lines) for state in ("counts", "earlier"))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (172799, "47 h"),
        (172800, "2 days"),
        (400 * 86400, "400 days"),
    ],
)
def test_an_age_is_told_in_one_unit(seconds: float, told: str) -> None:
    assert age_of(seconds) == told


def test_a_folder_lake_is_told_without_what_a_bucket_or_an_engine_needs(folder: ProjectFolder) -> None:
    make_all(folder)
    shutil.rmtree(folder.path / ".cinelake", ignore_errors=True)
    ended = folder.cinelake("ls", "--json", "-q", variables={"PYTHONPROFILEIMPORTTIME": "1"})
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.stderr.splitlines()}
    assert json.loads(ended.stdout)["entries"]
    assert loaded & {"boto3", "botocore", "duckdb", "sqlglot", "rich", "jinja2"} <= {"rich"}
    assert not folder.path.joinpath(".cinelake").exists()
