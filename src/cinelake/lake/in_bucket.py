"""Writing to a bucket: what is small in one request, what is large in parts side by side, each confirmed by the answer.

Small objects go through obstore, which sends thousands a second. Larger ones go through boto3: it tells the id of a
multipart upload, so that one can be given up, and completes it on a condition; at megabytes a request its own work
does not count.
"""

import hashlib
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Literal

import obstore
from awscrt.checksums import combine_crc64nvme, crc64nvme
from obstore.store import S3Store

from cinelake.errors import CinelakeError
from cinelake.lake.bucket import Bucket, Evidence, Written, held_checksum, is_md5
from cinelake.lake.checksums import md5_of_bytes
from cinelake.lake.failures import DamagedError, lake_failures, taken_keys
from cinelake.lake.interface import Arrived, KeyTakenError, OnBytes, bare
from cinelake.lake.patience import damages, meets_another, persistently
from cinelake.lake.reading import ReadFile, SteadyFile
from cinelake.lake.stores import open_store
from cinelake.lake.uploads import Upload
from cinelake.lake.waiting import attended

if TYPE_CHECKING:
    from obstore import UpdateVersion

SMALL_BYTES = 1 << 20
PART_BYTES, LARGER_PART_BYTES = 8 << 20, 16 << 20
USUAL_PARTS = 32
"""Of a file that has more, the parts are larger: each costs boto3 half a millisecond."""
MAX_PARTS = 10_000
"""Of a multipart upload (Amazon S3 user guide, "Amazon S3 multipart upload limits")."""
PARTS_AT_ONCE = 4
MEMORY_BYTES = 64 << 20
"""All parts in memory, where the file is not so large that two of its parts are more than that."""
GRACE_S, MOMENT_S = 3.0, 0.2


