"""Every object that a manifest tells of, held against what lies there: by the listing, and by its bytes."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cinelake.enrich.interface import ORIGIN
from cinelake.lake import Event, Lake, OnEvent, StoredObject
from cinelake.lake.keys import LAYERS, RAW
from cinelake.lake.manifests import Manifest, ObjectRecord
from cinelake.verify.checks import STAGE, Check, or_words

if TYPE_CHECKING:
    from cinelake.lake.bucket import StoredVersion

READERS = 8
"""Objects read at once."""


@dataclass
class _Claims:
    """What the manifests say lies in the lake, the newest of each key; and what was replaced there."""

    newest: dict[str, ObjectRecord] = field(default_factory=dict)
    earlier: dict[str, dict[str, str]] = field(default_factory=dict)
    """By key: the manifest of each SHA-256 that was there before."""
    versions: list[ObjectRecord] = field(default_factory=list)
    """Objects that a bucket keeps as older versions."""
    aside: dict[str, str] = field(default_factory=dict)
    """SHA-256 by the key under which a folder lake keeps what was replaced."""


def check_objects(lake: Lake, manifests: Sequence[Manifest], *, deep: bool, on_event: OnEvent) -> Iterator[Check]:
    """Checks each object, each kept version, and that nothing else lies in Raw.

    In a bucket an object that is listed with the recorded size, ETag and version is the one that was written: the
    service gives another ETag to other bytes. Where they differ its bytes decide. In a folder they always do.

    Args:
        lake: there already.
        manifests: of every stage that writes.
        deep: reads every byte in a bucket too.
        on_event: told of the reading.
    """
    claims = _claims(manifests)
    layers = {layer: lake.list_layer(layer) for layer in LAYERS}
    listed = {key: each for objects in layers.values() for key, each in objects.items()}
    kept = lake.bucket is not None and (claims.versions or lake.keeps_replaced())
    versions = lake.bucket.versions() if lake.bucket is not None and kept else {}

    def check(record: ObjectRecord) -> Check:
        there = listed.get(record.key)
        current = next((each for each in versions.get(record.key, ()) if each.is_latest), None)
        if not deep and lake.bucket is not None and there is not None and _is_as_told(there, current, record):
            version = f", version {record.version_id}" if current is not None and record.version_id else ""
            told = f"{there.bytes} bytes, SHA-256 {record.sha256}; listed with its ETag {there.e_tag}{version}"
            return Check(f"object {record.key}", True, told)
        return _check_bytes(lake, record, claims)

    def tell(done: int) -> None:
        on_event(Event(STAGE, "checking objects", "progress", done, len(claims.newest), "objects"))

    with ThreadPoolExecutor(READERS) as pool:
        tell(0)
        for number, checked in enumerate(pool.map(check, claims.newest.values()), start=1):
            tell(number)
            yield checked
        kept = [ObjectRecord(key=key, bytes=-1, sha256=sha256) for key, sha256 in claims.aside.items()]
        yield from pool.map(lambda record: _check_bytes(lake, record, claims), kept)
    yield from (_check_version(record, versions) for record in claims.versions)
    yield from _check_foreign(lake, layers[RAW], claims)


def _claims(manifests: Sequence[Manifest]) -> _Claims:
    claims = _Claims()
    for manifest in sorted(manifests, key=lambda manifest: manifest.run_id):
        for key in (*manifest.detail.get("expired", {}), *manifest.detail.get("removed", {})):
            claims.newest.pop(key, None)
        for key, replaced in manifest.detail.get("replaced", {}).items():
            if replaced["kept_as"]:
                claims.aside[replaced["kept_as"]] = replaced["sha256"]
            before = claims.newest.get(key)
            if before is not None and before.version_id and before.sha256 == replaced["sha256"]:
                claims.versions.append(before)
        for record in manifest.objects:
            claims.newest[record.key] = record
            claims.earlier.setdefault(record.key, {})[record.sha256] = manifest.key
    return claims


def _is_as_told(there: StoredObject, current: "StoredVersion | None", record: ObjectRecord) -> bool:
    if current is not None and record.version_id and current.id != record.version_id:
        return False
    return (there.bytes, there.e_tag) == (record.bytes, record.e_tag)


def _check_bytes(lake: Lake, record: ObjectRecord, claims: _Claims) -> Check:
    name = f"object {record.key}"
    found = or_words(lambda: lake.checksum(record.key))
    match found:
        case None:
            return Check(name, False, "is missing")
        case str():
            return Check(name, False, found)
        case sha256, size_bytes if sha256 != record.sha256:
            earlier = claims.earlier.get(record.key, {}).get(sha256)
            if earlier is not None:
                return Check(name, False, f"an older version lies there, that of {earlier}: SHA-256 {sha256}")
            told = f"its SHA-256 is {sha256}, not the recorded {record.sha256}"
            if record.bytes not in (-1, size_bytes):
                return Check(name, False, f"holds {size_bytes} bytes, not the {record.bytes} recorded; {told}")
            return Check(name, False, f"was changed: {told}")
        case sha256, size_bytes:
            return Check(name, True, f"{size_bytes} bytes, SHA-256 {sha256}; every byte read")


def _check_version(record: ObjectRecord, versions: Mapping[str, Sequence["StoredVersion"]]) -> Check:
    """What was replaced must still be there as an older version."""
    name = f"version {record.version_id} of {record.key}"
    found = next((each for each in versions.get(record.key, ()) if each.id == record.version_id), None)
    if found is None:
        return Check(name, False, "is missing: it was replaced, and should be kept")
    same = (found.bytes, found.e_tag) == (record.bytes, record.e_tag)
    return Check(name, same, f"{found.bytes} bytes, kept" if same else "is not what was landed")


def _check_foreign(lake: Lake, raw: Mapping[str, StoredObject], claims: _Claims) -> Iterator[Check]:
    foreign = sorted(key for key in raw if key not in claims.newest)
    for key in foreign:
        told = f"{raw[key].bytes} bytes that no manifest knows of"
        yield Check(f"foreign object {key}", False, f"{told}; if a run was interrupted, run {_writer(lake, key)}")
    if not foreign:
        yield Check("foreign objects", True, f"none among the {len(raw)} of Raw")


def _writer(lake: Lake, key: str) -> str:
    """The command that writes such objects, and records one that a killed run could not."""
    name = lake.keys.parse(key)
    if name is None:
        return "cinelake land"
    return f"cinelake {'enrich' if name.origin == ORIGIN else 'land'} --date {name.date}"
