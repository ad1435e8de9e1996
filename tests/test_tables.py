"""What Trusted and Refined hold, and what is kept of the records that break their contract."""

import json
import shutil
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from cinelake import BuildResult, DataError, Event, ExitCode, build_tables
from projects import DATE, MOVIES_HEADER, SERIES_HEADER, SMALL_MOVIES, SMALL_SERIES, SMALL_TMDB, ProjectFolder
from tables import build, counts_of, files_of, film, key_of, land, land_and_build, make_all, one_series, rows_of

GRAINS = {
    "trusted.titles": "kind, imdb_id",
    "trusted.credits": "source_key, row_number",
    "trusted.tmdb": "kind, imdb_id",
    "refined.dim_title": "kind, imdb_id",
    "refined.fact_title": "kind, imdb_id",
    "refined.dim_genre": "genre",
    "refined.bridge_title_genre": "kind, imdb_id, genre",
}


def fact_of(folder: ProjectFolder, result: BuildResult, imdb_id: str) -> dict[str, Any]:
    [row] = [row for row in rows_of(folder, result, "refined.fact_title") if row["imdb_id"] == imdb_id]
    return row


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("popularity", "high"),
        ("popularity", -1),
        ("budget", -1),
        ("budget", "much"),
        ("budget", True),
        ("revenue", 12.5),
        ("revenue", [1]),
        ("id", "x"),
        ("id", None),
    ],
)
def test_a_tmdb_record_with_a_wrong_field_is_rejected_alone(folder: ProjectFolder, field: str, value: object) -> None:
    folder.write_records("tmdb.jsonl", [{**SMALL_TMDB[0], field: value}, *SMALL_TMDB[1:]])
    result = make_all(folder)
    [row] = rows_of(folder, result, "trusted.rejects")
    assert (row["dataset"], row["column"]) == ("TMDB", field)
    assert row["reason"].startswith(f"{field} ")
    assert '"tt99000001"' in row["text"]
    assert row["source_key"].startswith("Raw/TMDB/JSON/Movies/2022/05/02/")
    assert [row["imdb_id"] for row in rows_of(folder, result, "trusted.tmdb")] == ["tt99000002", "tt99500001"]


def test_a_rejected_tmdb_record_is_accounted_for_wherever_rows_are(folder: ProjectFolder) -> None:
    folder.write_records("tmdb.jsonl", [{**SMALL_TMDB[0], "budget": "much"}, *SMALL_TMDB[1:]])
    assert "TMDB: 3 rows in = 2 out + 1 rejected" in folder.cinelake("run", "--date", DATE).stdout
    assert "are not counted: 1 of TMDB." in folder.path.joinpath("report/report.html").read_text(encoding="utf-8")
    told = folder.document("build", "--date", DATE)["sources"][-1]
    assert told == {"dataset": "TMDB", "rows_in": 3, "rows_out": 2, "rows_rejected": 1}
    checks = {check["name"]: check["detail"] for check in folder.document("verify")["checks"]}
    assert checks["rows of TMDB"] == "3 in, 2 out, 1 rejected"


def test_every_accepted_record_of_a_title_is_accounted_for(folder: ProjectFolder) -> None:
    make_all(folder)
    folder.write_records("tmdb.jsonl", [{**SMALL_TMDB[0], "popularity": 7.125}, *SMALL_TMDB[1:]])
    result = make_all(folder)
    assert counts_of(result, "TMDB") == (4, 4, 0)
    assert len(rows_of(folder, result, "trusted.tmdb")) == 3


def test_a_rejected_tmdb_record_has_the_line_that_it_starts_on(folder: ProjectFolder) -> None:
    records = [SMALL_TMDB[1], {**SMALL_TMDB[0], "popularity": "high"}]
    folder.path.joinpath("tmdb.jsonl").write_text(json.dumps(records, indent=2))
    result = make_all(folder)
    [row] = rows_of(folder, result, "trusted.rejects")
    lines = files_of(folder)[row["source_key"]].decode().split("\n")
    assert "\n".join(lines[row["line"] - 1 :]).startswith(row["text"])