class BucketWriter:
    """Writes objects of a bucket. See `Writer`."""

    def __init__(self, store: S3Store, bucket: Bucket) -> None:
        self._store = store
        self._bucket = bucket
        self._keeps_checksums = False
        """Once an object's checksum was seen to be kept: it was checked then, and so are those that follow."""

    def put_whole(self, read: ReadFile, *, content_type: str, create: bool, if_match: str | None = None) -> Arrived:
        """See `Writer.put_whole`."""
        put = partial(self._put_once, read, content_type, create=create, if_match=if_match)
        return persistently(put, self._bucket.patience, where=damages)

    def _put_once(self, read: ReadFile, content_type: str, *, create: bool, if_match: str | None) -> Arrived:
        """Raises DamagedError where something else arrived; that does not stay."""
        key, size_bytes = read.key, len(read.data)
        if size_bytes > SMALL_BYTES:
            checksum = _base64(crc64nvme(read.data))
            put_middle = partial(
                self._bucket.put,
                key,
                read.data,
                crc64nvme=checksum,
                sha256=read.sha256,
                content_type=content_type,
                create=create,
                if_match=if_match,
            )
            written = persistently(put_middle, self._bucket.patience, where=meets_another)
        else:
            # Where a try did arrive, the next is told that the key is taken, by the same content.
            put = partial(self._put_small, read, content_type, create=create, if_match=if_match)
            written = persistently(put, self._bucket.patience)
        try:
            self._prove(read, written)
        except DamagedError as error:
            self._take_back(key, written, error)
            raise
        return Arrived(size_bytes, read.sha256, written.e_tag, written.version_id)

    def _prove(self, read: ReadFile, written: Written) -> None:
        """Makes sure that what arrived is what was sent; of an ETag that is no MD5 a listing must do."""
        if written.crc64nvme is not None:
            checksum = _base64(crc64nvme(read.data))
            held_checksum(written.crc64nvme, checksum, f"s3://{self._bucket.name}/{read.key}")
        elif written.e_tag is not None and written.e_tag == read.md5:
            return
        elif not self._keeps_checksums and is_md5(written.e_tag or ""):
            if written.e_tag == md5_of_bytes(read.data):
                return
            # It may be encrypted, which makes its ETag no MD5: the service is asked for more.
            found = self._bucket.head(read.key, version_id=written.version_id)
            self._keeps_checksums = self._confirm(read.key, found, len(read.data), _base64(crc64nvme(read.data)))
            if not self._keeps_checksums and self._read_sha256(read.key, written.version_id) != read.sha256:
                raise _damaged(self._bucket, read.key)

    def _take_back(self, key: str, written: Written, error: DamagedError) -> None:
        """Removes what has arrived damaged."""
        try:
            self._bucket.take_back(key, written.e_tag, written.version_id)
        except CinelakeError as why:
            raise CinelakeError(why.what, "remove that object, then run again") from error

    def _put_small(self, read: ReadFile, content_type: str, *, create: bool, if_match: str | None) -> Written:
        mode: Literal["create", "overwrite"] | UpdateVersion = "create" if create else "overwrite"
        if if_match is not None:
            mode = {"e_tag": if_match}
        with lake_failures(f"cannot write s3://{self._bucket.name}/{read.key}"), taken_keys(read.key):
            result = obstore.put(
                self._store,
                read.key,
                read.data,
                attributes={"Content-Type": content_type, "sha256": read.sha256},
                mode=mode,
                use_multipart=False,
            )
        version = result["version"]
        return Written(bare(result["e_tag"] or "") or None, version if version != "null" else None)

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
        """See `Writer.put_in_parts`.

        The upload's metadata are fixed before the content is known, so the SHA-256 of an object that was sent in parts
        stands in the manifest alone; the service keeps the CRC64NVME of the whole object.
        """
        look = partial(on_bytes, 0)  # where a run that was interrupted ends, whatever the network does
        upload = attended(
            lambda: Upload(self._bucket, key, content_type=content_type),
            look,
            every_s=MOMENT_S,
            undo=Upload.abort,  # one that was asked for may yet be given
            within_s=GRACE_S,
        )
        parts = _Parts(upload.send_part, part_bytes_for(file.size_bytes), on_bytes)
        try:
            sent = parts.send(file)
            file.confirm(sent.sha256, sent.bytes)
            e_tags = [part.e_tag for part in sent.parts]
            written = attended(
                lambda: upload.complete(e_tags, crc64nvme=sent.crc64nvme, create=create, if_match=if_match),
                look,
                every_s=MOMENT_S,
            )
        except BaseException:
            # What is on its way when an upload is given up may arrive after that, and must be given up too.
            upload.abort()
            parts.wait(GRACE_S)
            upload.abort()
            raise
        found = attended(lambda: self._bucket.head(key, version_id=written.version_id), look, every_s=MOMENT_S)
        if found is not None and not _is_of(found, upload.token, written):
            raise KeyTakenError(key)  # by somebody who wrote a moment after us
        if found is not None:  # a service may tell no ETag when it completes an upload
            written = Written(found.e_tag, written.version_id)
        try:
            # Each part was confirmed by its own answer.
            self._confirm(key, found, sent.bytes, sent.crc64nvme)
        except DamagedError as error:
            self._take_back(key, written, error)
            raise
        return Arrived(
            sent.bytes,
            sent.sha256,
            written.e_tag,
            written.version_id,
            found.crc64nvme if found else None,
        )

    @contextmanager
    def replacing(self, key: str, sha256: str) -> Iterator[None]:  # noqa: ARG002 the bucket keeps what it replaces
        """See `Writer.replacing`: the bucket keeps the object as a version, or the user has asked for its loss."""
        yield

    def _confirm(self, key: str, found: Evidence | None, size_bytes: int, checksum: str) -> bool:
        """Holds what the service says of an object against what was sent; returns whether it keeps a checksum of it.

        Raises:
            DamagedError: it is another.
        """
        if found is None or found.bytes != size_bytes or found.crc64nvme not in (None, checksum):
            raise _damaged(self._bucket, key)
        return found.crc64nvme is not None

    def _read_sha256(self, key: str, version_id: str | None) -> str:
        return persistently(lambda: self._bucket.read_sha256(key, version_id=version_id), self._bucket.patience)


def _is_of(found: Evidence, token: str, written: Written) -> bool:
    """Whether what lies under a key is what this upload has written, and not what somebody wrote after it."""
    if written.version_id is not None:
        return True  # it was asked for by its version
    told = found.metadata.get("upload")
    return told == token or (told is None and found.e_tag == written.e_tag)


def _damaged(bucket: Bucket, key: str) -> DamagedError:
    return DamagedError(
        f"s3://{bucket.name}/{key} is not what was sent",
        "run the command again; if it repeats, something else writes to this key, or changes data on its way",
    )


def open_bucket(bucket: Bucket) -> tuple[S3Store, BucketWriter]:
    """A bucket as a store, and what writes to it."""
    store = open_store(bucket)
    return store, BucketWriter(store, bucket)


