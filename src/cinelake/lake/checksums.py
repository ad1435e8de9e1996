"""SHA-256 of files and streams, in hexadecimal."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Digests:
    """What tells a file's content, from reading it once."""

    bytes: int
    sha256: str
    md5: str | None
    """What services give as the ETag of an object that was sent in one request; only where it was asked for."""


def read_digests(path: str, size_bytes: int, *, with_md5: bool) -> Digests:
    """Reads the whole file, of about so many bytes. Raises OSError where it cannot be read."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False) if with_md5 else None
    block_bytes, read_bytes = min(size_bytes + 1, BLOCK_BYTES), 0
    descriptor = os.open(path, os.O_RDONLY)
    try:
        while block := os.read(descriptor, block_bytes):
            read_bytes += len(block)
            sha256.update(block)
            if md5 is not None:
                md5.update(block)
    finally:
        os.close(descriptor)
    return Digests(read_bytes, sha256.hexdigest(), md5.hexdigest() if md5 is not None else None)
