"""Raw → Trusted → Refined, by running the models. The tables become visible together, by their manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from cinelake.build.checks import UNPUBLISHED, check_table
from cinelake.build.models import Model, load_models
from cinelake.build.plan import BuildPlan, plan_build
from cinelake.config import Project
from cinelake.config.nearest import did_you_mean
from cinelake.engine import open_engine
from cinelake.engine.contract import KINDS, RECORDS
from cinelake.engine.inputs import (
    KEEP_DAYS,
    RawObject,
    enriched_objects,
    landed_objects,
    read_titles,
    read_tmdb,
    source_of,
)
from cinelake.engine.interface import CsvRead, Engine, MadeTable
from cinelake.engine.published import PublishedTable, newest_build, tables_of
from cinelake.engine.standing import standing_keys
from cinelake.engine.workspace import temporary_folder
from cinelake.errors import ConfigurationError, DataError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent
from cinelake.lake.keys import PARQUET, ObjectName
from cinelake.lake.manifests import Manifest, ObjectRecord, manifest_of

STAGE = "build"
CONTENT_TYPE = "application/vnd.apache.parquet"


@dataclass(frozen=True)
class BuildOptions:
    """What the user may ask of a build."""

    dry_run: bool = False
    """Only say what would be done."""


@dataclass(frozen=True)
class SourceCount:
    """Where the rows of a dataset's files, or TMDB's records, went: rows in = rows out + rows rejected."""

    dataset: str
    rows_in: int
    rows_out: int
    rows_rejected: int


@dataclass(frozen=True)
class BuildResult:
    """What a build did, or what the one that stands had done."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    status: Status
    tables: tuple[PublishedTable, ...]
    sources: tuple[SourceCount, ...]
    manifest: str | None
    """Key of the manifest that makes the tables count."""

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "tables": [
                {"layer": built.layer, "table": built.table, "rows": built.rows, "key": built.key}
                for built in self.tables
            ],
            "sources": [vars(source) for source in self.sources],
            "manifest": self.manifest,
        }


def build_tables(
    project: Project, lake: Lake, run: Run, options: BuildOptions | None = None, on_event: OnEvent = silent
) -> BuildResult:
    """Makes Trusted and Refined from what lies in Raw up to the run's processing date.

    Raises:
        ConfigurationError: there is no lake, or nothing was landed in it up to that date.
        DataError: a file or a table breaks its contract. Nothing is published then.
    """
    options = options or BuildOptions()
    lake.demand()
    on_event(Event(STAGE, "comparing Raw with what was built"))
    landed = landed_objects(lake, run.processing_date)
    enriched, gone = enriched_objects(lake, run.processing_date)
    if gone:
        told = f"TMDB objects are gone from the lake or were changed ({len(gone)}, such as {gone[0]})"
        on_event(Event(STAGE, f"{told}; cinelake enrich lands their records again", "warning"))
    old = [item for item in enriched if item.asked_at < run.started_at - timedelta(days=KEEP_DAYS)]
    if old:
        told = f"{len(old)} files of TMDB's records are older than {KEEP_DAYS} days; its terms let none be kept longer"
        on_event(Event(STAGE, f"{told}: run cinelake expire, then enrich", "warning"))
    if not landed:
        raise ConfigurationError(
            f"nothing was landed in {lake} up to {run.processing_date}",
            "run cinelake land first, or give a later --date",
        )
    foreign = sorted({item.dataset for item in landed} - {*KINDS})
    if foreign:
        told = f"{', '.join(foreign)} {'feeds' if len(foreign) == 1 else 'feed'} no table"
        told = f"{told}: those of films and series are datasets {' and '.join(KINDS)}"
        meant = next((found for each in foreign if (found := did_you_mean(each, KINDS, like=0.8))), None)
        on_event(Event(STAGE, f"{told}; {meant}" if meant else told, "warning"))
    models = load_models(project.directory)
    standing = newest_build(lake, run.processing_date)
    plan = _plan(project, landed, enriched, models, standing)
    if not plan.needed and standing is not None:
        lost = sorted({record.key for record in standing.objects} - standing_keys(lake, standing.objects))
        if not lost:
            result = _standing_result(run, lake, standing)
            for source in result.sources:
                rejected, rows, limit = source.rows_rejected, source.rows_in, project.build.max_rejected
                if source.dataset in KINDS and _is_too_much(rejected, rows, limit):
                    raise _too_many(source.dataset, rejected, rows, limit, "; the build that stands was made with more")
            return result
        told = f"tables of the build that stands are gone or were changed ({len(lost)}, such as {lost[0]})"
        on_event(Event(STAGE, f"{told}; they are built again", "warning"))
    if options.dry_run:
        return BuildResult(run, str(lake), "planned", (), (), None)
    with open_engine(project) as engine, temporary_folder(project.work_directory) as folder:
        on_event(Event(STAGE, "reading Raw"))
        read = read_titles(engine, lake, project, landed)
        records = read_tmdb(engine, lake, enriched)
        _tell_ignored(read, on_event)
        _refuse_rejects(engine, read, project.build.max_rejected)
        engine.confine(folder)
        made = _run_models(engine, models, folder, on_event)
        sources = _account_for_rows(engine, read, records)
        titles = _count_titles(engine)
        types = {name: engine.columns_of(name) for name in made}
        on_event(Event(STAGE, "publishing"))
        tables = _publish(lake, run, models, made, types)
    inputs = tuple(item.record for item in [*landed, *enriched])
    key = lake.put_manifest(_manifest(run, plan, inputs, tables, sources, titles))
    return BuildResult(run, str(lake), "done", tables, sources, key)


