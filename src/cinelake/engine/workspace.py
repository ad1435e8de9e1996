"""A folder for the temporary files of one process, which the next one removes if this one is killed."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cinelake.errors import AccessError

PREFIX = "engine-"
LOCK = ".lock"
"""Ending of a file beside a folder, by the same name. Whoever works in the folder holds its lock; it is there before
the folder, and goes after it."""


@contextmanager
def temporary_folder(work_directory: Path) -> Iterator[Path]:
    """A new folder below the work directory, for the length of a `with`. Removes what killed processes left.

    Raises:
        AccessError: the work directory cannot be made, or is not writable.
    """
    try:
        work_directory.mkdir(parents=True, exist_ok=True)
        _sweep(work_directory)
        folder, lock = _make(work_directory)
    except OSError as error:
        raise AccessError(
            f"no work folder can be made at {work_directory}: {error.strerror}", "make the project folder writable"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _lock_of(folder).unlink(missing_ok=True)
        os.close(lock)


def _make(work_directory: Path) -> tuple[Path, int]:
    """The folder, and its lock as an open file; the system lets go of it when the process ends, however it does."""
    while True:
        folder = work_directory / f"{PREFIX}{secrets.token_hex(6)}"
        lock = os.open(_lock_of(folder), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_at(lock, _lock_of(folder)):
            folder.mkdir(mode=0o700)
            return folder, lock
        os.close(lock)  # another process has taken it for one that was left behind, and removed it


def _sweep(work_directory: Path) -> None:
    for path in work_directory.glob(f"{PREFIX}*{LOCK}"):
        with suppress(OSError):  # it is at work, or gone
            lock = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(lock, path):
                    shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                    path.unlink()
            finally:
                os.close(lock)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{LOCK}")


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
