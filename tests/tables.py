"""The stages run in this process, and the tables that they make, read by a DuckDB of the tests' own."""

import json
from typing import Any

import duckdb

from cinelake import BuildResult, EnrichResult, LandResult, build_tables, enrich_titles, land_files
from cinelake.engine.published import tables_of
from cinelake.lake.manifests import Manifest
from projects import DATE, MOVIES_HEADER, SERIES_HEADER, ProjectFolder


def film(imdb_id: str, **values: str) -> str:
    """A line of movies.csv; what is not given is unknown."""
    return _line(MOVIES_HEADER, {"id": imdb_id, **values})


def one_series(imdb_id: str, **values: str) -> str:
    """A line of series.csv; what is not given is unknown."""
    return _line(SERIES_HEADER, {"id": imdb_id, **values})


def _line(header: str, values: dict[str, str]) -> str:
    fields = dict.fromkeys(header.split("|"), r"\N")
    assert values.keys() <= fields.keys()
    return "|".join({**fields, **values}.values())


def land(folder: ProjectFolder, date: str = DATE) -> LandResult:
    return land_files(*folder.open(date=date))


def enrich(folder: ProjectFolder, date: str = DATE) -> EnrichResult:
    return enrich_titles(*folder.open(date=date))


def build(folder: ProjectFolder, date: str = DATE) -> BuildResult:
    return build_tables(*folder.open(date=date))


def land_and_build(folder: ProjectFolder, date: str = DATE) -> BuildResult:
    land(folder, date)
    return build(folder, date)


def manifest_of(folder: ProjectFolder, result: LandResult | EnrichResult | BuildResult) -> Manifest:
    """What a stage recorded, from the file in the folder lake."""
    assert result.manifest is not None
    return Manifest.model_validate_json(folder.path.joinpath("lake", result.manifest).read_bytes())


def keys_of(folder: ProjectFolder, result: BuildResult, name: str) -> list[str]:
    """The keys of a table such as `trusted.titles`, as the build's manifest has them."""
    [table] = [table for table in tables_of(manifest_of(folder, result)) if table.name == name]
    return [record.key for record in table.records]


def key_of(folder: ProjectFolder, result: BuildResult, name: str) -> str:
    """The one key of a table."""
    [key] = keys_of(folder, result, name)
    return key


def rows_of(folder: ProjectFolder, result: BuildResult, name: str, *, order: str = "ALL") -> list[dict[str, Any]]:
    """The rows of a table that a build published."""
    paths = [str(folder.path / "lake" / key) for key in keys_of(folder, result, name)]
    with duckdb.connect() as connection:
        cursor = connection.execute(f"SELECT * FROM read_parquet(?) ORDER BY {order}", [paths])
        columns = [column[0] for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def types_of(folder: ProjectFolder, result: BuildResult, name: str) -> dict[str, str]:
    """The columns of a table that a build published, and their types."""
    paths = [str(folder.path / "lake" / key) for key in keys_of(folder, result, name)]
    with duckdb.connect() as connection:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [paths]).fetchall()
    return {column: told for column, told, *_ in described}


def files_of(folder: ProjectFolder) -> dict[str, bytes]:
    """Every file of the folder lake, by key."""
    root = folder.path / "lake"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def document(text: bytes) -> Any:
    return json.loads(text)


def read_lines(folder: ProjectFolder, *lines: str) -> BuildResult:
    """Builds from a movies.csv of these lines below its header."""
    folder.write_csv("movies.csv", lines)
    return land_and_build(folder)


def read_bytes(folder: ProjectFolder, data: bytes) -> BuildResult:
    """Builds from a movies.csv of these bytes."""
    folder.path.joinpath("movies.csv").write_bytes(data)
    return land_and_build(folder)


def films_of(folder: ProjectFolder, result: BuildResult) -> dict[str, dict[str, Any]]:
    """The films of trusted.titles, by id."""
    return {row["imdb_id"]: row for row in rows_of(folder, result, "trusted.titles") if row["kind"] == "film"}


def rejects_of(folder: ProjectFolder, result: BuildResult) -> list[dict[str, Any]]:
    """The rows of trusted.rejects, by line."""
    return rows_of(folder, result, "trusted.rejects", order="line, text")


def counts_of(result: BuildResult, dataset: str = "Movies") -> tuple[int, int, int]:
    """Rows in, out and rejected of a dataset."""
    [source] = [source for source in result.sources if source.dataset == dataset]
    return source.rows_in, source.rows_out, source.rows_rejected


def make_all(folder: ProjectFolder, date: str = DATE) -> BuildResult:
    """Land, enrich and build."""
    land(folder, date)
    enrich(folder, date)
    return build(folder, date)
