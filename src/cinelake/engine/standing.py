"""Whether objects lie in the lake as their manifests recorded them."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from cinelake.lake import Lake
from cinelake.lake.manifests import ObjectRecord

READERS = 8
"""Prefixes listed, or objects read, at once."""


def standing_keys(lake: Lake, records: Iterable[ObjectRecord]) -> frozenset[str]:
    """Keys of the objects that are there as recorded, by listing; one is read only where its e_tag is another.

    A copy of a whole lake gives every object another e_tag, while its bytes are the same.
    """
    wanted = list(records)
    with ThreadPoolExecutor(READERS) as pool:
        prefixes = {record.key.rpartition("/")[0] for record in wanted}
        listed = {key: there for found in pool.map(lake.list_objects, prefixes) for key, there in found.items()}
        there = [record for record in wanted if record.key in listed and listed[record.key].bytes == record.bytes]
        # Of thousands of objects hardly one is read: only those take a thread.
        doubtful = [record for record in there if listed[record.key].e_tag != record.e_tag]
        read = pool.map(lambda record: lake.checksum(record.key) == (record.sha256, record.bytes), doubtful)
        changed = {record.key for record, same in zip(doubtful, read, strict=True) if not same}
    return frozenset(record.key for record in there if record.key not in changed)
