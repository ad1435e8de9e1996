"""Manifests: the record of each run, from which everything in the lake can be followed back."""

from collections.abc import Sequence
from datetime import date, datetime
from importlib.metadata import version
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from cinelake.errors import DataError
from cinelake.lake.runs import Run

PREFIX = "_manifests"
"""Spark and crawlers skip what starts with an underscore."""
MAKING = f"{PREFIX}/.trial"
"""Key of a small object that lies in a new bucket until it is safe, and shows that it can be written to."""


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
    crc64nvme: str | None = None
    """Base64, of the whole object, where the store keeps it as its own checksum."""


class _Detail(BaseModel):
    """What a stage tells besides its objects; it may tell more than is demanded here."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)


class Replaced(_Detail):
    """An object that a landing replaced."""

    sha256: str
    kept_as: str | None
    """Its key, in a folder lake."""
    version_id: str | None = None
    """Its version, in a bucket, where a manifest has told it."""


class LandDetail(_Detail):
    """Of `land`."""

    sources: dict[str, str]
    """The path of each key's source, as `lake.toml` writes it."""
    replaced: dict[str, Replaced]
    """By key."""
    previous: str | None = None
    """Key of the newest manifest before: the chain of what followed what."""
    shard: str | None = None
    """With `--shard`: whose share this is, as in 1/4; those of one count answer for the files together."""


class Records(_Detail):
    """What one object of TMDB records holds."""

    kind: str
    titles: dict[str, str]
    """A checksum of each title's record, by IMDb id, in the order of the file."""
    asked_at: datetime | None = None
    """When TMDB was asked; None for records of a snapshot, whose age nobody knows."""


class EnrichDetail(_Detail):
    """Of `enrich`."""

    records: dict[str, Records]
    """By key."""
    genres: list[str] = []
    """Those all of whose titles were looked up."""
    asked_at: datetime | None = None
    """When TMDB was asked for the first of these titles."""
    missing: dict[str, list[str]] = {}
    """IMDb ids of the titles that TMDB does not know, by kind."""
    failed: dict[str, str] = {}
    """Why nothing is known of a title, by IMDb id."""


class TableDetail(_Detail):
    """One table of a build."""

    layer: str
    table: str
    rows: int
    files: int = 1
    """Objects that it lies in."""
    about: str = ""
    """What one row is."""
    columns: dict[str, str] = {}
    """What each column holds, by name, as far as the model says it."""
    types: dict[str, str] = {}
    """The type of each column in its order, by name, in DuckDB's words."""


class SourceDetail(_Detail):
    """Where a dataset's rows went."""

    dataset: str
    rows_in: int
    rows_out: int
    rows_rejected: int
    ignored_columns: dict[str, list[str]] = {}
    """Columns that no table keeps, by key of the file that has them."""


class BuildDetail(_Detail):
    """Of `build`."""

    fingerprint: str
    tables: list[TableDetail]
    """In the order of the manifest's objects, of which each has as many as its files."""
    sources: list[SourceDetail]
    titles: dict[str, int]
    """Titles by kind."""


class AnswerDetail(_Detail):
    """One answer."""

    sha256: str
    parameters: dict[str, Any]


class AskDetail(_Detail):
    """Of `ask`."""

    build: str
    answers: dict[str, AnswerDetail]


class ExpireDetail(_Detail):
    """Of `expire`."""

    expired: dict[str, datetime]
    """When TMDB was asked, by the key that was removed."""
    removed: dict[str, str] = {}
    """The run id of the build, by the key of a table of its that was removed."""


DETAILS: dict[str, type[_Detail]] = {
    "land": LandDetail,
    "enrich": EnrichDetail,
    "build": BuildDetail,
    "ask": AskDetail,
    "expire": ExpireDetail,
}


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
    """What the stage counted; `DETAILS` says what is in it."""

    @model_validator(mode="after")
    def _detail_is_its_stage_s(self) -> Self:
        if self.stage in DETAILS:
            DETAILS[self.stage].model_validate(self.detail)
        return self

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


def counted_landings(manifests: Sequence[Manifest]) -> list[Manifest]:
    """Of the landings of one date, oldest first, those that name the files that count.

    That is the newest, which replaces earlier ones whole; or, where it landed a share of the files, the newest of each
    share of the same number.
    """
    if not manifests:
        return []
    shard = manifests[-1].detail.get("shard")
    if shard is None:
        return [manifests[-1]]
    count = shard.partition("/")[2]
    newest = {told: each for each in manifests if (told := each.detail.get("shard")) and told.endswith(f"/{count}")}
    return sorted(newest.values(), key=lambda each: each.run_id)


def read_manifest(key: str, data: bytes) -> Manifest:
    """Parses a manifest.

    Raises:
        DataError: it is not what a run writes.
    """
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        faults = error.errors()
        is_json = faults[0]["type"] != "json_invalid"
        why = f"{len(faults)} of its fields are wrong" if is_json else "it is no JSON"
        raise DataError(
            f"manifest {key} cannot be read: {why}",
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
