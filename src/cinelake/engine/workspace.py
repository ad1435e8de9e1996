"""A folder for the temporary files of one process, which the next one removes if this one is killed."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cinelake.errors import AccessError

PREFIX = "engine-"
LOCK = "lock"


@contextmanager
def temporary_folder(work_directory: Path) -> Iterator[Path]:
    """A new folder below the work directory, for the length of a `with`. Removes what killed processes left.

    Raises:
        AccessError: the work directory cannot be made, or is not writable.
    """
    try:
        work_directory.mkdir(parents=True, exist_ok=True)
        _sweep(work_directory)
        folder = TemporaryDirectory(dir=work_directory, prefix=PREFIX, ignore_cleanup_errors=True)
    except OSError as error:
        raise AccessError(
            f"no work folder can be made at {work_directory}: {error.strerror}", "make the project folder writable"
        ) from error
    with folder as name, Path(name, LOCK).open("w") as lock:
        # The system lets go of it when the process ends, however it does.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(name)


def _sweep(work_directory: Path) -> None:
    for folder in work_directory.glob(f"{PREFIX}*"):
        try:
            with folder.joinpath(LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # it is at work, or about to be
            continue
