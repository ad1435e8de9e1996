"""The project's source files, held against what was landed of them last."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from cinelake.config import Project
from cinelake.lake.checksums import sha256_of_file
from cinelake.lake.manifests import Manifest, ObjectRecord
from cinelake.land.sources import NamedFile, list_named
from cinelake.verify.checks import Check


def check_sources(project: Project, manifests: Sequence[Manifest]) -> Iterator[Check]:
    """Checks that each file is there, was landed, and has not changed since."""
    landed: dict[str, ObjectRecord] = {}
    newest: set[str] = set()
    for manifest in sorted(manifests, key=lambda manifest: (manifest.processing_date, manifest.run_id)):
        if manifest.stage == "land":
            told = manifest.detail["sources"]
            landed |= {told[record.key]: record for record in manifest.objects}
            newest = set(told.values()) if "shard" not in manifest.detail else newest | set(told.values())
    for source in project.sources:
        found = list(list_named(str(project.directory), source.path))
        yield from (_check_source(file, landed.get(file.told)) for file in found)
        gone = newest - {file.told for file in found}
        for told in sorted(each for each in gone if source.leads_to(each) and each != source.path):
            yield Check(f"source {told}", False, f"is gone; it was landed as {landed[told].key}")


def _check_source(file: NamedFile, record: ObjectRecord | None) -> Check:
    name = f"source {file.told}"
    if record is None:
        return Check(name, False, "was not landed: run cinelake land")
    try:
        sha256 = sha256_of_file(Path(file.path))
    except OSError as error:
        return Check(name, False, f"cannot be read: {error.strerror}; it was landed as {record.key}")
    if sha256 != record.sha256:
        return Check(name, False, f"changed since it was landed as {record.key}")
    return Check(name, True, f"is {record.key}: {record.bytes} bytes, SHA-256 {sha256}")
