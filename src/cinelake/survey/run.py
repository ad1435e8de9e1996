"""What lies in the lake, by layer, dataset and date: by listings and manifests, without reading another object."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from cinelake.config import Project
from cinelake.config.nearest import did_you_mean
from cinelake.errors import ConfigurationError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, StoredObject, silent
from cinelake.lake.keys import LAYERS
from cinelake.lake.waiting import side_by_side
from cinelake.survey.told import STATES, State, Told, counted_files, told_objects

STAGE = "ls"


@dataclass(frozen=True)
class SurveyOptions:
    """What is looked at."""

    layer: str | None = None
    """`Raw`, `Trusted` or `Refined`, in letters of any size; None looks at all."""
    dataset: str | None = None
    """Only this dataset or table, in letters of any size."""
    on: date | None = None
    """Only what has this processing date."""


@dataclass(frozen=True)
class Entry:
    """Objects that go together: of one dataset or table, date and state, and of one build where a build made them."""

    layer: str
    origin: str
    """Empty in `Refined`, and where the key is none of ours."""
    format: str
    dataset: str
    """Empty where the key is none of ours."""
    date: date | None
    """None where the key is none of ours."""
    state: State
    build: str | None
    """The run id of the build that made them; None in Raw, and where no manifest tells it."""
    objects: int
    rows: int | None
    """As manifests tell them; None where they do not."""
    bytes: int
    modified_at: datetime
    """UTC; when the newest of them was written, as the store tells it."""

    def to_json(self) -> dict[str, Any]:
        """The fields, with dates as text."""
        day = self.date.isoformat() if self.date else None
        return {**vars(self), "date": day, "modified_at": self.modified_at.isoformat()}


@dataclass(frozen=True)
class SurveyResult:
    """What lies in the lake."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    entries: tuple[Entry, ...]
    """By layer, in each the newest date first."""

    @property
    def status(self) -> Status:
        """`done`: it can be nothing else."""
        return "done"

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {"entries": [entry.to_json() for entry in self.entries]}


def survey_lake(
    project: Project,  # noqa: ARG001 every stage takes it
    lake: Lake,
    run: Run,
    options: SurveyOptions | None = None,
    on_event: OnEvent = silent,
) -> SurveyResult:
    """Looks at what lies in the lake's layers. Nothing is written, and of the objects only manifests are read.

    Raises:
        ConfigurationError: there is no lake, no such layer, or the lake has no such dataset.
        DataError: a manifest cannot be read.
    """
    options = options or SurveyOptions()
    layers = (_find_layer(options.layer),) if options.layer is not None else LAYERS
    lake.demand()
    on_event(Event(STAGE, "listing the lake"))
    listed = dict(zip(layers, side_by_side(lake.list_layer, layers, at_once=len(layers)), strict=True))
    builds = lake.manifests("build")
    told = told_objects(
        landings=lake.manifests("land"),
        enrichments=lake.manifests("enrich"),
        expiries=lake.manifests("expire"),
        builds=builds,
    )
    counted = counted_files(builds, lake.keys)
    entries = [
        _entry(place, objects, told, counted)
        for layer, found in listed.items()
        for place, objects in _grouped(lake, layer, found, told).items()
    ]
    chosen = sorted(_chosen(entries, options), key=_order)
    return SurveyResult(run, str(lake), tuple(chosen))


_Place = tuple[str, str, str, str, date | None, State, str | None]
"""The fields of an `Entry` that its objects share: the first seven."""
UNTOLD = Told("untold")


def _find_layer(name: str) -> str:
    for layer in LAYERS:
        if layer.lower() == name.lower():
            return layer
    hint = did_you_mean(name, LAYERS) or f"layers are {', '.join(LAYERS)}; --dataset names a table"
    raise ConfigurationError(f"there is no layer {name}", hint)


def _grouped(
    lake: Lake, layer: str, listed: Mapping[str, StoredObject], told: Mapping[str, Told]
) -> dict[_Place, list[StoredObject]]:
    """The objects of a layer, by what they share."""
    grouped: dict[_Place, list[StoredObject]] = {}
    for key, each in listed.items():
        name, known = lake.keys.parse(key), told.get(key, UNTOLD)
        if name is None:
            place: _Place = (layer, "", "", "", None, known.state, known.build)
        else:
            place = (layer, name.origin, name.format, name.dataset, name.date, known.state, known.build)
        grouped.setdefault(place, []).append(each)
    return grouped


def _entry(
    place: _Place,
    objects: Sequence[StoredObject],
    told: Mapping[str, Told],
    counted: Mapping[frozenset[tuple[str, str]], int],
) -> Entry:
    known = [told.get(each.key, UNTOLD) for each in objects]
    rows = [each.rows for each in known if each.rows is not None]
    files = frozenset((each.key, told_of.sha256) for each, told_of in zip(objects, known, strict=True))
    return Entry(
        *place,
        objects=len(objects),
        rows=sum(rows) if len(rows) == len(objects) else counted.get(files),
        bytes=sum(each.bytes for each in objects),
        modified_at=max(each.modified_at for each in objects),
    )


def _chosen(entries: Sequence[Entry], options: SurveyOptions) -> Iterator[Entry]:
    """The entries that were asked for.

    Raises:
        ConfigurationError: the lake has no such dataset.
    """
    names = {entry.dataset.lower(): entry.dataset for entry in entries if entry.dataset}
    wanted = options.dataset.lower() if options.dataset is not None else None
    if wanted is not None and wanted not in names:
        there = ", ".join(sorted(names.values())) or "none"
        raise ConfigurationError(
            f"there is no dataset or table {options.dataset} here",
            did_you_mean(wanted, names.values()) or f"there are: {there}",
        )
    for entry in entries:
        if (wanted is None or entry.dataset.lower() == wanted) and options.on in (None, entry.date):
            yield entry


def _order(entry: Entry) -> tuple[Any, ...]:
    newest_first = -entry.date.toordinal() if entry.date else 0
    state = STATES.index(entry.state)
    return (LAYERS.index(entry.layer), newest_first, entry.dataset, entry.origin, state, -entry.modified_at.timestamp())
