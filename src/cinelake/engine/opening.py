"""Which engine a project is worked on with: picked here and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cinelake.config import Project
from cinelake.config.settings import EngineTable
from cinelake.engine.interface import Engine
from cinelake.engine.workspace import temporary_folder
from cinelake.errors import ConfigurationError


@contextmanager
def open_engine(project: Project, *, embedded: bool = False) -> Iterator[Engine]:
    """An engine for the length of a `with`.

    Args:
        project: names it.
        embedded: takes the one in this process, whatever the project names, and runs SQL just as it is written.

    Raises:
        AccessError: the work directory cannot be made.
        ConfigurationError: it is not installed.
        ServiceError: it cannot be reached.
    """
    with temporary_folder(project.work_directory) as folder:
        engine = _make(project.engine, folder, embedded=embedded)
        try:
            yield engine
        finally:
            engine.close()


def _make(wanted: EngineTable, folder: Path, *, embedded: bool) -> Engine:
    # Only the engine that is picked is loaded.
    if wanted.name == "duckdb" or embedded:
        from cinelake.engine.duckdb import DuckDB

        return DuckDB(folder, memory=wanted.memory, as_written=embedded)
    try:
        from cinelake.engine.spark import Spark
    except ImportError as error:
        raise ConfigurationError(
            f"Spark is not installed ({error.name} is missing)", "run make setup-all, or pip install 'cinelake[spark]'"
        ) from error
    return Spark(folder, memory=wanted.memory, remote=wanted.remote)
