"""Which engine a project is worked on with: picked here and nowhere else."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cinelake.config import Project
from cinelake.config.settings import EngineTable
from cinelake.engine.interface import EmbeddedEngine, Engine
from cinelake.engine.workspace import temporary_folder
from cinelake.errors import ConfigurationError


@contextmanager
def open_engine(project: Project) -> Iterator[Engine]:
    """The engine that a project names, for the length of a `with`.

    Raises:
        AccessError: the work directory cannot be made.
        ConfigurationError: it is not installed.
        ServiceError: it cannot be reached.
    """
    with temporary_folder(project.work_directory) as folder, closing(_make(project.engine, folder)) as engine:
        yield engine


@contextmanager
def open_embedded(project: Project) -> Iterator[EmbeddedEngine]:
    """The engine in this process, whatever the project names, for the length of a `with`; it runs SQL as it is written.

    Raises:
        AccessError: the work directory cannot be made.
    """
    from cinelake.engine.duckdb import DuckDB

    with (
        temporary_folder(project.work_directory) as folder,
        closing(DuckDB(folder, memory=project.engine.memory, as_written=True)) as engine,
    ):
        yield engine


def _make(wanted: EngineTable, folder: Path) -> Engine:
    # Only the engine that is picked is loaded.
    if wanted.name == "duckdb":
        from cinelake.engine.duckdb import DuckDB

        return DuckDB(folder, memory=wanted.memory)
    try:
        from cinelake.engine.spark import Spark
    except ImportError as error:
        raise ConfigurationError(
            f"Spark is not installed ({error.name} is missing)", "run make setup-all, or pip install 'cinelake[spark]'"
        ) from error
    return Spark(folder, memory=wanted.memory, remote=wanted.remote)
