"""What a landing will do, decided from what was found; touches nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cinelake.errors import CinelakeError


@dataclass(frozen=True)
class FoundFile:
    """A source file, read once for its checksum."""

    source: str
    """As `lake.toml` writes it."""
    key: str
    """Where it is to lie."""
    bytes: int
    sha256: str


@dataclass(frozen=True)
class PlannedObject:
    """What will happen to one file."""

    file: FoundFile
    action: Literal["upload", "replace", "unchanged"]
    replaces: str | None = None
    """With `replace`: SHA-256 of the object that lies there now."""


@dataclass(frozen=True)
class LandingPlan:
    """What will happen, file by file, in the order of `lake.toml`."""

    objects: tuple[PlannedObject, ...]

    @property
    def bytes_to_send(self) -> int:
        """Of the files that are not in the lake yet."""
        return sum(planned.file.bytes for planned in self.objects if planned.action != "unchanged")


def plan_landing(
    files: Sequence[FoundFile], present: Mapping[str, str], *, keeps_replaced: bool, replace: bool
) -> LandingPlan:
    """Content decides, never the clock.

    Args:
        files: the sources.
        present: SHA-256 by key of the objects that lie under the files' keys.
        keeps_replaced: whether the lake keeps an object that is replaced.
        replace: whether the user gave `--replace`.

    Raises:
        CinelakeError: a file changed since it was landed for this date, and its object would be lost.
    """
    objects = tuple(_planned(file, present.get(file.key)) for file in files)
    lost = [planned.file for planned in objects if planned.action == "replace"]
    if lost and not keeps_replaced and not replace:
        raise CinelakeError(
            f"{', '.join(file.source for file in lost)} changed since it was landed at {lost[0].key}, "
            "and this bucket keeps no versions: the object there would be lost",
            "turn on the bucket's versioning, land for another --date, or give --replace",
        )
    return LandingPlan(objects)


def _planned(file: FoundFile, there: str | None) -> PlannedObject:
    if there is None:
        return PlannedObject(file, "upload")
    if there == file.sha256:
        return PlannedObject(file, "unchanged")
    return PlannedObject(file, "replace", replaces=there)
