"""A Parquet file of what a query gave: written aside by the confined engine, then put in its place whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from cinelake.config import FolderLake, Project
from cinelake.engine.interface import Engine
from cinelake.engine.workspace import temporary_folder
from cinelake.errors import AccessError, CinelakeError, ConfigurationError, DataError

WRITTEN = "written_rows"
"""The name under which the engine knows the file."""


@contextmanager
def reserved_file(engine: Engine, project: Project) -> Iterator[Path]:
    """A file in the work directory that the engine may write, even once it is confined; afterwards it is gone."""
    with temporary_folder(project.work_directory) as folder:
        # A confined engine writes only where it has written before; and over a file that is there, it would begin
        # another beside it.
        [path] = engine.make_table(WRITTEN, "SELECT NULL AS nothing", folder).files
        path.unlink()
        yield path


def check_target(project: Project, target: Path) -> None:
    """Refuses to write where the rows would be lost, or would damage something.

    Raises:
        ConfigurationError: it is a folder, its folder is not there, or it lies within the lake.
    """
    if target.is_dir():
        raise ConfigurationError(f"{target} is a folder", "name a file, as in rows.parquet")
    if not target.parent.is_dir():
        raise ConfigurationError(f"there is no folder {target.parent} to write {target.name} to", "make it first")
    lake = project.lake_uri
    if isinstance(lake, FolderLake) and target.resolve().is_relative_to(lake.path.resolve()):
        raise ConfigurationError(f"{target} lies within the lake", "name a file elsewhere")


def write_rows(engine: Engine, select: str, path: Path) -> None:
    """Writes the rows of a SELECT to a file that was reserved.

    Raises:
        CinelakeError: Parquet cannot hold them, or there is no room.
    """
    try:
        engine.make_table(WRITTEN, select, path.parent)
    except DataError as error:
        why = str(error.__cause__ or error.what).partition("\n")[0]
        raise CinelakeError(
            f"the rows cannot be written as Parquet: {why}", "make room in .cinelake, or cast what Parquet cannot hold"
        ) from error


def put_in_place(written: Path, target: Path) -> None:
    """Copies a file to its place, where it appears whole or not at all; one that is there is replaced.

    Raises:
        AccessError: it cannot be written there.
    """
    beside: Path | None = None
    try:
        handle, name = mkstemp(dir=target.parent, prefix=f".{target.name[:100]}-")
        beside = Path(name)
        with os.fdopen(handle, "wb") as copy, written.open("rb") as rows:
            shutil.copyfileobj(rows, copy)
        umask = os.umask(0)
        os.umask(umask)
        beside.chmod(0o666 & ~umask)
        beside.replace(target)
    except OSError as error:
        if beside is not None:
            with suppress(OSError):
                beside.unlink()
        raise AccessError(f"cannot write {target}: {error.strerror}", "name a file that you may write") from error
