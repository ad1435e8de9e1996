"""What lies in the lake already of the files that are to be landed: from one listing, and from reading the files."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

from cinelake.errors import CinelakeError
from cinelake.lake import Event, Lake, OnEvent, StoredObject
from cinelake.lake.checksums import Digests, read_digests
from cinelake.lake.manifests import Manifest, ObjectRecord
from cinelake.lake.waiting import side_by_side
from cinelake.land.plan import FoundFile
from cinelake.land.send import STAGE
from cinelake.land.sources import SourceFile

READERS = 2
"""Files read at once: the disk and SHA-256 are the work, and Python's lock is held between."""


class Found(NamedTuple):
    """What a lake answers, once it does."""

    exists: "Future[bool]"
    """Whether it is there; nothing is in one that is not."""
    landings: "Future[list[Manifest]]"
    """The manifests of the newest date."""
    objects: "Future[dict[str, StoredObject]]"
    """By key."""


@contextmanager
def looking(lake: Lake, prefixes: Collection[str], *, until: date) -> Iterator[Found]:
    """Asks a lake what lies there already, in a thread of its own: meanwhile the files can be found.

    Args:
        lake: of one that is not there nothing is asked.
        prefixes: of the objects' keys.
        until: see `Lake.manifests`.
    """
    pool = ThreadPoolExecutor(1, "look")
    try:
        exists = pool.submit(lake.exists)
        yield Found(
            exists,
            pool.submit(lambda: lake.manifests(STAGE, until=until, on="the newest date") if exists.result() else []),
            pool.submit(lambda: list_all(lake, prefixes) if exists.result() else {}),
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def compare_files(
    lake: Lake,
    sources: Sequence[SourceFile],
    records: Mapping[str, ObjectRecord],
    objects: "Future[dict[str, StoredObject]]",
    *,
    read_all: bool,
    on_event: OnEvent,
) -> tuple[list[FoundFile], dict[str, ObjectRecord]]:
    """Holds files against what lies under their keys, by content: no file is trusted for its time.

    Args:
        lake: where the objects lie.
        sources: the files. One that has no object of its size there is read only when it is sent.
        records: the objects by key, as the newest manifests have them.
        objects: that lie there.
        read_all: reads every file.
        on_event: told of the reading.

    Returns:
        The files, those that were read with their checksum, and the objects that lie under their keys.

    Raises:
        CinelakeError: a file cannot be read any more.
    """
    pool = ThreadPoolExecutor(READERS, "read")
    reading: list[Future[dict[str, Digests]]] = []

    def begin_to_read(files: Sequence[SourceFile], *, with_md5: bool) -> None:
        shares = (files[start::READERS] for start in range(READERS))
        reading.extend(pool.submit(read_files, share, with_md5=with_md5) for share in shares if share)

    try:
        # What manifests tell of most likely still lies there: it is read while the lake may still be listing.
        begin_to_read([each for each in sources if read_all or is_of_size(each, records.get(each.key))], with_md5=False)
        listed = objects.result()
        there = {source.key: listed[source.key] for source in sources if source.key in listed}
        if there:
            on_event(Event(STAGE, "comparing files with what is in the lake already"))
        strangers = {key for key, each in there.items() if not _is_record(each, records.get(key))}
        begin_to_read(
            [each for each in sources if each.key in strangers and is_of_size(each, there[each.key])], with_md5=True
        )
        digests = {key: each for share in reading for key, each in share.result().items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    sha256 = {key: each.sha256 for key, each in digests.items()}
    files = [FoundFile(source.source, source.key, source.bytes, sha256.get(source.key)) for source in sources]
    present = {key: records[key] for key in there if key not in strangers}
    for key in strangers:
        if (record := _identify(lake, there[key], digests.get(key))) is not None:
            present[key] = record
    return files, present


def list_all(lake: Lake, prefixes: Collection[str]) -> dict[str, StoredObject]:
    """All objects below some prefixes, by key."""
    return {key: each for prefix in prefixes for key, each in lake.list_objects(prefix).items()}


def is_of_size(source: SourceFile, other: ObjectRecord | StoredObject | None) -> bool:
    """Whether an object has as many bytes as a file: others need not be compared."""
    return other is not None and other.bytes == source.bytes


def _is_record(there: StoredObject, record: ObjectRecord | None) -> bool:
    """Whether an object in a listing is the one that a manifest tells of."""
    return record is not None and (record.bytes, record.e_tag) == (there.bytes, there.e_tag)


def _identify(lake: Lake, there: StoredObject, digests: Digests | None) -> ObjectRecord | None:
    """What an object in a listing is that no manifest tells of: by its MD5, or else by reading it."""
    if digests is not None and (there.bytes, there.e_tag) == (digests.bytes, digests.md5):
        return ObjectRecord(key=there.key, bytes=there.bytes, sha256=digests.sha256, e_tag=there.e_tag)
    found = lake.checksum(there.key)
    # None: it has gone since it was listed.
    return found and ObjectRecord(key=there.key, bytes=found[1], sha256=found[0], e_tag=there.e_tag)


def read_all(sources: Sequence[SourceFile]) -> dict[str, Digests]:
    """The checksums of files, by key; some are read at once.

    Raises:
        CinelakeError: a file cannot be read any more.
    """
    shares = [sources[start::READERS] for start in range(READERS)]
    read = side_by_side(lambda share: read_files(share, with_md5=False), shares, at_once=READERS)
    return {key: each for share in read for key, each in share.items()}


def read_files(sources: Sequence[SourceFile], *, with_md5: bool) -> dict[str, Digests]:
    """The checksums of files, by key.

    Raises:
        CinelakeError: a file cannot be read any more.
    """
    digests = {}
    for source in sources:
        try:
            digests[source.key] = read_digests(source.path, source.bytes, with_md5=with_md5)
        except OSError as error:
            raise CinelakeError(
                f"{source.source} cannot be read any more: {error.strerror}. Nothing was sent", "run the command again"
            ) from error
    return digests
