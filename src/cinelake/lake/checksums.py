"""SHA-256 of files and streams, in hexadecimal."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

BLOCK_BYTES = 1 << 20


def sha256_of_file(path: Path) -> str:
    """Reads the whole file. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def md5_of_bytes(data: bytes) -> str:
    """What services give as the ETag of an object that was sent in one request."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha256_of_blocks(blocks: Iterable[bytes]) -> tuple[str, int]:
    """Returns the checksum and the number of bytes."""
    digest, size_bytes = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        size_bytes += len(block)
    return digest.hexdigest(), size_bytes


class Digests(NamedTuple):
    """What tells a file's content, from reading it once."""

    bytes: int
    sha256: str
    md5: str | None
    """What services give as the ETag of an object that was sent in one request; only where it was asked for."""


def read_digests(path: str, size_bytes: int, *, with_md5: bool) -> Digests:
    """Reads the whole file, of about so many bytes. Raises OSError where it cannot be read."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        block = os.read(descriptor, min(size_bytes + 1, BLOCK_BYTES))
        if len(block) == size_bytes < BLOCK_BYTES:  # and so all there is
            return Digests(size_bytes, sha256_of_bytes(block), md5_of_bytes(block) if with_md5 else None)
        sha256, md5, read_bytes = hashlib.sha256(), hashlib.md5(usedforsecurity=False) if with_md5 else None, 0
        while block:
            read_bytes += len(block)
            sha256.update(block)
            if md5 is not None:
                md5.update(block)
            block = os.read(descriptor, BLOCK_BYTES)
    finally:
        os.close(descriptor)
    return Digests(read_bytes, sha256.hexdigest(), md5.hexdigest() if md5 is not None else None)