def test_a_title_is_one_row_as_its_first_row_tells_it(folder: ProjectFolder) -> None:
    other = SMALL_MOVIES[0].replace("|One|One|", "|Another|One|")
    folder.write_csv("movies.csv", [*SMALL_MOVIES, *[other] * 5])
    result = make_all(folder)
    for name in ("trusted.titles", "refined.dim_title", "refined.fact_title"):
        assert [row["imdb_id"] for row in rows_of(folder, result, name)].count("tt99000001") == 1
    assert rows_of(folder, result, "refined.dim_title")[0]["title"] == "One"
    assert len(rows_of(folder, result, "trusted.credits")) == len(SMALL_MOVIES) + 5 + len(SMALL_SERIES)


def test_measures_stay_when_every_artist_row_is_doubled(folder: ProjectFolder) -> None:
    once = make_all(folder)
    folder.write_csv("movies.csv", [line for line in SMALL_MOVIES for _ in range(2)])
    folder.write_csv("series.csv", [*SMALL_SERIES, *SMALL_SERIES], header=SERIES_HEADER)
    twice = make_all(folder)
    assert twice.status == "done"
    for name in ("refined.fact_title", "refined.bridge_title_genre", "refined.dim_title"):
        assert rows_of(folder, twice, name) == rows_of(folder, once, name)


def test_values_have_their_types_and_unknowns_are_null(folder: ProjectFolder) -> None:
    result = make_all(folder)
    one, two, three, *_ = rows_of(folder, result, "trusted.titles", order="imdb_id")
    assert (one["genres"], one["rating"], one["start_year"]) == (["Comedy", "Drama"], Decimal("6.4"), 2001)
    assert (two["title"], two["votes"], two["end_year"]) == ('Two "2"', 300, None)
    unknown = ("start_year", "end_year", "runtime_minutes", "genres", "rating", "votes")
    assert [three[name] for name in unknown] == [None] * 6
    path = folder.path / "lake" / key_of(folder, result, "trusted.titles")
    with duckdb.connect() as connection:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    types = {name: told for name, told, *_ in described}
    assert (types["rating"], types["genres"]) == ("DECIMAL(3,1)", "VARCHAR[]")


def test_a_zero_of_tmdb_is_an_unknown_and_has_no_return(folder: ProjectFolder) -> None:
    result = make_all(folder)
    known, zero = fact_of(folder, result, "tt99000001"), fact_of(folder, result, "tt99000002")
    assert (known["budget"], known["revenue"], known["roi"]) == (1_000_000, 3_000_000, 2.0)
    assert (zero["budget"], zero["revenue"], zero["roi"], zero["in_tmdb"]) == (None, None, None, True)
    assert zero["popularity"] == Decimal("0.25")
    assert fact_of(folder, result, "tt99000003")["in_tmdb"] is False


@pytest.mark.parametrize(("name", "grain"), GRAINS.items())
def test_a_table_has_one_row_a_grain(folder: ProjectFolder, name: str, grain: str) -> None:
    folder.write_csv("movies.csv", [*SMALL_MOVIES, film("tt99000004", genero="Drama,Drama, Drama,")])
    found = rows_of(folder, make_all(folder), name)
    keys = [tuple(row[column] for column in grain.split(", ")) for row in found]
    assert keys
    assert len(set(keys)) == len(keys)
    assert None not in {value for key in keys for value in key}


def test_an_id_in_both_files_stays_two_titles(folder: ProjectFolder) -> None:
    same = one_series("tt99000001", tituloPincipal="Series One", genero="Drama", notaMedia="9.0")
    folder.write_csv("series.csv", [same], header=SERIES_HEADER)
    result = make_all(folder)
    found = [row for row in rows_of(folder, result, "refined.fact_title") if row["imdb_id"] == "tt99000001"]
    assert [(row["kind"], float(row["rating"]), row["in_tmdb"]) for row in found] == [
        ("film", 6.4, True),
        ("series", 9.0, False),
    ]


