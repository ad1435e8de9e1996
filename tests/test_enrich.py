"""Titles → TMDB records → Raw/TMDB, from a snapshot."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cinelake import (
    ConfigurationError,
    DataError,
    EnrichOptions,
    Event,
    ask_questions,
    build_tables,
    enrich_titles,
    verify_lake,
)
from projects import DATE, SERIES_HEADER, SMALL_TMDB, ProjectFolder
from tables import build, enrich, files_of, film, land, make_all, one_series, rows_of

FILM, OTHER_FILM, SERIES = SMALL_TMDB
PREFIX = {"film": "Raw/TMDB/JSON/Movies/2022/05/02/", "series": "Raw/TMDB/JSON/Series/2022/05/02/"}


@pytest.fixture
def landed(folder: ProjectFolder) -> ProjectFolder:
    land(folder)
    return folder


def write(folder: ProjectFolder, text: str | bytes, name: str = "tmdb.jsonl") -> None:
    path = folder.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def point_to(folder: ProjectFolder, snapshot: str | Path, genres: Sequence[str] = ("Drama", "Romance")) -> None:
    analysis = f"genres = {json.dumps(list(genres))}"
    folder.write_settings(tmdb=f"source = 'snapshot'\nsnapshot = '{snapshot}'", analysis=analysis)


def tmdb_files(folder: ProjectFolder) -> dict[str, str]:
    return {key: data.decode() for key, data in files_of(folder).items() if key.startswith("Raw/TMDB/")}


def records_in_lake(folder: ProjectFolder) -> list[Mapping[str, Any]]:
    return [record for _, text in sorted(tmdb_files(folder).items()) for record in json.loads(text)]


def names_in_lake(folder: ProjectFolder) -> list[str]:
    return sorted(record.get("title") or record["name"] for record in records_in_lake(folder))


# Where records cannot come from


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{json.dumps(FILM)}\n{{\n", "tmdb.jsonl, line 2"),
        (f"{json.dumps(FILM)}\n\n{json.dumps(OTHER_FILM)[:-5]}\n", "tmdb.jsonl, line 3"),
        ('{"id": 1, "imdb_id": "tt99000001", "popularity": NaN}', "tmdb.jsonl, line 1, is no TMDB record: NaN"),
        ('{"id": 1, "imdb_id": "tt99000001", "popularity": -Infinity}', "-Infinity is no JSON"),
        (f"{json.dumps(FILM)}\n42\n", "line 2, is no TMDB record: a record must be an object"),
        (f"[\n{json.dumps(FILM)},\n[1]\n]", "line 3, is no TMDB record: a record must be an object"),
        (f"[{json.dumps(FILM)},\n", "tmdb.jsonl"),
        (f"[{json.dumps(FILM)}] more", "tmdb.jsonl, line 1"),
        (json.dumps(FILM).encode("utf-16"), "tmdb.jsonl is not UTF-8"),
        (json.dumps(FILM).replace("One", "\\ud83c"), "tmdb.jsonl, line 1"),
        (f'{{"imdb_id": "tt99000001", "x": {"[" * 5000 + "]" * 5000}}}', "tmdb.jsonl, line 1"),
    ],
    ids=[
        "broken line",
        "cut line",
        "NaN",
        "Infinity",
        "a number",
        "array in array",
        "open array",
        "text after array",
        "UTF-16",
        "half a character",
        "too deep",
    ],
)
def test_a_broken_snapshot_is_refused_by_file_and_line(landed: ProjectFolder, text: str | bytes, said: str) -> None:
    write(landed, text)
    before = files_of(landed)
    with pytest.raises(DataError) as caught:
        enrich(landed)
    assert said in caught.value.what
    assert files_of(landed) == before


@pytest.mark.parametrize("snapshot", ["absent.jsonl", "absent/*.json", "/absent/tmdb.jsonl", "empty"])
def test_a_snapshot_that_is_not_there_is_told(landed: ProjectFolder, snapshot: str) -> None:
    landed.path.joinpath("empty").mkdir()
    point_to(landed, snapshot)
    with pytest.raises(ConfigurationError, match=f"the snapshot {snapshot}".replace("*", r"\*")) as caught:
        enrich(landed)
    assert "tmdb.snapshot" in caught.value.hint


def test_without_titles_in_the_lake_there_is_nothing_to_look_up(folder: ProjectFolder) -> None:
    with pytest.raises(ConfigurationError, match="there is no lake"):
        enrich(folder)
    land(folder, "2022-05-03")
    with pytest.raises(ConfigurationError, match="nothing was landed"):
        enrich(folder, "2022-05-02")


def test_off_is_skipped_and_says_so(landed: ProjectFolder) -> None:
    landed.write_settings(tmdb='source = "off"')
    before = files_of(landed)
    result = enrich(landed)
    assert (result.status, result.asked, result.objects) == ("unchanged", 0, ())
    assert '"off"' in str(result.note)
    assert files_of(landed) == before


def test_a_dry_run_writes_nothing(landed: ProjectFolder) -> None:
    before = files_of(landed)
    result = enrich_titles(*landed.open(), EnrichOptions(dry_run=True))
    assert (result.status, result.found, {item.action for item in result.objects}) == ("planned", 3, {"planned"})
    assert files_of(landed) == before
    assert {item.key for item in enrich(landed).objects} == {item.key for item in result.objects}


# Which files are read


SHAPES = {
    "lines": lambda records: "".join(json.dumps(each) + "\n" for each in records),
    "lines with blank ones": lambda records: "\n\r\n".join(json.dumps(each) for each in records),
    "array": lambda records: json.dumps(records),
    "pretty array": lambda records: f"\n  {json.dumps(records, indent=2)}\n",
    "pretty objects": lambda records: "\n".join(json.dumps(each, indent=2) for each in records),
    "BOM": lambda records: "\ufeff" + json.dumps(records),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_lines_and_arrays_are_read(landed: ProjectFolder, shape: str) -> None:
    write(landed, SHAPES[shape](SMALL_TMDB))
    assert enrich(landed).found == 3
    assert sorted(records_in_lake(landed), key=lambda record: int(record["id"])) == SMALL_TMDB


@pytest.mark.parametrize(
    "snapshot", ["saved", "saved/*.json*", "{path}/saved", "{path}/saved/*.jsonl", "s*d/[ab].jsonl"]
)
def test_a_folder_a_glob_and_an_absolute_path_are_read(landed: ProjectFolder, snapshot: str) -> None:
    for name, record in zip(("a.jsonl", "b.jsonl"), (FILM, OTHER_FILM), strict=True):
        write(landed, json.dumps(record), f"saved/{name}")
    write(landed, "no JSON", "saved/readme.txt")
    point_to(landed, snapshot.format(path=landed.path))
    assert enrich(landed).found == 2


def test_the_later_record_of_a_snapshot_counts(landed: ProjectFolder) -> None:
    landed.write_records("tmdb.jsonl", [FILM, {**FILM, "popularity": 2.5}])
    assert enrich(landed).found == 1
    assert [record["popularity"] for record in records_in_lake(landed)] == [2.5]


# What is landed


def test_a_landed_body_has_every_letter_of_its_source(landed: ProjectFolder) -> None:
    body = (
        '{ "id":1 ,"imdb_id":"tt99000001","popularity": 12.3456789012345678901, "revenue": 12345678901234567890123,'
        '\t"title":"\\u00c9t\\u00e9 \\ud83c\\udfac é\\/", "vote_average": 6.10, "budget": 1e3, "x": [1,  2]}'
    )
    write(landed, f"[{body}]")
    enrich(landed)
    [text] = tmdb_files(landed).values()
    assert text == f"[\n{body}\n]\n"


def test_every_file_is_an_array_of_at_most_a_hundred_at_its_key(folder: ProjectFolder) -> None:
    films = [film(f"tt{number}", genero="Drama", numeroVotos=str(number)) for number in range(205)]
    folder.write_csv("movies.csv", films)
    records = [{"id": number, "imdb_id": f"tt{number}", "title": str(number)} for number in range(205)]
    folder.write_records("tmdb.jsonl", [*records, SERIES])
    land(folder)
    result = enrich(folder)
    assert [item.records for item in result.objects] == [100, 100, 5, 1]
    assert result.objects[3].key.startswith(PREFIX["series"])
    arrays = [json.loads(tmdb_files(folder)[item.key]) for item in result.objects[:3]]
    assert all(item.key.startswith(PREFIX["film"]) for item in result.objects[:3])
    most_voted_first = [record["id"] for array in arrays for record in array]
    assert most_voted_first == list(reversed(range(205)))


def test_only_titles_of_the_genres_are_looked_up(landed: ProjectFolder) -> None:
    point_to(landed, "tmdb.jsonl", ["Romance"])
    result = enrich(landed)
    assert (result.asked, result.found, result.missing, result.fresh) == (2, 1, 1, 0)
    assert names_in_lake(landed) == ["Two"]


def test_a_series_is_found_by_its_external_ids_alone(landed: ProjectFolder) -> None:
    as_film = {"id": 9, "imdb_id": "tt99500001", "title": "A film", "popularity": 1.0}
    landed.write_records("tmdb.jsonl", [as_film])
    assert enrich(landed).found == 0
    landed.write_records("tmdb.jsonl", [SERIES, as_film, {**SERIES, "external_ids": None}])
    assert enrich(landed).found == 1
    assert [key.rpartition("/")[0] + "/" for key in tmdb_files(landed)] == [PREFIX["series"]]
    assert names_in_lake(landed) == ["Uma"]


def test_a_series_record_for_a_films_id_is_not_taken(landed: ProjectFolder) -> None:
    landed.write_records("tmdb.jsonl", [{"id": 9, "name": "A series", "external_ids": {"imdb_id": "tt99000001"}}])
    assert enrich(landed).found == 0


def test_an_id_of_both_kinds_gets_a_record_for_each(folder: ProjectFolder) -> None:
    folder.write_csv("series.csv", [one_series("tt99000001", genero="Drama")], header=SERIES_HEADER)
    folder.write_records("tmdb.jsonl", [FILM, {**SERIES, "external_ids": {"imdb_id": "tt99000001"}}])
    result = make_all(folder)
    told = {row["kind"]: row["tmdb_id"] for row in rows_of(folder, result, "trusted.tmdb")}
    assert told == {"film": 1, "series": 3}


# Again


def test_a_second_enrichment_lands_nothing(landed: ProjectFolder) -> None:
    first = enrich(landed)
    before = files_of(landed)
    for date in (DATE, "2022-06-01"):
        again = enrich(landed, date)
        assert (again.status, again.found, again.fresh, again.missing) == ("unchanged", 0, 3, first.missing)
        assert (again.objects, again.manifest) == ((), None)
    assert files_of(landed) == before


def test_a_changed_record_of_the_same_day_is_landed_beside_the_old(landed: ProjectFolder) -> None:
    enrich(landed)
    before = tmdb_files(landed)
    landed.write_records("tmdb.jsonl", [{**FILM, "popularity": 2.5}, OTHER_FILM, SERIES])
    result = enrich(landed)
    assert (result.found, result.fresh) == (1, 2)
    assert before.items() <= tmdb_files(landed).items()
    assert enrich(landed).status == "unchanged"


def test_more_genres_later_land_the_new_titles_alone(landed: ProjectFolder) -> None:
    point_to(landed, "tmdb.jsonl", ["Romance"])
    enrich(landed)
    point_to(landed, "tmdb.jsonl", ["Romance", "Comedy"])
    result = enrich(landed, "2022-05-03")
    assert (result.found, result.fresh) == (1, 1)
    assert names_in_lake(landed) == ["One", "Two"]


def test_an_object_deleted_by_hand_is_landed_again(landed: ProjectFolder) -> None:
    [films, _] = sorted(item.key for item in enrich(landed).objects)
    before = tmdb_files(landed)
    landed.path.joinpath("lake", films).unlink()
    result = enrich(landed)
    assert (result.found, result.fresh, [item.key for item in result.objects]) == (2, 1, [films])
    assert tmdb_files(landed) == before


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data.replace(b"One", b"0ne")])
def test_an_object_changed_by_hand_is_landed_again(landed: ProjectFolder, damage: Callable[[bytes], bytes]) -> None:
    [films, _] = sorted(item.key for item in enrich(landed).objects)
    before = tmdb_files(landed)
    path = landed.path / "lake" / films
    path.write_bytes(damage(path.read_bytes()))
    result = enrich(landed)
    assert (result.status, result.found, [item.key for item in result.objects]) == ("done", 2, [films])
    assert tmdb_files(landed) == before
    assert [key for key in files_of(landed) if key.startswith(f"_replaced/{films}/")]
    build(landed)
    ask_questions(*landed.open())
    assert verify_lake(*landed.open()).status == "done"
    assert enrich(landed).status == "unchanged"


def test_a_build_leaves_an_object_out_that_was_changed_by_hand_and_says_what_to_do(landed: ProjectFolder) -> None:
    [films, _] = sorted(item.key for item in enrich(landed).objects)
    path = landed.path / "lake" / films
    path.write_bytes(path.read_bytes()[:-1])
    events: list[Event] = []
    result = build_tables(*landed.open(), on_event=events.append)
    [warning] = [event.message for event in events if event.kind == "warning"]
    assert films in warning
    assert "cinelake enrich" in warning
    assert [row["tmdb_id"] for row in rows_of(landed, result, "trusted.tmdb")] == [3]


def test_a_lake_that_was_copied_holds_what_it_held(landed: ProjectFolder) -> None:
    enrich(landed)
    first = build(landed)
    shutil.copytree(landed.path / "lake", landed.path / "copy")
    shutil.rmtree(landed.path / "lake")
    landed.path.joinpath("copy").rename(landed.path / "lake")
    assert enrich(landed).status == "unchanged"
    again = build(landed)
    assert (again.status, again.manifest) == ("unchanged", first.manifest)


def test_a_record_that_left_the_snapshot_stays_in_the_lake(landed: ProjectFolder) -> None:
    enrich(landed)
    landed.write_records("tmdb.jsonl", [SERIES])
    result = enrich(landed)
    assert (result.status, result.fresh) == ("unchanged", 3)
    assert names_in_lake(landed) == ["One", "Two", "Uma"]


def test_a_snapshot_of_more_titles_than_are_landed_at_once_is_landed_whole(
    folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cinelake.enrich.snapshot.Snapshot.batch_titles", 2)
    land(folder)
    result = enrich(folder)
    assert (result.status, result.found, result.missing) == ("done", 3, 1)
    assert len(list(folder.path.glob("lake/_manifests/enrich/**/*.json"))) > 1
    assert enrich(folder).status == "unchanged"
    assert len(rows_of(folder, build(folder), "trusted.tmdb")) == 3