def part_bytes_for(size_bytes: int) -> int:
    """The size of the parts of a file: 8 to 16 MiB, or as much more as 10,000 parts need to hold it (up to 5 TiB)."""
    usual = min(max(PART_BYTES, -(-size_bytes // USUAL_PARTS)), LARGER_PART_BYTES)
    return max(usual, -(-size_bytes // MAX_PARTS))


@dataclass(frozen=True)
class _Part:
    """One part, as it arrived."""

    number: int
    bytes: int
    crc: int
    e_tag: str


class _Sent:
    """All parts in order, and the checksums of the whole."""

    def __init__(self, parts: list[_Part], sha256: str) -> None:
        self.parts, self.sha256 = parts, sha256
        self.bytes = sum(part.bytes for part in parts)
        crc = 0
        for part in parts:
            crc = combine_crc64nvme(crc, part.crc, part.bytes)
        self.crc64nvme = _base64(crc)


class _Parts:
    """Reads a file once: each part is hashed and sent from the same buffer, in threads of their own.

    There are as many buffers as fit in MEMORY_BYTES, and at least two; each is used again once its part was hashed and
    has arrived.
    """

    def __init__(self, send_part: "SendPart", part_bytes: int, on_bytes: OnBytes) -> None:
        self._send_part = send_part
        self._part_bytes = part_bytes
        self._on_bytes = on_bytes
        self._busy: dict[Future[_Part], bytearray] = {}
        self._arrived: list[_Part] = []

    def send(self, file: SteadyFile) -> _Sent:
        """Sends all of it, and returns when every part has arrived."""
        digest = hashlib.sha256()
        buffers = max(2, min(PARTS_AT_ONCE + 2, MEMORY_BYTES // self._part_bytes))
        free: deque[bytearray] = deque()
        pool = ThreadPoolExecutor(PARTS_AT_ONCE, "part")
        try:
            with _hashing(digest.update) as hash_in_order:
                for number in count(1):
                    while not free and len(self._busy) == buffers:
                        free.extend(self._collect())
                    buffer = free.popleft() if free else bytearray(self._part_bytes)
                    taken = file.read_into(buffer)
                    if taken == 0:
                        break
                    data = buffer if taken == len(buffer) else buffer[:taken]
                    self._busy[pool.submit(self._send_one, number, data, hash_in_order(data))] = buffer
                while self._busy:
                    self._collect()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return _Sent(sorted(self._arrived, key=lambda part: part.number), digest.hexdigest())

    def wait(self, timeout_s: float) -> None:
        """Waits until nothing is on its way any more, or for some seconds."""
        wait(self._busy, timeout_s)

    def _collect(self) -> list[bytearray]:
        """Waits a moment for parts to arrive; returns the buffers that became free."""
        done, _ = wait(self._busy, MOMENT_S, FIRST_COMPLETED)
        self._on_bytes(0)  # where a run that was interrupted ends, whatever the network does
        self._arrived += [future.result() for future in done]
        return [self._busy.pop(future) for future in done]

    def _send_one(self, number: int, data: bytearray, hashed: "Future[None]") -> _Part:
        crc = crc64nvme(data)  # type: ignore[arg-type]  # any buffer will do
        e_tag = self._send_part(number, data, _base64(crc))
        hashed.result()
        self._on_bytes(len(data))
        return _Part(number, len(data), crc, e_tag)


SendPart = Callable[[int, bytearray, str], str]
"""Sends a part by its number, with its CRC64NVME in base64; returns its ETag."""


@contextmanager
def _hashing(update: Callable[[bytearray], None]) -> Iterator[Callable[[bytearray], "Future[None]"]]:
    """A thread that takes pieces in their order; the future of each is done once it may be overwritten."""
    queue: SimpleQueue[tuple[bytearray, Future[None]] | None] = SimpleQueue()

    def work() -> None:
        while (item := queue.get()) is not None:
            data, done = item
            update(data)
            done.set_result(None)

    def hash_in_order(data: bytearray) -> "Future[None]":
        done: Future[None] = Future()
        queue.put((data, done))
        return done

    thread = Thread(target=work, name="hash", daemon=True)
    thread.start()
    try:
        yield hash_in_order
    finally:
        queue.put(None)
        thread.join()


def _base64(crc: int) -> str:
    return b64encode(crc.to_bytes(8, "big")).decode()
