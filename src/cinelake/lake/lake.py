"""The lake: one way to read and write objects, whether they rest in a folder or in a bucket."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Literal, Self

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, S3Store

from cinelake.config import BucketLake, FolderLake, LakeURI, Project
from cinelake.errors import CinelakeError, ConfigurationError, DataError
from cinelake.lake.checksums import (
    SourceChangedError,
    checked_blocks,
    read_blocks,
    sha256_of_blocks,
    sha256_of_bytes,
    sha256_of_file,
)
from cinelake.lake.copies import Copies
from cinelake.lake.failures import lake_failures
from cinelake.lake.keys import KeyTemplate
from cinelake.lake.manifests import PREFIX, Manifest, ObjectRecord, date_of, read_manifest

if TYPE_CHECKING:
    from cinelake.lake.bucket import Bucket

Store = LocalStore | S3Store
REPLACED = "_replaced"
"""Prefix in a folder lake below which replaced objects are kept."""
STAGING = "_staging"
"""Prefix in a folder lake below which objects lie while they are written in parts."""
PART_BYTES = 8 << 20
MAX_PARTS = 10_000
"""Of a multipart upload (Amazon S3 user guide, "Amazon S3 multipart upload limits")."""
READERS = 8
"""Objects read or written at once."""


@dataclass(frozen=True)
class StoredObject:
    """An object as a listing shows it."""

    key: str
    bytes: int
    e_tag: str | None


class Lake:
    """A folder or a bucket that holds layers. Make one with `Lake.open`.

    Every write is atomic: a final key holds a whole object or nothing. Every method raises the errors of
    `cinelake.lake.failures` where the store does not do as asked.
    """

    def __init__(
        self,
        uri: LakeURI,
        keys: KeyTemplate,
        *,
        copies: Copies,
        open_store: Callable[[], Store],
        bucket: "Bucket | None",
    ) -> None:
        self.uri = uri
        self.keys = keys
        """How keys are written and read."""
        self.bucket = bucket
        """The bucket's own calls; None for a folder."""
        self._copies = copies
        self._open_store = open_store

    @classmethod
    def open(cls, project: Project) -> Self:
        """Gets ready to use the project's lake, which need not be there yet; nothing is asked of the network.

        Raises:
            ConfigurationError: `lake.key` is no template.
            AccessError: there are no credentials for a bucket.
        """
        keys = KeyTemplate(project.lake.key)
        copies = Copies(project.work_directory / "copies")
        match project.lake_uri:
            case FolderLake() as folder:
                return cls(folder, keys, copies=copies, open_store=lambda: LocalStore(folder.path), bucket=None)
            case BucketLake() as uri:
                # boto3 takes longer to load than a folder lake takes to do its work.
                from cinelake.lake.bucket import Bucket, open_session
                from cinelake.lake.stores import open_bucket

                endpoint, region = project.environment.endpoint_url, project.region
                session = open_session(project)
                return cls(
                    uri,
                    keys,
                    copies=copies,
                    open_store=lambda: open_bucket(uri, session, region=region, endpoint_url=endpoint),
                    bucket=Bucket(uri, session, region=region, endpoint_url=endpoint),
                )

    def exists(self) -> bool:
        """Whether the folder or the bucket is there.

        Raises:
            AccessError: refused credentials, or somebody else's bucket.
            ConfigurationError: the bucket is in another region.
            ServiceError: the endpoint could not be reached.
        """
        return self.uri.path.is_dir() if isinstance(self.uri, FolderLake) else self._bucket_exists

    def make(self) -> None:
        """Makes the folder or the bucket; one that is there is left exactly as it is."""
        if self.exists():
            return
        if isinstance(self.uri, FolderLake):
            with lake_failures(f"cannot make {self}"):
                self.uri.path.mkdir(parents=True, exist_ok=True)
        elif self.bucket is not None:
            self.bucket.create()
            del self._bucket_exists

    def demand(self) -> None:
        """Raises ConfigurationError where the lake is not there."""
        if not self.exists():
            raise ConfigurationError(
                f"there is no lake at {self}", "run cinelake land, which makes it, or name another with --lake"
            )

    @cached_property
    def _bucket_exists(self) -> bool:
        return self.bucket is not None and self.bucket.is_there()

    @cached_property
    def _store(self) -> Store:
        with lake_failures(f"cannot open {self}"):
            return self._open_store()

    def __str__(self) -> str:
        return str(self.uri)

    # Reading

    def list_objects(self, prefix: str) -> dict[str, StoredObject]:
        """All objects below a prefix (a folder's name, without the final slash), by key."""
        with lake_failures(f"cannot list {self}/{prefix}"):
            return {
                entry["path"]: StoredObject(entry["path"], entry["size"], entry["e_tag"])
                for batch in obstore.list(self._store, prefix=prefix)
                for entry in batch
            }

    def read(self, key: str) -> bytes:
        """The whole of a small object."""
        with lake_failures(f"cannot read {self}/{key}"):
            return bytes(obstore.get(self._store, key).bytes())

    def checksum(self, key: str) -> tuple[str, int] | None:
        """SHA-256 and size in bytes of an object, from reading every byte; None where it is not there."""
        with lake_failures(f"cannot read {self}/{key}"):
            try:
                return sha256_of_blocks(self._stream(key))
            except FileNotFoundError:
                return None

    def fetch(self, record: ObjectRecord) -> Path:
        """A local copy of an object whose every byte was checked.

        An object of a folder lake is its own copy. Copies of a bucket's objects are kept by their checksum.

        Raises:
            DataError: the object is not the one that was recorded.
        """
        with lake_failures(f"cannot read {self}/{record.key}"):
            if isinstance(self.uri, FolderLake):
                path = self.uri.path / record.key
                if sha256_of_file(path) == record.sha256:
                    return path
            elif copy := self._copies.find(record.sha256) or self._copies.save(record.sha256, self._stream(record.key)):
                return copy
        raise DataError(
            f"{self}/{record.key} is not the object that was recorded: its SHA-256 is another one",
            "run cinelake verify to see what changed, then land or build it again",
        )

    def fetch_all(self, records: Iterable[ObjectRecord]) -> list[Path]:
        """`fetch` of many, side by side, in their order."""
        with ThreadPoolExecutor(READERS) as pool:
            return list(pool.map(self.fetch, records))

    # Writing

    def put_file(self, key: str, path: Path, sha256: str, *, content_type: str, replace: bool = False) -> ObjectRecord:
        """Writes a file, whole and unchanged.

        Args:
            key: the final key.
            path: the file.
            sha256: its checksum as read before; the bytes that are sent are held against it on their way.
            content_type: MIME type, kept with the object in a bucket.
            replace: overwrites what is there; otherwise an object there with other content is an error.

        Raises:
            KeyTakenError: another object lies there. Nothing is written then.
            CinelakeError: the file changed while it was sent. Nothing is written then.
        """
        size_bytes = path.stat().st_size
        blocks = checked_blocks(read_blocks(path), sha256)
        try:
            record = self._put(key, blocks, size_bytes, sha256, content_type=content_type, replace=replace)
        except SourceChangedError as error:
            raise CinelakeError(
                f"{path.name} changed while it was being read; nothing was written to {key}",
                "wait until whatever writes it has finished, then run again",
            ) from error
        if self.bucket is not None:
            self._copies.remember(path, sha256)
        return record

    def put_bytes(self, key: str, data: bytes, *, content_type: str) -> ObjectRecord:
        """Writes a small object; one there with other content is an error (KeyTakenError)."""
        return self._put(key, iter([data]), len(data), sha256_of_bytes(data), content_type=content_type, replace=False)

    def put_all(self, objects: Mapping[str, bytes], *, content_type: str) -> list[ObjectRecord]:
        """`put_bytes` of many, side by side, in their order."""
        with ThreadPoolExecutor(READERS) as pool:
            return list(
                pool.map(lambda item: self.put_bytes(item[0], item[1], content_type=content_type), objects.items())
            )

    def keeps_replaced(self) -> bool:
        """Whether an object that is replaced stays: in a folder under `_replaced/`, in a bucket that keeps versions."""
        return self.bucket is None or self.bucket.keeps_versions()

    def keep_aside(self, key: str, sha256: str) -> str | None:
        """Copies an object of a folder lake below `_replaced/`; returns where. A bucket keeps it as a version: None."""
        if self.bucket is not None:
            return None
        aside = f"{REPLACED}/{key}/{sha256}"
        with lake_failures(f"cannot keep {self}/{key} as {aside}"):
            obstore.copy(self._store, key, aside)
        return aside

    # Manifests

    def put_manifest(self, manifest: Manifest) -> str:
        """Writes a manifest and returns its key. Written last, it makes a run count."""
        self.put_bytes(manifest.key, manifest.to_bytes(), content_type="application/json")
        return manifest.key

    def manifests(
        self, stage: str, *, until: date | None = None, on: Literal["every date", "the newest date"] = "every date"
    ) -> list[Manifest]:
        """A stage's manifests, oldest first.

        Args:
            stage: which.
            until: those of later dates are left out.
            on: `the newest date` takes those of the newest date that has any.
        """
        dated = [(day, key) for key in self.list_objects(f"{PREFIX}/{stage}") if (day := date_of(key))]
        dated = [(day, key) for day, key in sorted(dated) if until is None or day <= until]
        if on == "the newest date" and dated:
            dated = [(day, key) for day, key in dated if day == dated[-1][0]]
        with ThreadPoolExecutor(READERS) as pool:
            return list(pool.map(lambda pair: read_manifest(pair[1], self.read(pair[1])), dated))

    # Inside

    def _put(
        self, key: str, blocks: Iterator[bytes], size_bytes: int, sha256: str, *, content_type: str, replace: bool
    ) -> ObjectRecord:
        part_bytes = max(PART_BYTES, -(-size_bytes // MAX_PARTS))
        in_parts = size_bytes > part_bytes
        # What is written in parts cannot be written on a condition. A folder can rename on one; a bucket cannot, so
        # there the last of two that begin at once wins.
        aside = f"{STAGING}/{token_hex(8)}" if in_parts and not replace and self.bucket is None else None
        with lake_failures(f"cannot write {self}/{key}"):
            try:
                if in_parts and not replace and self._is_there(key):
                    raise AlreadyExistsError
                result = obstore.put(
                    self._store,
                    aside or key,
                    blocks,
                    # A folder has no attributes.
                    attributes={"Content-Type": content_type, "sha256": sha256} if self.bucket else None,
                    mode="overwrite" if replace or in_parts else "create",
                    use_multipart=in_parts,
                    chunk_size=part_bytes,
                )
                if aside:
                    self._move_into_place(aside, key)
                # Some servers answer a multipart upload without an ETag, or with another than they list.
                e_tag = obstore.head(self._store, key)["e_tag"] if in_parts else result["e_tag"]
            except AlreadyExistsError as error:
                # Another run may have written the very same: that is as good as our own.
                if self.checksum(key) != (sha256, size_bytes):
                    raise KeyTakenError(self, key) from error
                head = obstore.head(self._store, key)
                return ObjectRecord(key=key, bytes=size_bytes, sha256=sha256, e_tag=head["e_tag"])
        return ObjectRecord(
            key=key,
            bytes=size_bytes,
            sha256=sha256,
            e_tag=e_tag,
            version_id=result["version"] if result["version"] != "null" else None,
        )

    def _move_into_place(self, aside: str, key: str) -> None:
        """Renames, unless the key is taken (AlreadyExistsError); what lies aside is gone either way."""
        try:
            obstore.rename(self._store, aside, key, overwrite=False)
        except AlreadyExistsError:
            obstore.delete(self._store, aside)
            raise

    def _is_there(self, key: str) -> bool:
        try:
            obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        return True

    def _stream(self, key: str) -> Iterator[bytes]:
        for block in obstore.get(self._store, key).stream(min_chunk_size=1 << 20):
            yield bytes(block)


class KeyTakenError(CinelakeError):
    """Another object lies under the key that was to be written."""

    def __init__(self, lake: Lake, key: str) -> None:
        super().__init__(
            f"{lake}/{key} is there already, with other content",
            "another run may be writing it; run again, or give --replace if you mean to replace it",
        )
