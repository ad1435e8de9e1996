"""Which engine a project is worked on with: picked here and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

from cinelake.config import Project
from cinelake.engine.interface import Engine
from cinelake.engine.workspace import temporary_folder


@contextmanager
def open_engine(project: Project) -> Iterator[Engine]:
    """An engine for the length of a `with`.

    Raises:
        AccessError: the work directory cannot be made.
    """
    # Only the engine that is picked is loaded.
    from cinelake.engine.duckdb import DuckDB

    with temporary_folder(project.work_directory) as folder:
        engine = DuckDB(folder, memory=project.engine.memory)
        try:
            yield engine
        finally:
            engine.close()