def _plan(
    project: Project,
    landed: Sequence[RawObject],
    enriched: Sequence[RawObject],
    models: Sequence[Model],
    standing: Manifest | None,
) -> BuildPlan:
    # A build that does not tell its types cannot be registered, so it is made again.
    stands = standing is not None and all(table.types for table in tables_of(standing))
    return plan_build(
        [
            *((item.record.key, item.record.sha256, "") for item in landed),
            *((item.record.key, item.record.sha256, item.asked_at.isoformat()) for item in enriched),
        ],
        {model.query.name: model.query.text for model in models},
        {
            item.record.key: (source.delimiter, source.null, source.encoding)
            for item in landed
            if item.dataset in KINDS
            for source in [source_of(item, project)]
        },
        version=version("cinelake"),
        built=standing.detail["fingerprint"] if standing and stands else None,
    )


def _run_models(engine: Engine, models: Sequence[Model], folder: Path, on_event: OnEvent) -> dict[str, MadeTable]:
    """Makes each table as Parquet files, and holds it against what its model promises."""
    made = {}
    for number, model in enumerate(models):
        name = model.query.name
        on_event(Event(STAGE, f"making {name}", "progress", number, len(models), "tables"))
        try:
            made[name] = engine.make_table(name, model.query.bound({}), folder)
        except DataError as error:
            raise DataError(error.what, f"mend {model.query.said_in}; {UNPUBLISHED}") from error
    for number, model in enumerate(models):
        on_event(Event(STAGE, f"checking {model.query.name}", "progress", number, len(models), "tables"))
        check_table(engine, model)
    return made


def _tell_ignored(read: Mapping[str, CsvRead], on_event: OnEvent) -> None:
    for found in read.values():
        for key, names in found.ignored.items():
            told = ", ".join(name or "one without a name" for name in names)
            on_event(Event(STAGE, f"{key} has columns that no table keeps: {told}"))


def _refuse_rejects(engine: Engine, read: Mapping[str, CsvRead], max_rejected: float) -> None:
    """Stops where so many rows broke their contract that the rest would tell of another thing."""
    for dataset, found in read.items():
        rejects = f"FROM raw.rejects WHERE dataset = '{dataset}'"
        [[count]] = engine.query(f"SELECT COUNT(*) {rejects}").rows
        if _is_too_much(count, found.rows, max_rejected):
            [[key, line, reason]] = engine.query(
                f"SELECT source_key, line, reason {rejects} ORDER BY source_key, line LIMIT 1"
            ).rows
            raise _too_many(dataset, count, found.rows, max_rejected, f": {key}, line {line}: {reason}")


