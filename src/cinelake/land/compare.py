"""What lies in the lake already of the files that are to be landed: from one listing, and from reading the files."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from cinelake.lake import Event, Lake, OnEvent, StoredObject
from cinelake.lake.checksums import Digests, read_digests
from cinelake.lake.manifests import ObjectRecord
from cinelake.land.plan import FoundFile
from cinelake.land.send import STAGE
from cinelake.land.sources import SourceFile

READERS = 2
"""Files read at once: the disk and SHA-256 are the work, and Python's lock is held between."""


def compare_files(
    lake: Lake,
    sources: Sequence[SourceFile],
    records: Mapping[str, ObjectRecord],
    *,
    read_all: bool,
    on_event: OnEvent,
) -> tuple[list[FoundFile], dict[str, ObjectRecord]]:
    """Holds files against what lies under their keys, by content: no file is trusted for its time.

    Args:
        lake: it need not be there.
        sources: the files. One that has no object of its size there is read only when it is sent.
        records: the objects by key, as the newest manifests have them.
        read_all: reads every file.
        on_event: told of the reading.

    Returns:
        The files, those that were read with their checksum, and the objects that lie under their keys.
    """
    prefixes = sorted({source.prefix for source in sources}) if lake.exists() else []
    there = {key: found for prefix in prefixes for key, found in lake.list_objects(prefix).items()}
    to_read = [
        (source, not _is_record(there.get(source.key), records.get(source.key)))
        for source in sources
        if read_all or (source.key in there and there[source.key].bytes == source.bytes)
    ]
    digests = _read(to_read, on_event)
    files = [
        FoundFile(
            source.source, source.key, source.bytes, digests[source.key].sha256 if source.key in digests else None
        )
        for source in sources
    ]
    present = {
        source.key: found
        for source in sources
        if source.key in there
        and (found := _identify(lake, there[source.key], records.get(source.key), digests.get(source.key)))
    }
    return files, present


def _is_record(there: StoredObject | None, record: ObjectRecord | None) -> bool:
    """Whether an object in a listing is the one that a manifest tells of."""
    return there is not None and record is not None and (record.bytes, record.e_tag) == (there.bytes, there.e_tag)


def _identify(
    lake: Lake, there: StoredObject, record: ObjectRecord | None, digests: Digests | None
) -> ObjectRecord | None:
    """What an object in a listing is: as a manifest has it, or by its MD5, or else by reading it."""
    if record is not None and _is_record(there, record):
        return record
    if digests is not None and (there.bytes, there.e_tag) == (digests.bytes, digests.md5):
        return ObjectRecord(key=there.key, bytes=there.bytes, sha256=digests.sha256, e_tag=there.e_tag)
    found = lake.checksum(there.key)
    # None: it has gone since it was listed.
    return found and ObjectRecord(key=there.key, bytes=found[1], sha256=found[0], e_tag=there.e_tag)


def _read(sources: Sequence[tuple[SourceFile, bool]], on_event: OnEvent) -> dict[str, Digests]:
    """Reads files, those that are marked for their MD5 too; each worker takes every n-th."""
    if not sources:
        return {}
    what = sources[0][0].source if len(sources) == 1 else f"{len(sources):,} files"
    on_event(Event(STAGE, f"reading {what}"))

    def read(share: Sequence[tuple[SourceFile, bool]]) -> dict[str, Digests]:
        return {source.key: read_digests(source.path, with_md5=with_md5) for source, with_md5 in share}

    with ThreadPoolExecutor(READERS, "read") as pool:
        shares = list(pool.map(read, [sources[start::READERS] for start in range(READERS)]))
    return {key: digests for share in shares for key, digests in share.items()}
