"""When the tables are made, when they are not, and which of them count."""

import json
from typing import Any

import duckdb
import pytest

from cinelake import (
    AccessError,
    AskOptions,
    BuildOptions,
    CinelakeError,
    ConfigurationError,
    DataError,
    Event,
    VerifyOptions,
    ask_questions,
    build_tables,
    verify_lake,
)
from cinelake.build.plan import BuildPlan, plan_build
from cinelake.config import parse_date
from projects import NO_ARTIST, SMALL_MOVIES, SMALL_TMDB, ProjectFolder
from tables import build, counts_of, enrich, files_of, key_of, land, make_all, manifest_of, rows_of, types_of

FOUR = rf"tt99000004|Four|Four|2000|9|Drama|5.0|1|{NO_ARTIST}"


def titles_asked(folder: ProjectFolder, until: str | None = None) -> int:
    """How many films of Drama or Romance the newest build has, or that up to a date."""
    options = AskOptions(("films-vs-series",), until=parse_date(until) if until else None)
    [answer] = ask_questions(*folder.open(), options).answers
    return int(answer.rows[0]["titles"])


# The plan


def plan(**changed: Any) -> BuildPlan:
    told: dict[str, Any] = {
        "inputs": [("Raw/a", "1", ""), ("Raw/b", "2", "noon")],
        "models": {"trusted.a": "SELECT 1 AS a", "trusted.b": "SELECT 2 AS b"},
        "settings": {"Movies": ("|", "\\N", "utf-8")},
        "version": "1.0",
        "built": None,
        **changed,
    }
    built, version = told.pop("built"), told.pop("version")
    return plan_build(*told.values(), version=version, built=built)