def _is_too_much(rejected: int, rows: int, max_rejected: float) -> bool:
    # As it is written: 0.29 times 100 is less than 29 in floats.
    return rejected > Fraction(str(max_rejected)) * rows


def _too_many(dataset: str, rejected: int, rows: int, max_rejected: float, first: str) -> DataError:
    return DataError(
        f"{rejected:,} of {rows:,} rows of {dataset} break their contract, more than the {100 * max_rejected:g}% "
        f"that build.max_rejected allows{first}",
        f"mend the file and land it again, or raise max_rejected under [build] in lake.toml; {UNPUBLISHED}",
    )


def _account_for_rows(engine: Engine, read: Mapping[str, CsvRead], records: int) -> tuple[SourceCount, ...]:
    """Rows read from Raw against rows in the tables that were made."""
    # trusted.tmdb keeps the newest of several records of a title; each was accepted.
    accepted = {RECORDS: "raw.tmdb", **{name: f"trusted.credits WHERE kind = '{kind}'" for name, kind in KINDS.items()}}
    sources = []
    for dataset in (*KINDS, RECORDS):
        rows_in = read[dataset].rows if dataset in read else records
        out = engine.query(f"SELECT COUNT(*) FROM {accepted[dataset]}").rows[0][0]
        rejected = engine.query(f"SELECT COUNT(*) FROM trusted.rejects WHERE dataset = '{dataset}'").rows[0][0]
        source = SourceCount(dataset, rows_in, out, rejected)
        if source.rows_in != source.rows_out + source.rows_rejected:
            raise DataError(
                f"{dataset}: {source.rows_in} rows were read, but {out} are in {accepted[dataset].split()[0]} "
                f"and {rejected} in trusted.rejects",
                f"mend the models in sql/, of which one lost or multiplied rows; {UNPUBLISHED}",
            )
        sources.append(source)
    return tuple(sources)


def _count_titles(engine: Engine) -> dict[str, int]:
    """Titles by kind, each counted once."""
    rows = engine.query("SELECT kind, COUNT(*) FROM refined.dim_title GROUP BY kind").rows
    return {**dict.fromkeys(KINDS.values(), 0), **dict(rows)}


def _publish(
    lake: Lake,
    run: Run,
    models: Sequence[Model],
    made: Mapping[str, MadeTable],
    types: Mapping[str, Mapping[str, str]],
) -> tuple[PublishedTable, ...]:
    tables = []
    for model in models:
        name = model.query.name
        table = made[name]
        records = []
        for number, path in enumerate(table.files, start=1):
            # No two builds share a key: an object is written once and read only through its manifest.
            file = f"{model.table}.parquet" if len(table.files) == 1 else f"{model.table}/{number:06}.parquet"
            object_name = ObjectName(
                model.layer, model.origin, PARQUET, model.table, run.processing_date, f"{run.run_id}/{file}"
            )
            records.append(lake.put_file(lake.keys.build(object_name), path, content_type=CONTENT_TYPE))
        words = {column.name: column.about for column in model.columns}
        tables.append(
            PublishedTable(model.layer, model.table, table.rows, tuple(records), model.title, words, types[name])
        )
    return tuple(tables)


def _manifest(
    run: Run,
    plan: BuildPlan,
    inputs: tuple[ObjectRecord, ...],
    tables: tuple[PublishedTable, ...],
    sources: tuple[SourceCount, ...],
    titles: dict[str, int],
) -> Manifest:
    return manifest_of(
        run,
        STAGE,
        inputs=inputs,
        objects=tuple(record for built in tables for record in built.records),
        detail={
            "fingerprint": plan.fingerprint,
            "tables": [
                {
                    "layer": built.layer,
                    "table": built.table,
                    "rows": built.rows,
                    "files": len(built.records),
                    "about": built.about,
                    "columns": built.columns,
                    "types": built.types,
                }
                for built in tables
            ],
            "sources": [vars(source) for source in sources],
            "titles": titles,
        },
    )


def _standing_result(run: Run, lake: Lake, standing: Manifest) -> BuildResult:
    sources = tuple(SourceCount(**told) for told in standing.detail["sources"])
    return BuildResult(run, str(lake), "unchanged", tables_of(standing), sources, standing.key)
