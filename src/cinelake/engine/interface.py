"""What an engine is: something that reads Raw files under a contract and runs SELECTs over tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cinelake.engine.contract import Column

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


@dataclass(frozen=True)
class Table:
    """The rows that a query gave."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def records(self) -> list[dict[str, Any]]:
        """One dictionary a row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class CsvFile:
    """A CSV object of Raw, as a checked local copy, and how to read it."""

    key: str
    path: Path
    delimiter: str
    null: str
    encoding: str


@dataclass(frozen=True)
class JsonFile:
    """A file of TMDB records, as a checked local copy."""

    key: str
    path: Path
    kind: str
    """`film` or `series`: of what its records tell."""
    asked_at: datetime
    """UTC; when TMDB, or the snapshot, was asked."""
    titles: tuple[str, ...] = ()
    """The IMDb ids that were asked for, in the order of the records; what came back with another is rejected."""


@dataclass(frozen=True)
class CsvRead:
    """What was read of a dataset's files."""

    rows: int
    """Rejected ones included."""
    ignored: Mapping[str, tuple[str, ...]]
    """The columns that the contract does not have, by key of a file that has some."""


@dataclass(frozen=True)
class MadeTable:
    """What a SELECT became."""

    rows: int
    files: tuple[Path, ...]
    """Parquet, in the order of the rows, as far as they have one."""


class Engine(Protocol):
    """SQL in DuckDB's dialect over named tables: `raw.movies`, `trusted.titles`, `refined.fact_title`…"""

    folder: Path
    """For temporary files, which go when it is closed."""

    def read_csv(self, dataset: str, columns: Sequence[Column], files: Sequence[CsvFile]) -> CsvRead:
        """Makes `raw.<dataset>` of the rows that keep the contract, and adds the others to `raw.rejects`.

        The table has the contract's columns in their types, `source_key`, `row_number` (from 1, in each file) and
        `position`, which orders the rows of all files: as the files are given, then by row.

        Raises:
            DataError: a file lacks a column of the contract.
        """
        ...

    def read_tmdb(self, files: Sequence[JsonFile]) -> int:
        """Makes `raw.tmdb` of the records that keep their contract, and adds the others to `raw.rejects`.

        Returns:
            The records read, rejected ones included.
        """
        ...

    def make_table(self, name: str, select: str, folder: Path) -> MadeTable:
        """Runs a SELECT, writes its rows to Parquet files in a folder, and lets later queries read them by `name`."""
        ...

    def attach(self, name: str, paths: Sequence[Path]) -> None:
        """Lets queries read Parquet files of one table by `name`."""
        ...

    def columns_of(self, name: str) -> Mapping[str, str]:
        """The columns of a table in their order, and the type of each in DuckDB's words, as in `DECIMAL(3,1)`."""
        ...

    def confine(self, *folders: Path) -> None:
        """From now on SQL reads what was read, attached and held, and no other file: call it before a user's SQL runs.

        Args:
            folders: those into which tables are made; they are there already.
        """
        ...

    def hold(self, name: str, select: str) -> None:
        """Runs a SELECT and lets later queries read its rows by a bare name; replaces what had that name."""
        ...

    def query(self, select: str) -> Table:
        """Runs one SELECT.

        Raises:
            DataError: the engine refuses it; the error has the engine's words.
        """
        ...

    def close(self) -> None:
        """Gives back memory and temporary files."""
        ...


class EmbeddedEngine(Engine, Protocol):
    """The engine in this process, which can hand out rows without copying them into Python."""

    def relate(self, name: str, select: str) -> "DuckDBPyRelation":
        """Runs a SELECT and hands out its rows, which stay readable after the engine is closed.

        Raises:
            DataError: the engine refuses it; the error has the engine's words.
        """
        ...
