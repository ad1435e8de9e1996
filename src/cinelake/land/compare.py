"""What lies in the lake already of the files that are to be landed: from one listing, and from reading the files."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from cinelake.errors import CinelakeError
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

    Raises:
        CinelakeError: a file cannot be read any more.
    """
    by_key = {source.key: source for source in sources}
    there: dict[str, StoredObject] = {}
    with ThreadPoolExecutor(READERS, "read") as pool:
        reading = []
        # Each page's files are read while the next page is on its way.
        for page in _pages(lake, sources):
            found = [each for each in page if each.key in by_key]
            if found and not there:
                on_event(Event(STAGE, "comparing files with what is in the lake already"))
            there |= {each.key: each for each in found}
            alike = [
                (by_key[each.key], not _is_record(each, records.get(each.key)))
                for each in found
                if read_all or each.bytes == by_key[each.key].bytes
            ]
            reading += [pool.submit(_read, alike[start::READERS]) for start in range(READERS)]
        if read_all:
            others = [(source, False) for source in sources if source.key not in there]
            reading += [pool.submit(_read, others[start::READERS]) for start in range(READERS)]
        digests = {key: each for share in reading for key, each in share.result().items()}
    sha256 = {key: each.sha256 for key, each in digests.items()}
    files = [FoundFile(source.source, source.key, source.bytes, sha256.get(source.key)) for source in sources]
    present = {
        key: record
        for key, each in there.items()
        if (record := _identify(lake, each, records.get(key), digests.get(key)))
    }
    return files, present


def _pages(lake: Lake, sources: Sequence[SourceFile]) -> Iterator[list[StoredObject]]:
    for prefix in sorted({source.prefix for source in sources}) if lake.exists() else ():
        yield from lake.list_pages(prefix)


def _is_record(there: StoredObject, record: ObjectRecord | None) -> bool:
    """Whether an object in a listing is the one that a manifest tells of."""
    return record is not None and (record.bytes, record.e_tag) == (there.bytes, there.e_tag)


def _identify(
    lake: Lake, there: StoredObject, record: ObjectRecord | None, digests: Digests | None
) -> ObjectRecord | None:
    """What an object in a listing is: as a manifest has it, or by its MD5, or else by reading it."""
    if _is_record(there, record):
        return record
    if digests is not None and (there.bytes, there.e_tag) == (digests.bytes, digests.md5):
        return ObjectRecord(key=there.key, bytes=there.bytes, sha256=digests.sha256, e_tag=there.e_tag)
    found = lake.checksum(there.key)
    # None: it has gone since it was listed.
    return found and ObjectRecord(key=there.key, bytes=found[1], sha256=found[0], e_tag=there.e_tag)


def _read(sources: Sequence[tuple[SourceFile, bool]]) -> dict[str, Digests]:
    """Reads files, those that are marked for their MD5 too."""
    digests = {}
    for source, with_md5 in sources:
        try:
            digests[source.key] = read_digests(source.path, source.bytes, with_md5=with_md5)
        except OSError as error:
            raise CinelakeError(
                f"{source.source} cannot be read any more: {error.strerror}. Nothing was sent", "run the command again"
            ) from error
    return digests
