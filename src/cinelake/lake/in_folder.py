"""Writing to a folder: what is written in parts lies aside until it is whole, then takes its name in one step."""

import fcntl
import hashlib
import math
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

from cinelake.lake.checksums import sha256_of_file
from cinelake.lake.failures import taken_keys
from cinelake.lake.interface import Arrived, OnBytes, ReplacedMeanwhileError, bare
from cinelake.lake.reading import ReadFile, SteadyFile

REPLACED = "_replaced"
"""Prefix below which replaced objects are kept."""
STAGING = "_staging"
"""Prefix below which objects lie while they are written in parts."""
LOCK = "lock"
LONG_NAME_BYTES = 240
"""Of the 255 that file systems take: obstore needs some for the name under which it writes."""
UNFINISHED = re.compile(r".+#\d+")
"""The names that obstore gives to files while it writes them; no key ends so."""


class FolderWriter:
    """Writes objects of a folder lake. See `Writer`."""

    def __init__(self, store: LocalStore, root: Path) -> None:
        self._store = store
        self._root = root

    def put_whole(
        self,
        read: ReadFile,
        *,
        content_type: str,  # noqa: ARG002 a folder keeps none
        create: bool,
        if_match: str | None = None,  # noqa: ARG002 `replacing` looks at the bytes
    ) -> Arrived:
        """See `Writer.put_whole`."""
        key, data, sha256 = read.key, read.data, read.sha256
        if len(key.rpartition("/")[2].encode()) > LONG_NAME_BYTES:
            return Arrived(len(data), sha256, self._put_aside(key, data, create=create))
        with taken_keys(key):
            result = obstore.put(self._store, key, data, mode="create" if create else "overwrite", use_multipart=False)
        return Arrived(len(data), sha256, bare(result["e_tag"] or "") or None)

    def put_in_parts(
        self,
        key: str,
        file: SteadyFile,
        *,
        content_type: str,  # noqa: ARG002 a folder keeps none
        create: bool,
        on_bytes: OnBytes,
        if_match: str | None = None,  # noqa: ARG002 `replacing` looks at the bytes
    ) -> Arrived:
        """See `Writer.put_in_parts`."""
        digest, size_bytes = hashlib.sha256(), 0

        def blocks() -> Iterator[bytes]:
            nonlocal size_bytes
            for block in file.blocks():
                digest.update(block)
                size_bytes += len(block)
                on_bytes(len(block))
                yield block
            file.confirm(digest.hexdigest(), size_bytes)

        e_tag = self._put_aside(key, blocks(), create=create)
        return Arrived(size_bytes, digest.hexdigest(), e_tag)

    def _put_aside(self, key: str, data: bytes | Iterator[bytes], *, create: bool) -> str | None:
        """Writes under a name of its own, then gives it the key's; returns the ETag. Whatever fails leaves nothing."""
        aside = f"{STAGING}/{token_hex(8)}"
        try:
            obstore.put(self._store, aside, data)
            with taken_keys(key):
                obstore.rename(self._store, aside, key, overwrite=not create)
        except BaseException:
            with suppress(BaseError, OSError):
                obstore.delete(self._store, aside)
            raise
        return bare(obstore.head(self._store, key)["e_tag"] or "") or None

    @contextmanager
    def replacing(self, key: str, sha256: str) -> Iterator[None]:
        """See `Writer.replacing`. One run at a time: each keeps aside what the last one wrote."""
        staging = self._root / STAGING
        staging.mkdir(parents=True, exist_ok=True)
        with (staging / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if sha256_of_file(self._root / key) != sha256:
                raise ReplacedMeanwhileError(key)
            with suppress(AlreadyExistsError):
                # Named by its content: one that is there already is the same.
                obstore.copy(self._store, key, replaced_key(key, sha256), overwrite=False)
            yield


def replaced_key(key: str, sha256: str) -> str:
    """Where an object lies once it was replaced."""
    return f"{kept_prefix(key)}/{sha256}"


def kept_prefix(key: str) -> str:
    """Where all lie that were replaced under a key."""
    return f"{REPLACED}/{key}"


def remove_unfinished(root: Path, *, older_than_s: float) -> list[str]:
    """Removes what killed runs left: what lies aside, and what obstore had not given its name yet.

    Args:
        root: the lake's folder.
        older_than_s: younger files may be those of a run at work. With 0 all go.
    """
    limit = time.time() - older_than_s if older_than_s else math.inf
    removed = []
    for folder, _, names in os.walk(root):
        aside = Path(folder) == root / STAGING
        for name in names:
            if UNFINISHED.fullmatch(name) or (aside and name != LOCK):
                path = Path(folder, name)
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime <= limit:
                        path.unlink()
                        removed.append(str(path.relative_to(root)))
    return sorted(removed)


def open_folder(root: Path) -> tuple[LocalStore, FolderWriter]:
    """A folder as a store, and what writes to it."""
    store = LocalStore(root)
    return store, FolderWriter(store, root)
