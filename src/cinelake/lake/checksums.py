"""SHA-256 of files and streams, in hexadecimal."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

BLOCK_BYTES = 1 << 20


def sha256_of_file(path: Path) -> str:
    """Reads the whole file. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sha256_of_blocks(blocks: Iterable[bytes]) -> tuple[str, int]:
    """Returns the checksum and the number of bytes."""
    digest, size_bytes = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        size_bytes += len(block)
    return digest.hexdigest(), size_bytes


def read_blocks(path: Path) -> Iterator[bytes]:
    """The file's bytes in blocks of 1 MiB."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


class SourceChangedError(Exception):
    """The bytes that were read are not those whose checksum was taken before."""


def checked_blocks(blocks: Iterable[bytes], sha256: str) -> Iterator[bytes]:
    """Passes blocks through and, after the last one, holds them against a checksum.

    An upload that reads from this fails before it is completed, so a file that changes under it leaves no object.

    Raises:
        SourceChangedError: the checksum of all blocks is another one.
    """
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
        yield block
    if digest.hexdigest() != sha256:
        raise SourceChangedError
