"""Whether objects lie in the lake as their manifests recorded them."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from cinelake.lake import Lake, StoredObject
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
        stand = pool.map(lambda record: _stands(lake, record, listed.get(record.key)), wanted)
        return frozenset(record.key for record, stands in zip(wanted, stand, strict=True) if stands)


def _stands(lake: Lake, record: ObjectRecord, there: StoredObject | None) -> bool:
    if there is None or there.bytes != record.bytes:
        return False
    return there.e_tag == record.e_tag or lake.checksum(record.key) == (record.sha256, record.bytes)