@pytest.mark.parametrize(
    "changed",
    [
        {"inputs": [("Raw/a", "1", ""), ("Raw/b", "3", "noon")]},
        {"inputs": [("Raw/a", "1", ""), ("Raw/c", "2", "noon")]},
        {"inputs": [("Raw/a", "1", ""), ("Raw/b", "2", "night")]},
        {"inputs": [("Raw/a", "1", "")]},
        {"models": {"trusted.a": "SELECT 1 AS a", "trusted.b": "SELECT 3 AS b"}},
        {"models": {"trusted.a": "SELECT 1 AS a"}},
        {"settings": {"Movies": (";", "\\N", "utf-8")}},
        {"version": "1.1"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_change_of_anything_the_tables_depend_on_is_a_new_build(changed: dict[str, Any]) -> None:
    assert plan(built=plan().fingerprint, **changed).needed


def test_the_same_in_another_order_is_not_built_again() -> None:
    inputs = [("Raw/b", "2", "noon"), ("Raw/a", "1", "")]
    models = {"trusted.b": "SELECT 2 AS b", "trusted.a": "SELECT 1 AS a"}
    assert not plan(built=plan().fingerprint, inputs=inputs, models=models).needed
    assert plan().needed


# When it cannot build


def test_nothing_landed_is_told_with_the_date(folder: ProjectFolder) -> None:
    with pytest.raises(ConfigurationError, match="no lake"):
        build(folder)
    land(folder, "2022-05-03")
    with pytest.raises(ConfigurationError, match=r"nothing was landed in .* up to 2022-05-02"):
        build(folder, "2022-05-02")


def test_a_tampered_file_of_raw_is_never_read(folder: ProjectFolder) -> None:
    land(folder)
    key = "Raw/Local/CSV/Movies/2022/05/02/movies.csv"
    path = folder.path / "lake" / key
    path.write_bytes(path.read_bytes().replace(b"6.4", b"9.4"))
    with pytest.raises(DataError, match=f"{key} is not the object that was recorded"):
        build(folder)
    assert not any(key.startswith(("Trusted", "Refined", "_manifests/build")) for key in files_of(folder))


def test_a_dry_run_writes_nothing(folder: ProjectFolder) -> None:
    land(folder)
    before = files_of(folder)
    assert build_tables(*folder.open(), BuildOptions(dry_run=True)).status == "planned"
    assert files_of(folder) == before


def test_a_missing_tmdb_object_is_warned_of_and_left_out(folder: ProjectFolder) -> None:
    land(folder)
    enriched = enrich(folder)
    [gone] = [landed.key for landed in enriched.objects if "Movies" in landed.key]
    folder.path.joinpath("lake", gone).unlink()
    events: list[Event] = []
    result = build_tables(*folder.open(), on_event=events.append)
    [warning] = [event.message for event in events if event.kind == "warning"]
    assert gone in warning
    assert [row["imdb_id"] for row in rows_of(folder, result, "trusted.tmdb")] == ["tt99500001"]


# Where the tables lie, and when they are made anew


def test_keys_are_layer_origin_format_table_date_and_build(folder: ProjectFolder) -> None:
    result = make_all(folder)
    run_id = result.run.run_id
    assert {built.key for built in result.tables} == {
        *(
            f"Trusted/Local/Parquet/{name}/2022/05/02/{run_id}/{name}.parquet"
            for name in ("titles", "credits", "contradictions", "rejects")
        ),
        f"Trusted/TMDB/Parquet/tmdb/2022/05/02/{run_id}/tmdb.parquet",
        *(
            f"Refined/Parquet/{name}/2022/05/02/{run_id}/{name}.parquet"
            for name in ("dim_title", "dim_genre", "bridge_title_genre", "fact_title")
        ),
    }
    assert [record for built in result.tables for record in built.records] == list(manifest_of(folder, result).objects)


def test_tables_are_parquet_in_zstd(folder: ProjectFolder) -> None:
    result = make_all(folder)
    with duckdb.connect() as connection:
        for built in result.tables:
            path = str(folder.path / "lake" / built.key)
            found = connection.execute("SELECT DISTINCT compression FROM parquet_metadata(?)", [path]).fetchall()
            assert found in ([("ZSTD",)], []), built.table
            assert built.rows == len(rows_of(folder, result, f"{built.layer.lower()}.{built.table}"))


def test_an_unchanged_build_says_so_and_writes_nothing(folder: ProjectFolder) -> None:
    first = make_all(folder)
    before = files_of(folder)
    again = make_all(folder)
    assert (again.status, again.tables, again.sources) == ("unchanged", first.tables, first.sources)
    assert files_of(folder) == before


def test_an_unchanged_build_reads_no_object_again(folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    make_all(folder)
    monkeypatch.setattr("cinelake.lake.Lake.checksum", lambda _lake, key: pytest.fail(f"{key} was read"))
    assert build(folder).status == "unchanged"


def test_a_snapshot_that_comes_back_is_the_one_that_counts(folder: ProjectFolder) -> None:
    def popularity_with(popularity: float) -> list[float]:
        folder.write_records("tmdb.jsonl", [{**SMALL_TMDB[0], "popularity": popularity}])
        found = rows_of(folder, make_all(folder), "trusted.tmdb")
        assert build(folder).status == "unchanged"
        return [float(row["popularity"]) for row in found]

    assert [popularity_with(figure) for figure in (1.5, 2.5, 1.5)] == [[1.5], [2.5], [1.5]]


def test_another_way_to_read_a_file_is_another_build(folder: ProjectFolder) -> None:
    make_all(folder)
    toml = folder.path / "lake.toml"
    toml.write_text(toml.read_text().replace('path = "movies.csv"', 'path = "movies.csv"\nnull = "?"'))
    result = build(folder)
    assert (result.status, counts_of(result)) == ("done", (4, 0, 4))


def test_no_build_takes_a_key_of_another(folder: ProjectFolder) -> None:
    first = make_all(folder)
    before = files_of(folder)
    folder.write_csv("movies.csv", [*SMALL_MOVIES, FOUR])
    second = make_all(folder)
    assert not {built.key for built in first.tables} & {built.key for built in second.tables}
    after = files_of(folder)
    kept = {key: after[key] for key in before if key.startswith(("Trusted", "Refined"))}
    assert kept == {key: data for key, data in before.items() if key.startswith(("Trusted", "Refined"))}


def test_an_earlier_build_stays_readable(folder: ProjectFolder) -> None:
    make_all(folder, "2022-05-02")
    folder.write_csv("movies.csv", [*SMALL_MOVIES, FOUR])
    make_all(folder, "2022-05-03")
    assert titles_asked(folder) == 3
    assert [titles_asked(folder, day) for day in ("2022-05-02", "2022-05-03", "2022-06-01")] == [2, 3, 3]
    with pytest.raises(ConfigurationError, match=r"nothing was built in .* up to 2022-05-01"):
        titles_asked(folder, "2022-05-01")


def test_a_build_of_an_earlier_date_reads_nothing_later(folder: ProjectFolder) -> None:
    make_all(folder, "2022-05-02")
    folder.write_csv("movies.csv", [*SMALL_MOVIES, FOUR])
    land(folder, "2022-05-03")
    assert build(folder, "2022-05-02").status == "unchanged"
    assert counts_of(build(folder, "2022-05-03")) == (5, 5, 0)
    assert build(folder, "2022-05-02").status == "unchanged"


def test_objects_of_a_build_that_crashed_are_not_read(folder: ProjectFolder) -> None:
    make_all(folder)
    folder.write_csv("movies.csv", [*SMALL_MOVIES, FOUR])
    crashed = make_all(folder)
    assert crashed.manifest is not None
    folder.path.joinpath("lake", crashed.manifest).unlink()
    assert titles_asked(folder) == 2
    again = build(folder)
    assert (again.status, titles_asked(folder)) == ("done", 3)
    assert not {built.key for built in again.tables} & {built.key for built in crashed.tables}
    project, lake, run = folder.open()
    assert verify_lake(project, lake, run, VerifyOptions()).status == "done"


@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
def test_a_table_that_was_lost_is_built_again(folder: ProjectFolder, damage: str) -> None:
    first = make_all(folder)
    key = key_of(folder, first, "refined.fact_title")
    path = folder.path / "lake" / key
    data = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(data[:-1] if damage == "cut" else data[::-1])
    with pytest.raises(CinelakeError):
        titles_asked(folder)
    assert build_tables(*folder.open(), BuildOptions(dry_run=True)).status == "planned"
    events: list[Event] = []
    again = build_tables(*folder.open(), on_event=events.append)
    assert again.status == "done"
    assert [key in event.message for event in events if event.kind == "warning"] == [True]
    assert titles_asked(folder) == 2
    assert build(folder).status == "unchanged"


def test_a_work_folder_that_cannot_be_made_is_named(folder: ProjectFolder) -> None:
    land(folder)
    (folder.path / ".cinelake").write_text("a file")
    with pytest.raises(AccessError, match="no work folder can be made") as raised:
        build(folder)
    assert "writable" in raised.value.hint


def test_the_manifest_tells_what_tables_and_columns_hold(folder: ProjectFolder) -> None:
    land(folder)
    told = {each["table"]: each for each in manifest_of(folder, build(folder)).detail["tables"]}
    assert told["fact_title"]["about"].startswith("One row a title: its measures")
    assert told["fact_title"]["columns"]["budget"] == "nominal USD"
    assert told["dim_genre"]["columns"] == {"genre": "as IMDb names it"}


def test_the_manifest_tells_the_type_of_each_column_as_it_lies_in_the_table(folder: ProjectFolder) -> None:
    make_all(folder)
    built = build(folder)
    for told, table in zip(manifest_of(folder, built).detail["tables"], built.tables, strict=True):
        assert list(told["types"].items()) == list(types_of(folder, built, table.name).items())
        assert table.types == told["types"]


def test_a_build_that_tells_no_types_is_made_again(folder: ProjectFolder) -> None:
    built = make_all(folder)
    path = folder.path / "lake" / str(built.manifest)
    document = json.loads(path.read_bytes())
    for told in document["detail"]["tables"]:
        del told["types"]
    path.write_text(json.dumps(document), encoding="utf-8")
    again = build(folder)
    assert again.status == "done"
    assert all(table.types for table in again.tables)
    assert build(folder).status == "unchanged"
