"""Manifests: the record of each run, from which everything in the lake can be followed back."""

from datetime import date, datetime
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from cinelake.errors import DataError
from cinelake.lake.runs import Run

PREFIX = "_manifests"
"""Spark and crawlers skip what starts with an underscore."""


class ObjectRecord(BaseModel):
    """One object as it was written or found."""

    model_config = ConfigDict(frozen=True)

    key: str
    bytes: int
    sha256: str
    """Hexadecimal, of the whole object."""
    e_tag: str | None = None
    """As the store gave it."""
    version_id: str | None = None
    """The version's id, where the store keeps versions."""


class Manifest(BaseModel):
    """What one run of one stage read and wrote."""

    model_config = ConfigDict(frozen=True)

    stage: str
    run_id: str
    processing_date: date
    started_at: datetime
    cinelake: str
    """The version that wrote this."""
    inputs: tuple[ObjectRecord, ...] = ()
    """Objects of the lake that were read."""
    objects: tuple[ObjectRecord, ...] = ()
    """Objects of the lake that this run answers for."""
    detail: dict[str, Any] = {}
    """What the stage counted; each stage says what is in it."""

    @property
    def key(self) -> str:
        """Where the manifest lies: `_manifests/land/2022/05/02/<run id>.json`."""
        return f"{prefix_of(self.stage, self.processing_date)}/{self.run_id}.json"

    def to_bytes(self) -> bytes:
        """JSON, UTF-8, ready to be read by a person."""
        return (self.model_dump_json(indent=1, exclude_none=True) + "\n").encode()


def manifest_of(
    run: Run,
    stage: str,
    *,
    inputs: tuple[ObjectRecord, ...] = (),
    objects: tuple[ObjectRecord, ...] = (),
    detail: dict[str, Any],
) -> Manifest:
    """The manifest of a run of a stage."""
    return Manifest(
        stage=stage,
        run_id=run.run_id,
        processing_date=run.processing_date,
        started_at=run.started_at,
        cinelake=version("cinelake"),
        inputs=inputs,
        objects=objects,
        detail=detail,
    )


def read_manifest(key: str, data: bytes) -> Manifest:
    """Parses a manifest.

    Raises:
        DataError: it is not what a run writes.
    """
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise DataError(
            f"manifest {key} cannot be read: {error.error_count()} of its fields are wrong",
            "restore it, or remove it and run the stage again",
        ) from error


def prefix_of(stage: str, day: date) -> str:
    """The prefix of a stage's manifests of one day."""
    return f"{PREFIX}/{stage}/{day:%Y/%m/%d}"


def date_of(key: str) -> date | None:
    """The processing date in a manifest's key; None for a key that is none."""
    parts = key.split("/")
    try:
        return date(*(int(part) for part in parts[2:5])) if len(parts) == 6 and key.endswith(".json") else None
    except (TypeError, ValueError):
        return None
