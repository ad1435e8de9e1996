"""The lake: one way to read and write objects, whether they rest in a folder or in a bucket."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

import obstore
from obstore.store import LocalStore, S3Store

from cinelake.config import BucketLake, FolderLake, LakeURI, Project
from cinelake.errors import CinelakeError, ConfigurationError, DataError, ServiceError
from cinelake.lake.checksums import sha256_of_blocks, sha256_of_bytes, sha256_of_file
from cinelake.lake.copies import Copies
from cinelake.lake.failures import lake_failures
from cinelake.lake.in_folder import kept_prefix, open_folder, remove_unfinished, replaced_key
from cinelake.lake.interface import (
    Arrived,
    KeyTakenError,
    OnBytes,
    ReplacedMeanwhileError,
    UncertainError,
    Writer,
    bare,
)
from cinelake.lake.keys import LAYERS, KeyTemplate
from cinelake.lake.listing import Listing
from cinelake.lake.manifests import MAKING, PREFIX, Manifest, ObjectRecord, date_of, read_manifest
from cinelake.lake.patience import Patience, persistently
from cinelake.lake.reading import WHOLE_BYTES, ReadFile, SteadyFile, read_into_memory, steady
from cinelake.lake.waiting import interruptibly, side_by_side, to_the_end

if TYPE_CHECKING:
    from obstore import ObjectMeta

    from cinelake.lake.bucket import Bucket
    from cinelake.lake.safety import OnStep

Store = LocalStore | S3Store
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
"""No upload is older; some services tell one made-up time for all, and so tell nothing of which are abandoned."""
WORTH_KEEPING_BYTES = 1 << 20
"""A smaller object is as soon fetched as its copy is linked."""
MAKING_S = 10.0
"""So long Ctrl-C waits at most for a bucket that is just being made."""
READERS = 8
"""Objects read or written at once."""


class StoredObject(NamedTuple):
    """An object as a listing shows it."""

    key: str
    bytes: int
    e_tag: str | None
    """Without quotes."""
    modified_at: datetime
    """UTC; when the store says that it was last written."""


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
        opener: Callable[[], tuple[Store, Writer]],
        bucket: "Bucket | None",
    ) -> None:
        self.uri = uri
        self.keys = keys
        """How keys are written and read."""
        self.bucket = bucket
        """The bucket's own calls; None for a folder."""
        self.is_half_made = False
        """Once it was asked whether the lake is there: whether a run was killed while it made the bucket safe."""
        self._patience = bucket.patience if bucket else Patience()
        self._copies = copies
        self._open = opener

    @classmethod
    def open(cls, project: Project, *, patience: Patience | None = None) -> Self:
        """Gets ready to use the project's lake, which need not be there yet; nothing is asked of the network.

        Args:
            project: whose lake.
            patience: with the service of a bucket; the usual one if left out.

        Raises:
            ConfigurationError: `lake.key` is no template.
            AccessError: there are no credentials for a bucket.
        """
        keys = KeyTemplate(project.lake.key)
        copies = Copies(project.work_directory / "copies")
        match project.lake_uri:
            case FolderLake() as folder:
                return cls(folder, keys, copies=copies, opener=lambda: open_folder(folder.path), bucket=None)
            case BucketLake() as uri:
                # boto3 takes longer to load than a folder lake takes to do its work; this part of it first, for it
                # calls deeply, and CPython calls slowly where a stack grows beyond one of its 16 KiB pieces.
                import botocore.compat  # noqa: F401

                from cinelake.lake.bucket import Bucket
                from cinelake.lake.in_bucket import open_bucket
                from cinelake.lake.session import open_session

                given = project.environment
                bucket = Bucket(
                    uri,
                    open_session(project),
                    endpoint_url=given.endpoint_url,
                    certificates=given.certificates,
                    patience=patience,
                )
                return cls(uri, keys, copies=copies, opener=lambda: open_bucket(bucket), bucket=bucket)

    def exists(self) -> bool:
        """Whether the folder or the bucket is there.

        Raises:
            AccessError: refused credentials, somebody else's bucket, or one in another region.
            ServiceError: the endpoint could not be reached.
        """
        return self.uri.path.is_dir() if isinstance(self.uri, FolderLake) else self._bucket_exists

    def look_again(self) -> None:
        """Forgets whether the lake is there: another run may have made it since."""
        vars(self).pop("_bucket_exists", None)

    def make(self, on_step: "OnStep" = lambda _step, _kind: None) -> None:
        """Makes the folder or the bucket, and makes a new bucket safe; one that is there is left exactly as it is.

        Args:
            on_step: told each step, and as a warning what the service lacks.
        """
        if self.exists() and not self.is_half_made:
            return
        if isinstance(self.uri, FolderLake):
            with lake_failures(f"cannot make {self}"):
                self.uri.path.mkdir(parents=True, exist_ok=True)
            on_step(f"created {self}", "step")
        elif self.bucket is not None:
            # A bucket that was left half-made would count as one that was there before.
            to_the_end(lambda: self._make_bucket(on_step), within_s=MAKING_S)

    def _make_bucket(self, on_step: "OnStep") -> None:
        from cinelake.lake.safety import make_safe

        if self.bucket is None:
            return
        if self.is_half_made:
            on_step(f"a run was killed while it made {self}; what it left undone is done", "step")
        elif self.bucket.create():
            on_step(f"created {self} in {self.bucket.region}", "step")
        else:
            self.look_again()
            return
        make_safe(self.bucket, on_step)
        self.look_again()
        self.is_half_made = False

    def is_being_made(self) -> bool:
        """Whether a run, this or another, is making the bucket safe, or was killed while it did."""
        if self.bucket is None:
            return False
        with lake_failures(f"cannot use {self}"):
            return any(each["path"] == MAKING for each in obstore.list_with_delimiter(self._store, PREFIX)["objects"])

    def demand(self) -> None:
        """Raises ConfigurationError where the lake is not there."""
        if not self.exists():
            raise ConfigurationError(
                f"there is no lake at {self}", f"run cinelake land --lake {self}, which makes it, or name another"
            )

    @cached_property
    def _bucket_exists(self) -> bool:
        """Whether the store can be listed, by the connection that the work will go through.

        Where it cannot, HeadBucket and what follows it tell why; a service that did not answer is not asked again.
        """
        bucket = self.bucket
        if bucket is None:
            return False

        def look() -> None:
            with lake_failures(f"cannot use bucket {bucket.name}"):
                found = obstore.list_with_delimiter(self._store, PREFIX)["objects"]
            limit = datetime.now(UTC) - timedelta(seconds=MAKING_S)
            self.is_half_made = any(each["path"] == MAKING and each["last_modified"] < limit for each in found)

        try:
            interruptibly(lambda: persistently(look, self._patience))
        except ServiceError:
            raise
        except CinelakeError:
            return bucket.is_there()
        return True

    @cached_property
    def _opened(self) -> tuple[Store, Writer]:
        with lake_failures(f"cannot open {self}"):
            return self._open()

    @property
    def _store(self) -> Store:
        return self._opened[0]

    @property
    def _writer(self) -> Writer:
        return self._opened[1]

    def __str__(self) -> str:
        return str(self.uri)

    # Reading

    def list_objects(self, prefix: str) -> dict[str, StoredObject]:
        """All objects below a prefix (a folder's name, without the final slash), by key."""
        return {each.key: each for page in self.list_pages(prefix) for each in page}

    def list_pages(self, prefix: str) -> Iterator[list[StoredObject]]:
        """`list_objects`, a page at a time, as the service gives them."""
        listing = Listing(self._store, prefix)

        def next_page() -> list[StoredObject]:
            with lake_failures(f"cannot list {self}/{prefix}"):
                return [
                    StoredObject(
                        entry["path"], entry["size"], bare(entry["e_tag"] or "") or None, entry["last_modified"]
                    )
                    for entry in listing.next_page()
                ]

        while page := interruptibly(lambda: persistently(next_page, self._patience)):
            yield page

    def list_layer(self, layer: str) -> dict[str, StoredObject]:
        """All objects of a layer, by key; also those whose keys are not ours, where a prefix is the layer's alone."""
        prefix, is_its_own = self.keys.layer_prefix(layer)
        found = self.list_objects(prefix)
        if is_its_own:
            return found
        return {key: each for key, each in found.items() if (name := self.keys.parse(key)) and name.layer == layer}

    def read(self, key: str) -> bytes:
        """The whole of a small object."""
        with lake_failures(f"cannot read {self}/{key}"):
            return interruptibly(lambda: bytes(obstore.get(self._store, key).bytes()))

    def checksum(self, key: str) -> tuple[str, int] | None:
        """SHA-256 and size in bytes of an object, from reading every byte; None where it is not there."""
        with lake_failures(f"cannot read {self}/{key}"):
            try:
                return interruptibly(lambda: sha256_of_blocks(self._stream(key)))
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
        return side_by_side(self.fetch, records, at_once=READERS)

    def pin_all(self, records: Iterable[ObjectRecord], folder: Path) -> list[Path]:
        """`fetch_all`, of which nothing goes while it is read: objects and copies may be removed meanwhile.

        Args:
            records: of the objects.
            folder: where they lie, as links where that can be; there already.
        """
        wanted = list(records)
        return [
            self._pin(record, path, folder / f"{record.sha256}{Path(record.key).suffix}")
            for record, path in zip(wanted, self.fetch_all(wanted), strict=True)
        ]

    def _pin(self, record: ObjectRecord, path: Path, pin: Path) -> Path:
        with lake_failures(f"cannot read {self}/{record.key}"):
            try:
                _link_or_copy(path, pin)
            except FileNotFoundError:
                # The copy was dropped with another object of the same bytes.
                _link_or_copy(self.fetch(record), pin)
        return pin

    # Writing

    def put_file(
        self,
        key: str,
        path: str | Path,
        *,
        content_type: str,
        replaces: str | None = None,
        if_match: str | None = None,
        on_bytes: OnBytes = lambda _count: None,
    ) -> ObjectRecord:
        """Writes a file, whole and unchanged, reading it once.

        Args:
            key: the final key.
            path: the file.
            content_type: MIME type, kept with the object in a bucket.
            replaces: SHA-256 of the object that may be replaced, which stays under `kept_as` or as a version; with None
                nothing may lie there, unless it has the same content.
            if_match: with `replaces`, the ETag of that object as the lake lists it: where it is another by now, and the
                service knows the condition, nothing is written (ReplacedMeanwhileError).
            on_bytes: see `OnBytes`.

        Raises:
            KeyTakenError: another object lies there. Nothing is written then.
            CinelakeError: the file cannot be read, or changed while it was sent. Nothing is written then.
        """
        with steady(path, key) as file:
            if file.size_bytes <= WHOLE_BYTES:
                read = read_into_memory(key, file, with_md5=self.bucket is not None, look=on_bytes)
                record = self.put_read(read, content_type=content_type, replaces=replaces, if_match=if_match)
                on_bytes(record.bytes)
                return record
            with lake_failures(f"cannot write {self}/{key}"):
                arrived = self._put_large(key, file, content_type, replaces, if_match, on_bytes)
        if self.bucket is not None:
            self._copies.remember(Path(path), arrived.sha256)
        return _record(key, arrived)

    def read_small(self, key: str, path: str | Path) -> ReadFile | None:
        """Reads a file for `put_read`; None where it is one that is written in parts.

        Raises:
            CinelakeError: it cannot be read, or changed while it was read.
        """
        with steady(path, key) as file:
            if file.size_bytes > WHOLE_BYTES:
                return None
            return read_into_memory(key, file, with_md5=self.bucket is not None)

    def put_read(
        self, read: ReadFile, *, content_type: str, replaces: str | None = None, if_match: str | None = None
    ) -> ObjectRecord:
        """Writes a file that `read_small` has read. See `put_file`."""
        with lake_failures(f"cannot write {self}/{read.key}"):
            if replaces is None:
                arrived = self._create(read, content_type)
            else:
                arrived = self._replace(read, content_type, replaces, if_match)
        if self.bucket is not None and arrived.bytes >= WORTH_KEEPING_BYTES:
            self._copies.remember(Path(read.path), arrived.sha256)
        return _record(read.key, arrived)

    def put_bytes(self, key: str, data: bytes, *, content_type: str) -> ObjectRecord:
        """Writes a small object; one there with other content is an error (KeyTakenError)."""
        read = ReadFile(key, "", data, sha256_of_bytes(data), None)
        with lake_failures(f"cannot write {self}/{key}"):
            return _record(key, interruptibly(lambda: self._create(read, content_type)))

    def put_all(self, objects: Mapping[str, bytes], *, content_type: str) -> list[ObjectRecord]:
        """`put_bytes` of many, side by side, in their order."""
        return side_by_side(
            lambda item: self.put_bytes(item[0], item[1], content_type=content_type), objects.items(), at_once=READERS
        )

    def confirm(self, records: Iterable[ObjectRecord]) -> None:
        """Holds objects whose ETag told nothing of their content against one listing: they are there, of their size.

        Raises:
            CinelakeError: one is not.
        """
        if self.bucket is None:
            return
        told_nothing = [each for each in records if not each.crc64nvme and "-" in (each.e_tag or "-")]
        prefixes = {record.key.rpartition("/")[0] for record in told_nothing}
        listed = {key: found for prefix in prefixes for key, found in self.list_objects(prefix).items()}
        for record in told_nothing:
            there = listed.get(record.key)
            if there is None or (there.bytes, there.e_tag) != (record.bytes, record.e_tag or there.e_tag):
                raise CinelakeError(
                    f"{self}/{record.key} is not what was sent",
                    "run the command again; if it repeats, something else writes to this key",
                )

    def keeps_replaced(self) -> bool:
        """Whether an object that is replaced stays: in a folder under `_replaced/`, in a bucket that keeps versions."""
        return self.bucket is None or self.bucket.keeps_versions()

    def kept_as(self, key: str, sha256: str) -> str | None:
        """Where an object of a folder lake lies once it was replaced; None in a bucket, which keeps it as a version."""
        return replaced_key(key, sha256) if self.bucket is None else None

    def remove_abandoned(self, *, older_than_s: float) -> list[str]:
        """Removes what runs that were killed left half-written of this lake's keys; returns whose.

        Args:
            older_than_s: what was begun later may be a run at work, and is left alone. With 0 all of it goes.
        """
        if isinstance(self.uri, FolderLake):
            with lake_failures(f"cannot tidy {self}"):
                return remove_unfinished(self.uri.path, older_than_s=older_than_s)
        limit = (
            datetime.now(UTC) - timedelta(seconds=older_than_s) if older_than_s else datetime.max.replace(tzinfo=UTC)
        )
        removed = []
        for upload in self.bucket.open_uploads() if self.bucket else ():
            abandoned = not older_than_s or SINCE < upload.initiated <= limit
            name = self.keys.parse(upload.key)
            if abandoned and name is not None and name.layer in LAYERS:
                upload.abort()
                removed.append(upload.key)
        return removed

    def remove(self, record: ObjectRecord) -> None:
        """Removes an object for good: every version, what was kept of it when it was replaced, its local copy.

        One that is not there is fine.
        """
        with lake_failures(f"cannot remove {self}/{record.key}"):
            if self.bucket is None:
                aside = self.list_objects(kept_prefix(record.key))
                for key in (record.key, *aside):
                    with suppress(FileNotFoundError):
                        obstore.delete(self._store, key)
            else:
                interruptibly(lambda: self.bucket.remove(record.key) if self.bucket else None)
        if record.sha256:
            self._copies.drop(record.sha256)

    # Manifests

    def put_manifest(self, manifest: Manifest) -> str:
        """Writes a manifest and returns its key. Written last, it makes a run count."""
        data = manifest.to_bytes()
        self.put_bytes(manifest.key, data, content_type="application/json")
        if self.bucket is not None:
            self._copies.keep(data)
        return manifest.key

    def manifests(
        self,
        stage: str,
        *,
        until: date | None = None,
        on: Literal["every date", "the newest date"] = "every date",
        from_lake: bool = False,
    ) -> list[Manifest]:
        """A stage's manifests, oldest first.

        Args:
            stage: which.
            until: those of later dates are left out.
            on: `the newest date` takes those of the newest date that has any.
            from_lake: reads each of them there, even where a local copy has the very bytes that the listing tells of.
        """
        listed = self.list_objects(f"{PREFIX}/{stage}").values()
        dated = sorted((day, each) for each in listed if (day := date_of(each.key)) and (until is None or day <= until))
        newest = dated[-1][0] if dated else None
        taken = [each for day, each in dated if on == "every date" or day == newest]
        recall = (lambda _e_tag: None) if from_lake or self.bucket is None else self._copies.recall
        found = side_by_side(lambda each: self._read_manifest(each, recall), taken, at_once=READERS)
        return [manifest for manifest in found if manifest is not None]

    def _read_manifest(self, there: StoredObject, recall: Callable[[str | None], bytes | None]) -> Manifest | None:
        """A manifest; None for one that has gone since it was listed."""
        data = recall(there.e_tag)
        if data is None:
            with lake_failures(f"cannot read {self}/{there.key}"):
                try:
                    data = bytes(obstore.get(self._store, there.key).bytes())
                except FileNotFoundError:
                    return None
            if self.bucket is not None:
                self._copies.keep(data)
        return read_manifest(there.key, data)

    # Inside

    def _put_large(
        self,
        key: str,
        file: SteadyFile,
        content_type: str,
        replaces: str | None,
        if_match: str | None,
        on_bytes: OnBytes,
    ) -> Arrived:
        if replaces is None and self._head(key) and (there := self.checksum(key)):
            # None has gone meanwhile.
            return self._as_good(key, sha256_of_file(Path(file.path)), KeyTakenError(key), there)
        replacing = nullcontext() if replaces is None else self._writer.replacing(key, replaces)
        try:
            with replacing:
                return self._writer.put_in_parts(
                    key,
                    file,
                    content_type=content_type,
                    create=replaces is None,
                    on_bytes=on_bytes,
                    if_match=self._condition(if_match) if replaces is not None else None,
                )
        except (KeyTakenError, UncertainError) as error:
            of_another = isinstance(error, KeyTakenError) and replaces is not None
            told = ReplacedMeanwhileError(key) if of_another else error
            return self._as_good(key, sha256_of_file(Path(file.path)), told)

    def _replace(self, read: ReadFile, content_type: str, replaces: str, if_match: str | None) -> Arrived:
        try:
            with self._writer.replacing(read.key, replaces):
                return self._writer.put_whole(
                    read, content_type=content_type, create=False, if_match=self._condition(if_match)
                )
        except KeyTakenError:
            # A try whose answer was lost may have done it.
            return self._as_good(read.key, read.sha256, ReplacedMeanwhileError(read.key))

    def _create(self, read: ReadFile, content_type: str) -> Arrived:
        try:
            return self._writer.put_whole(read, content_type=content_type, create=True)
        except KeyTakenError as error:
            return self._as_good(read.key, read.sha256, error)

    def _condition(self, e_tag: str | None) -> str | None:
        """The ETag on which a replacing write depends, in a bucket that never kept versions.

        Where versions are kept, what is replaced stays; and where they were ever kept Ceph 16 denies every condition.
        """
        return e_tag if self._never_kept_versions else None

    @cached_property
    def _never_kept_versions(self) -> bool:
        with suppress(CinelakeError):
            return self.bucket is not None and self.bucket.versioning() is None
        return False  # who may not ask for it need not be denied what may be done

    def _as_good(
        self,
        key: str,
        sha256: str,
        error: KeyTakenError | ReplacedMeanwhileError | UncertainError,
        there: tuple[str, int] | None = None,
    ) -> Arrived:
        """Another run may have written the very same: that is as good as our own.

        Raises:
            CinelakeError: the one that is given: it is something else.
        """

        def look() -> tuple[str, int]:
            found = there or self.checksum(key)
            if found is None or found[0] != sha256:
                raise error
            return found

        # Of a write that may have been done, or that another run is just doing, the object may yet appear.
        found = persistently(look, self._patience, where=lambda each: each is error)
        head = self._head(key)
        return Arrived(found[1], sha256, bare(head["e_tag"] or "") or None if head else None)

    def _head(self, key: str) -> "ObjectMeta | None":
        try:
            return obstore.head(self._store, key)
        except FileNotFoundError:
            return None

    def _stream(self, key: str) -> Iterator[bytes]:
        for block in obstore.get(self._store, key).stream(min_chunk_size=1 << 20):
            yield bytes(block)


def _record(key: str, arrived: Arrived) -> ObjectRecord:
    return ObjectRecord(
        key=key,
        bytes=arrived.bytes,
        sha256=arrived.sha256,
        e_tag=arrived.e_tag,
        version_id=arrived.version_id,
        crc64nvme=arrived.crc64nvme,
    )


def _link_or_copy(path: Path, to: Path) -> None:
    if to.exists():
        return
    try:
        to.hardlink_to(path)
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(path, to)
