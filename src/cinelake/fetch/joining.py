"""IMDb's four files → the two files of the course's schema, by DuckDB: what does not fit in memory spills."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import duckdb

from cinelake.config.settings import Source
from cinelake.engine.contract import CONTRACTS
from cinelake.engine.quoting import identifier, text
from cinelake.errors import CinelakeError, DataError
from cinelake.lake.waiting import attended

FILES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "basics": (
        "title.basics.tsv.gz",
        (
            "tconst", "titleType", "primaryTitle", "originalTitle", "isAdult", "startYear", "endYear",
            "runtimeMinutes", "genres",
        ),
    ),
    "ratings": ("title.ratings.tsv.gz", ("tconst", "averageRating", "numVotes")),
    "principals": ("title.principals.tsv.gz", ("tconst", "ordering", "nconst", "category", "characters")),
    "names": (
        "name.basics.tsv.gz",
        ("nconst", "primaryName", "birthYear", "deathYear", "primaryProfession", "knownForTitles"),
    ),
}  # fmt: skip
"""By the name of their table: IMDb's name of each, and the columns that are used."""
STEPS = {"titles": "choosing titles", "artists": "finding their artists", "people": "finding the artists' names"}
"""Tables that are made on the way, in this order, each by the SELECT of its name."""
LOOK_EVERY_S = 0.1
"""How often Python wakes up while DuckDB works, to hear Ctrl-C."""
HEADER_BYTES = 10_000


@dataclass(frozen=True)
class Written:
    """A file that was made."""

    rows: int
    """The header aside."""
    titles: int


def join_files(
    paths: Mapping[str, Path],
    targets: Mapping[str, tuple[Source, Path]],
    folder: Path,
    *,
    memory: str,
    min_votes: int,
    on_step: Callable[[str], None],
) -> dict[str, Written]:
    """Writes a file a dataset.

    Args:
        paths: IMDb's files, by the name of their table in FILES.
        targets: how the file of each dataset is written, and where.
        folder: for temporary files; there already, and nobody else's. The files are written here.
        memory: as much as DuckDB may take, as in `1500MB`, before it spills.
        min_votes: titles with fewer are left out.
        on_step: told what is being done.

    Raises:
        DataError: a file is not what IMDb says that it is.
        CinelakeError: there is no room.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # The rows are put in order when they are written.
        "preserve_insertion_order": False,
        "temp_directory": str(folder / "spill"),
        "memory_limit": memory,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        joining = _Joining(connection)
        joining.open_files(paths)
        joining.confine([*paths.values()], folder)
        for name, step in STEPS.items():
            on_step(step)
            joining.make_table(name, {"min_votes": min_votes} if name == "titles" else {})
        on_step("writing")
        return {dataset: joining.write(dataset, source, path) for dataset, (source, path) in targets.items()}


class _Joining:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._execute("CREATE SCHEMA imdb")

    def open_files(self, paths: Mapping[str, Path]) -> None:
        """A view a file. A field may hold a quote, which means nothing; every field stays the text that it is."""
        for table, path in paths.items():
            columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in read_header(path, FILES[table][1]))
            self._execute(
                f"CREATE VIEW imdb.{table} AS SELECT * FROM read_csv({text(path)}, columns = {{{columns}}}, "
                "header = true, auto_detect = false, delim = '\t', quote = '', escape = '', nullstr = '\\N', "
                "new_line = '\\n', compression = 'gzip', strict_mode = true)"
            )

    def confine(self, paths: list[Path], folder: Path) -> None:
        """From here on nothing but these files is read, and nothing written but below the folder."""
        self._execute(f"SET allowed_paths = [{', '.join(text(path) for path in paths)}]")
        self._execute(f"SET allowed_directories = [{text(f'{folder}/')}]")
        # Nobody knows how many rows a packed file has before it is read, and DuckDB would hold the wrong side of a
        # join: each SELECT names second what is to be held.
        self._execute("SET disabled_optimizers = 'build_side_probe_side'")
        self._execute("SET enable_external_access = false")
        self._execute("SET lock_configuration = true")

    def make_table(self, name: str, parameters: Mapping[str, object]) -> None:
        """Makes a table of the SELECT of its name."""
        self._execute(f"CREATE TABLE imdb.{name} AS {_select(name)}", parameters)

    def write(self, dataset: str, source: Source, path: Path) -> Written:
        """Writes a dataset in the columns of its contract, in the order of IMDb's numbers."""
        columns = ", ".join(identifier(column.name) for column in CONTRACTS[dataset])
        rows = self._execute(
            f"COPY (SELECT {columns} FROM ({_select('rows')}) WHERE dataset = {text(dataset)} "
            "ORDER BY LENGTH(id), id, ordering NULLS FIRST, nconst, generoArtista, personagem) "
            f"TO {text(path)} (FORMAT csv, HEADER, DELIMITER {text(source.delimiter)}, QUOTE '\"', ESCAPE '\"', "
            f"NULLSTR {text(source.null)})"
        )
        titles = self._execute(f"SELECT COUNT(*) FROM imdb.titles WHERE dataset = {text(dataset)}")
        return Written(rows, titles)

    def _execute(self, statement: str, parameters: Mapping[str, object] | None = None) -> int:
        """Runs a statement, which Ctrl-C ends; returns the number that it tells, where it tells one."""

        def run() -> int:
            row = self._connection.execute(statement, parameters).fetchone()
            return int(row[0]) if row and isinstance(row[0], int) else 0

        try:
            return attended(run, lambda: None, every_s=LOOK_EVERY_S)
        except BaseException as error:
            self._connection.interrupt()
            if not isinstance(error, duckdb.Error):
                raise
            told = " ".join(str(error).split())[:300]
            if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
                raise CinelakeError(
                    f"IMDb's files cannot be joined: {told}",
                    "make room for .cinelake, or raise engine.memory in lake.toml",
                ) from error
            raise DataError(
                f"IMDb's files are not as IMDb describes them: {told}", "fetch them again; if it repeats, report it"
            ) from error


def read_header(path: Path, wanted: tuple[str, ...]) -> list[str]:
    """The columns of one of IMDb's files, in its order; further ones are fine.

    Raises:
        DataError: names what is missing.
    """
    with gzip.open(path, "rb") as file:
        names = file.readline(HEADER_BYTES).decode("utf-8", errors="replace").rstrip("\r\n").split("\t")
    if missing := [name for name in wanted if name not in names]:
        raise DataError(
            f"{path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            "check the address, which --from gives; IMDb may have changed its files",
        )
    return names


def _select(name: str) -> str:
    return files("cinelake.fetch").joinpath(f"{name}.sql").read_text(encoding="utf-8")
