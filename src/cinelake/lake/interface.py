"""What a place where bytes rest must do when it is written to: a folder and a bucket each do it in their own way."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from cinelake.errors import CinelakeError, ServiceError
from cinelake.lake.reading import ReadFile, SteadyFile

OnBytes = Callable[[int], None]
"""Told how many bytes have gone since the last call, from any thread. It may raise: that ends the writing, and nothing
of it stays."""


class Arrived(NamedTuple):
    """An object that lies under its final key, confirmed to be what was sent."""

    bytes: int
    sha256: str
    e_tag: str | None
    """As the store lists it."""
    version_id: str | None = None
    """Where the store keeps versions."""
    crc64nvme: str | None = None
    """Base64, of the whole object, where the store keeps it as its own checksum."""


def bare(e_tag: str) -> str:
    """An ETag without its quotes, which some answers have."""
    return e_tag.strip('"')


class Writer(Protocol):
    """Writes objects, each whole or not at all.

    Both methods raise KeyTakenError where `create` finds an object under the key, and what `cinelake.lake.failures`
    maps where the store does not do as asked.
    """

    def put_whole(self, read: ReadFile, *, content_type: str, create: bool, if_match: str | None = None) -> Arrived:
        """Writes a small object in one request; with `if_match` only over the object of that ETag (KeyTakenError)."""
        ...

    def put_in_parts(
        self,
        key: str,
        file: SteadyFile,
        *,
        content_type: str,
        create: bool,
        on_bytes: OnBytes,
        if_match: str | None = None,
    ) -> Arrived:
        """Writes a large file, with memory that does not grow with it.

        Raises:
            SourceChangedError: it changed while it was read.
            UncertainError: all of it was sent, and the service failed at the last step.
        """
        ...

    def replacing(self, key: str, sha256: str) -> AbstractContextManager[None]:
        """Inside, the object under the key may be overwritten: what it was stays, aside or as a version.

        Raises:
            ReplacedMeanwhileError: the object is not the one of this SHA-256 any more.
        """
        ...


class KeyTakenError(CinelakeError):
    """Another object lies under the key that was to be written."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key} is there already, with other content",
            "another run may be writing it; run again, or give --replace if you mean to replace it",
        )


class ReplacedMeanwhileError(CinelakeError):
    """Another run has replaced an object that was to be replaced."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} was changed by another run meanwhile; nothing was written to it", "run again")


class UncertainError(ServiceError):
    """The service says that it failed, and yet the object may lie there: by this run, or by another that met it."""
