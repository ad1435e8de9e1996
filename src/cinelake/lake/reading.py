"""Local files, read so that one that changes meanwhile is noticed: what is sent is one state of the file, whole."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from cinelake.errors import CinelakeError
from cinelake.lake.checksums import md5_of_bytes, sha256_of_bytes

WHOLE_BYTES = 8 << 20
"""Larger files are written in parts."""
BLOCK_BYTES = 1 << 20
RACY_NS = 100_000_000
"""A file written less than this before it was opened may be written again without its time changing: clocks of file
systems tick in steps (up to 10 ms on Linux). Git calls such an entry racy."""


class SourceChangedError(Exception):
    """The bytes that were read are not, or no longer, those of the file."""


class SteadyFile:
    """A file opened for one reading from its start to its end."""

    def __init__(self, path: str | Path) -> None:
        """Opens it. Raises OSError where it cannot be read."""
        self.path = path
        began_ns = time.time_ns()
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        found = os.fstat(self._descriptor)
        self.size_bytes = found.st_size
        """When it was opened."""
        self._state = _state_of(found)
        self._read = 0
        self._racy = began_ns - found.st_mtime_ns < RACY_NS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def read_whole(self) -> bytes:
        """All bytes of a small file.

        Raises:
            SourceChangedError: there are more or fewer than when it was opened.
        """
        data = os.read(self._descriptor, self.size_bytes + 1)
        while len(data) < self.size_bytes:
            more = os.read(self._descriptor, self.size_bytes + 1 - len(data))
            if not more:
                break
            data += more
        if len(data) != self.size_bytes:
            raise SourceChangedError
        return data

    def read_into(self, buffer: bytearray) -> int:
        """Fills a buffer with the next bytes; returns how many there were, 0 at the end.

        Raises:
            SourceChangedError: there are more than when it was opened; a file may grow as fast as it is read.
        """
        view, filled = memoryview(buffer), 0
        while filled < len(buffer):
            count = os.readv(self._descriptor, [view[filled:]])
            if count == 0:
                break
            filled += count
        self._read += filled
        if self._read > self.size_bytes:
            raise SourceChangedError
        return filled

    def blocks(self) -> Iterator[bytes]:
        """The next bytes in blocks of 1 MiB, to the end. Raises as `read_into`."""
        buffer = bytearray(BLOCK_BYTES)
        while count := self.read_into(buffer):
            yield bytes(memoryview(buffer)[:count])

    def confirm(self, sha256: str, size_bytes: int) -> None:
        """Makes sure that what was read is the file as it is now.

        Where the file system tells that nothing touched it, that is enough; else content decides, by one more reading.
        A file that grew is a changed one, even where all of it was read: whoever writes it may not be done.

        Raises:
            SourceChangedError: it changed while it was read.
        """
        if size_bytes != self.size_bytes:
            raise SourceChangedError
        try:
            untouched = _state_of(os.stat(self.path)) == self._state  # noqa: PTH116 mostly a text
            if untouched and not self._racy:
                return
            with Path(self.path).open("rb") as file:
                read_again = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
        except OSError as error:
            raise SourceChangedError from error
        if read_again != (sha256, size_bytes):
            raise SourceChangedError


class ReadFile(NamedTuple):
    """A small file in memory: one state of it, whole."""

    key: str
    """Under which it is to lie."""
    path: str | Path
    data: bytes
    sha256: str
    md5: str | None
    """What services give as the ETag of an object that was sent in one request; only where it was asked for."""


def read_into_memory(
    key: str, file: SteadyFile, *, with_md5: bool, look: Callable[[int], None] = lambda _count: None
) -> ReadFile:
    """Reads an open file; `look` is called with 0 before it is made sure that it did not change."""
    data = file.read_whole()
    sha256, md5 = sha256_of_bytes(data), md5_of_bytes(data) if with_md5 else None
    look(0)
    file.confirm(sha256, len(data))
    return ReadFile(key, file.path, data, sha256, md5)


@contextmanager
def steady(path: str | Path, key: str) -> Iterator[SteadyFile]:
    """An open file; what is wrong with it is told as the reason why nothing was written to a key.

    Raises:
        CinelakeError: it cannot be read, or changed while it was read.
    """
    try:
        with SteadyFile(path) as file:
            yield file
    except OSError as error:
        raise CinelakeError(
            f"{Path(path).name} cannot be read any more: {error.strerror}; nothing was written to {key}", "run again"
        ) from error
    except SourceChangedError as error:
        raise CinelakeError(
            f"{Path(path).name} changed while it was being read; nothing was written to {key}",
            "wait until whatever writes it has finished, then run again",
        ) from error


def _state_of(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
