"""What a landing will do, decided from what was found; touches nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from cinelake.errors import CinelakeError
from cinelake.lake.manifests import ObjectRecord

NAMED = 3
"""Files named in an error; the rest are counted."""


class FoundFile(NamedTuple):
    """A source file."""

    source: str
    """As `lake.toml` leads to it."""
    key: str
    """Where it is to lie."""
    bytes: int
    sha256: str | None = None
    """Where it had to be read to compare it with what lies under its key."""


class PlannedObject(NamedTuple):
    """What will happen to one file."""

    file: FoundFile
    action: Literal["upload", "replace", "unchanged"]
    replaces: str | None = None
    """With `replace`: SHA-256 of the object that lies there now."""
    e_tag: str | None = None
    """With `replace`: its ETag, as the lake lists it."""


@dataclass(frozen=True)
class LandingPlan:
    """What will happen, file by file, in the order of `lake.toml`."""

    objects: tuple[PlannedObject, ...]

    @cached_property
    def to_send(self) -> tuple[PlannedObject, ...]:
        """What is not in the lake yet."""
        return tuple(planned for planned in self.objects if planned.action != "unchanged")

    @property
    def bytes_to_send(self) -> int:
        """Of the files that are not in the lake yet."""
        return sum(planned.file.bytes for planned in self.to_send)

    @cached_property
    def replacements(self) -> tuple[PlannedObject, ...]:
        """Files that changed since they were landed for this date."""
        return tuple(planned for planned in self.objects if planned.action == "replace")


def plan_landing(files: Sequence[FoundFile], present: Mapping[str, ObjectRecord]) -> LandingPlan:
    """Content decides, never the clock.

    Args:
        files: the sources; those whose size is that of the object under their key have a checksum.
        present: the objects that lie under the files' keys.
    """
    return LandingPlan(tuple(_planned(file, present.get(file.key)) for file in files))


def refuse_loss(plan: LandingPlan, recorded: Mapping[str, str]) -> None:
    """Refuses a plan that would lose what lies in the lake.

    Args:
        plan: where no replaced object stays.
        recorded: SHA-256 by key, as the manifests have it.

    Raises:
        CinelakeError: a file changed since it was landed for this date, or its object did.
    """
    changed = plan.replacements
    if not changed:
        return
    key, source = changed[0].file.key, ", ".join(planned.file.source for planned in changed[:NAMED])
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    if recorded.get(key, changed[0].replaces) != changed[0].replaces:
        raise CinelakeError(
            f"{key} is not the object that was landed of {source}{more}: something else wrote it, "
            "and this bucket keeps no versions",
            "run cinelake verify to see what changed; --replace puts the file there again",
        )
    raise CinelakeError(
        f"{source}{more} changed since it was landed at {key}, and this bucket keeps no versions: "
        "the object there would be lost. Nothing was sent",
        "turn on the bucket's versioning, land for another --date, or give --replace",
    )


def _planned(file: FoundFile, there: ObjectRecord | None) -> PlannedObject:
    if there is None:
        return PlannedObject(file, "upload")
    if (there.bytes, there.sha256) == (file.bytes, file.sha256):
        return PlannedObject(file, "unchanged")
    return PlannedObject(file, "replace", replaces=there.sha256, e_tag=there.e_tag)