@pytest.mark.parametrize("second", ["2022-05-02", "2022-05-03"])
def test_the_newest_record_of_tmdb_counts(folder: ProjectFolder, second: str) -> None:
    make_all(folder)
    folder.write_records("tmdb.jsonl", [{**SMALL_TMDB[0], "popularity": 7.125}])
    result = make_all(folder, second)
    assert fact_of(folder, result, "tt99000001")["popularity"] == Decimal("7.125")
    assert fact_of(folder, result, "tt99000002")["popularity"] == Decimal("0.25")
    assert len(rows_of(folder, result, "trusted.tmdb")) == 3


def test_two_sources_of_a_dataset_are_each_read_with_their_own_settings(folder: ProjectFolder) -> None:
    folder.write_settings(more='[[source]]\ndataset = "Movies"\npath = "more.csv"\ndelimiter = ";"')
    path = folder.write_csv("more.csv", [film("tt99000009", tituloPincipal="Nine")])
    path.write_text(path.read_text().replace("|", ";"))
    result = land_and_build(folder)
    assert "Nine" in [row["title"] for row in rows_of(folder, result, "trusted.titles")]


def test_large_files_are_read_beside_memory_to_the_same_tables(
    folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several files of a dataset, with rejects in each: held in memory, and kept as Parquet meanwhile."""
    toml = folder.path / "lake.toml"
    toml.write_text(toml.read_text().replace('path = "movies.csv"', 'path = "movies-*.csv"'))
    for number in range(3):
        lines = [film(f"tt{number}{each}", genero="Drama", notaMedia="7") for each in range(5)]
        folder.write_csv(f"movies-{number}.csv", [*lines[:2], film("tt1", notaMedia="x"), "tt2|short", *lines[2:]])
    names = [f"trusted.{name}" for name in ("titles", "credits", "rejects", "contradictions")]
    held = land_and_build(folder)
    rows = {name: rows_of(folder, held, name) for name in names}
    shutil.rmtree(folder.path / "lake/_manifests/build")
    monkeypatch.setattr("cinelake.engine.duckdb_raw.HELD_BYTES", 0)
    stored = build(folder)
    assert {name: rows_of(folder, stored, name) for name in names} == rows
    assert (counts_of(stored), counts_of(held)) == ((21, 15, 6), (21, 15, 6))
    places = [(row["source_key"].rpartition("/")[2], row["row_number"]) for row in rows["trusted.credits"]]
    assert sorted(place for place in places if place[0] == "movies-1.csv") == [
        ("movies-1.csv", number) for number in (1, 2, 4, 5, 6)
    ]
    assert [(row["source_key"].rpartition("/")[2], row["line"]) for row in rows["trusted.rejects"]] == [
        (f"movies-{number}.csv", line) for number in range(3) for line in (4, 5)
    ]


def test_rows_that_contradict_each_other_are_counted_and_listed(folder: ProjectFolder) -> None:
    folder.write_csv(
        "movies.csv",
        [
            film("tt1", tituloPincipal="One", notaMedia="7"),
            film("tt1", tituloPincipal="One", notaMedia="7", nomeArtista="Ana"),
            film("tt1", tituloPincipal="Uma", notaMedia="7"),
            film("tt1", tituloPincipal="Uma", notaMedia="7", nomeArtista="Rui"),
            film("tt1", tituloPincipal="One", notaMedia="8"),
            film("tt2", tituloPincipal="Two"),
        ],
    )
    result = land_and_build(folder)
    told = {row["imdb_id"]: (row["title"], row["variants"]) for row in rows_of(folder, result, "trusted.titles")}
    assert (told["tt1"], told["tt2"]) == (("One", 3), ("Two", 1))
    found = rows_of(folder, result, "trusted.contradictions", order="row_number")
    assert [(row["title"], row["rating"], row["rows"], row["row_number"]) for row in found] == [
        ("Uma", Decimal("7.0"), 2, 3),
        ("One", Decimal("8.0"), 1, 5),
    ]


def test_more_rejects_than_allowed_stop_the_build_and_publish_nothing(folder: ProjectFolder) -> None:
    folder.write_settings(build="")
    lines = [film(f"tt{number}") for number in range(99)]
    folder.write_csv("movies.csv", [*lines, film("tt99", notaMedia="x")])
    assert counts_of(land_and_build(folder)) == (100, 99, 1)
    folder.write_csv("movies.csv", [*lines, film("tt99", notaMedia="x"), film("tt100", notaMedia="y")])
    land(folder, "2022-05-03")
    with pytest.raises(DataError) as raised:
        build(folder, "2022-05-03")
    assert raised.value.exit_code is ExitCode.DATA
    assert raised.value.what == (
        "2 of 101 rows of Movies break their contract, more than the 1% that build.max_rejected allows: "
        "Raw/Local/CSV/Movies/2022/05/03/movies.csv, line 101: notaMedia must be a number from 0 to 10, or unknown"
    )
    assert "raise max_rejected under [build]" in raised.value.hint
    assert not folder.path.joinpath("lake/_manifests/build/2022/05/03").exists()


def test_columns_that_no_table_keeps_are_named(folder: ProjectFolder) -> None:
    folder.write_csv("movies.csv", [f"{film('tt1')}|1|2"], header=f"{MOVIES_HEADER}|extra|more")
    land(folder)
    events: list[Event] = []
    project, lake, run = folder.open()
    build_tables(project, lake, run, on_event=events.append)
    told = "Raw/Local/CSV/Movies/2022/05/02/movies.csv has columns that no table keeps: extra, more"
    assert told in [event.message for event in events]


def test_the_first_row_of_a_title_is_that_of_the_first_file(folder: ProjectFolder) -> None:
    toml = folder.path / "lake.toml"
    toml.write_text(toml.read_text().replace('path = "movies.csv"', 'path = "movies-*.csv"'))
    folder.write_csv("movies-a.csv", [film("tt2"), film("tt3"), film("tt1", tituloPincipal="of a")])
    folder.write_csv("movies-b.csv", [film("tt1", tituloPincipal="of b")])
    result = land_and_build(folder)
    [row] = [row for row in rows_of(folder, result, "trusted.titles") if row["imdb_id"] == "tt1"]
    assert (row["title"], row["variants"], row["source_key"].rpartition("/")[2]) == ("of a", 2, "movies-a.csv")


def test_a_lower_limit_of_rejects_counts_for_the_build_that_stands(folder: ProjectFolder) -> None:
    folder.write_csv("movies.csv", [film("tt1"), film("tt2", notaMedia="x")])
    land_and_build(folder)
    folder.write_settings(build="max_rejected = 0.4")
    with pytest.raises(DataError, match=r"1 of 2 rows of Movies .* the build that stands was made with more"):
        build(folder)


@pytest.mark.parametrize("number", [1000.0, "1000", "1000.0"])
def test_a_whole_number_of_tmdb_s_may_be_written_in_any_way(folder: ProjectFolder, number: object) -> None:
    folder.write_records("tmdb.jsonl", [{**SMALL_TMDB[0], "budget": number}, *SMALL_TMDB[1:]])
    assert fact_of(folder, make_all(folder), "tt99000001")["budget"] == 1000


def test_a_tmdb_id_that_is_no_whole_number_is_rejected(folder: ProjectFolder) -> None:
    folder.write_records("tmdb.jsonl", [{**SMALL_TMDB[0], "id": 1.5}, *SMALL_TMDB[1:]])
    [row] = rows_of(folder, make_all(folder), "trusted.rejects")
    assert row["column"] == "id"
