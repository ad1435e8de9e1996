"""DuckDB: the engine for one machine, embedded."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Thread

import duckdb

from cinelake.engine.contract import Column
from cinelake.engine.duckdb_raw import RawReader, in_words
from cinelake.engine.interface import CsvFile, CsvRead, JsonFile, MadeTable, Table
from cinelake.engine.quoting import identifier, text

SCHEMAS = ("trusted", "refined")
PERCENTILES = ("PERCENTILE_CONT", "QUANTILE_CONT")
INTERRUPT_EVERY_S = 0.1
"""How often an interruption is repeated until the statement has ended: one that comes before its start is not heard."""
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # Nothing is fetched at run time: what is needed is in the wheel.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # Row numbers are those of the file.
    "preserve_insertion_order": True,
}


class DuckDB:
    """A database in memory, which spills below a folder of its own."""

    def __init__(self, folder: Path, *, memory: str, as_written: bool = False) -> None:
        """Opens it.

        Args:
            folder: for temporary files; there already, and nobody else's.
            memory: as much as it may take, as in `1500MB`, before it spills.
            as_written: runs percentiles as DuckDB has them, not as arithmetic that is the same on every engine.
        """
        self.folder = folder
        self._as_written = as_written
        config = {**SETTINGS, "temp_directory": str(folder / "spill"), "memory_limit": memory}
        self._connection = duckdb.connect(":memory:", config=config)
        self._attached: list[Path] = []
        self._handed_out = False
        for schema in SCHEMAS:
            self._execute(f"CREATE SCHEMA {schema}")
        self._raw = RawReader(self._execute, folder)

    def read_csv(self, dataset: str, columns: Sequence[Column], files: Sequence[CsvFile]) -> CsvRead:
        """See `Engine.read_csv`."""
        return self._raw.read_csv(dataset, columns, files)

    def read_tmdb(self, files: Sequence[JsonFile]) -> int:
        """See `Engine.read_tmdb`."""
        return self._raw.read_tmdb(files)

    def make_table(self, name: str, select: str, folder: Path) -> MadeTable:
        """See `Engine.make_table`."""
        path = folder / f"{name}.parquet"
        with in_words(name):
            made = self._execute(
                f"COPY ({self._spelled_out(select)}) TO {text(path)} (FORMAT parquet, COMPRESSION zstd)"
            )
        self.attach(name, [path])
        return MadeTable(int(made.rows[0][0]), (path,))

    def attach(self, name: str, paths: Sequence[Path]) -> None:
        """See `Engine.attach`."""
        with in_words(name):
            # A file that is there is read as it is named, whatever pattern its name might be; and only the plain name
            # passes once the engine is confined.
            named = ", ".join(text(path) for path in paths)
            self._execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet([{named}])")
        self._attached += paths

    def columns_of(self, name: str) -> Mapping[str, str]:
        """See `Engine.columns_of`."""
        with in_words(name):
            return {column: type_ for column, type_, *_ in self._execute(f"DESCRIBE {name}").rows}

    def confine(self, *folders: Path) -> None:
        """See `Engine.confine`."""
        paths = ", ".join(text(path) for path in self._attached)
        self._execute(f"SET allowed_paths = [{paths}]")
        directories = ", ".join(text(f"{folder}/") for folder in (self.folder, *folders) if folders)
        self._execute(f"SET allowed_directories = [{directories}]")
        self._execute("SET enable_external_access = false")
        self._execute("SET lock_configuration = true")

    def hold(self, name: str, select: str) -> None:
        """See `Engine.hold`."""
        with in_words(name):
            self._execute(f"CREATE OR REPLACE TEMP TABLE {identifier(name)} AS {self._spelled_out(select)}")

    def relate(self, name: str, select: str) -> duckdb.DuckDBPyRelation:
        """See `EmbeddedEngine.relate`."""
        with in_words(name):
            self._execute(f"CREATE OR REPLACE TABLE {identifier(name)} AS {self._spelled_out(select)}")
        self._handed_out = True
        return self._connection.table(name)

    def query(self, select: str) -> Table:
        """See `Engine.query`."""
        with in_words("the query"):
            return self._execute(self._spelled_out(select))

    def close(self) -> None:
        """See `Engine.close`."""
        if self._handed_out:
            # The rows go with the last relation that reads them, which keeps the connection until then.
            del self._connection, self._raw
        else:
            self._connection.close()

    def _spelled_out(self, select: str) -> str:
        """A SELECT whose percentiles are arithmetic; see `cinelake.engine.percentiles`."""
        if self._as_written or not any(name in select.upper() for name in PERCENTILES):
            return select
        # It brings a parser along, which most queries do without.
        from cinelake.engine.percentiles import spell_out_for_duckdb

        return spell_out_for_duckdb(select)

    def _execute(self, statement: str, parameters: object = None) -> Table:
        """Runs a statement in a thread of its own, so that this one hears Ctrl-C, which DuckDB may not hear at all."""

        told: Future[Table] = Future()

        def run() -> None:
            try:
                cursor = self._connection.execute(statement, parameters)
                told.set_result(
                    Table(tuple(column[0] for column in cursor.description or ()), tuple(cursor.fetchall()))
                )
            except BaseException as error:  # noqa: BLE001 raised again where the result is awaited
                told.set_exception(error)

        thread = Thread(target=run, daemon=True)
        try:
            thread.start()
            return told.result()
        finally:
            while thread.ident is not None and not told.done():
                self._connection.interrupt()
                wait([told], timeout=INTERRUPT_EVERY_S)
