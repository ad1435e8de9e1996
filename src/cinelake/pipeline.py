"""The order of the stages: land → enrich → build → ask → report."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

from cinelake.ask import Answer, AskOptions, AskResult, ask_questions
from cinelake.build import BuildOptions, BuildResult, build_tables
from cinelake.config import Project
from cinelake.enrich import EnrichOptions, EnrichResult, enrich_titles
from cinelake.enrich.interface import NoTokenError
from cinelake.enrich.run import open_source
from cinelake.errors import ConfigurationError
from cinelake.lake import Event, Lake, OnEvent, Run, silent
from cinelake.land import LandOptions, LandResult, await_shards, land_files
from cinelake.report import ReportOptions, ReportResult, start_drawing, write_report

STAGES = ("land", "enrich", "build", "ask", "report")
"""In the order in which `run` does them."""

StageResult = LandResult | EnrichResult | BuildResult | AskResult | ReportResult


@dataclass(frozen=True)
class RunOptions:
    """What the user may ask of a run of all stages."""

    dry_run: bool = False
    """Only say what would be done."""
    land: LandOptions = field(default_factory=LandOptions)
    after_shards: bool = False
    """Land nothing, but wait until others have landed every file."""
    report: ReportOptions = field(default_factory=ReportOptions)


@dataclass(frozen=True)
class RunResult:
    """What each stage did, in their order; a dry run ends where a stage would need what is not there yet."""

    stages: Mapping[str, StageResult]

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What was answered; nothing after a dry run."""
        asked = self.stages.get("ask")
        return asked.answers if isinstance(asked, AskResult) else ()


def run_pipeline(
    project: Project,
    lake: Lake,
    run: Run,
    options: RunOptions | None = None,
    on_event: OnEvent = silent,
) -> RunResult:
    """From files to answers and a report. Without a source for enrichment it goes on, and says so.

    Raises:
        ConfigurationError: options exclude each other.
        CinelakeError: the first stage that fails; what the stages before it did stays done.
    """
    options = options or RunOptions()
    if options.after_shards and (options.dry_run or options.land != LandOptions()):
        raise ConfigurationError(
            "--after-shards lands nothing: --dry-run, --replace and --no-create-bucket say nothing of it",
            "give them to the workers (cinelake land --shard), or leave --after-shards out",
        )
    if options.dry_run:
        return _plan(project, lake, run, options, on_event)
    with suppress(NoTokenError):
        open_source(project, EnrichOptions())  # what is wrong with it is told before anything is written
    if options.after_shards:
        landed = await_shards(project, lake, run, on_event)
    else:
        landed = land_files(project, lake, run, options.land, on_event)
    enriched = _enrich(project, lake, run, EnrichOptions(), on_event)
    built = build_tables(project, lake, run, BuildOptions(), on_event)
    asked = ask_questions(project, lake, run, AskOptions(until=run.processing_date), on_event)
    reported = write_report(project, lake, run, asked, options.report, on_event)
    return RunResult({"land": landed, "enrich": enriched, "build": built, "ask": asked, "report": reported})


def _plan(project: Project, lake: Lake, run: Run, options: RunOptions, on_event: OnEvent) -> RunResult:
    landing = land_files(project, lake, run, replace(options.land, dry_run=True), on_event)
    planned: dict[str, StageResult] = {"land": landing}
    if all(landed.action == "unchanged" for landed in landing.objects):
        # Only what is in the lake already can be planned further.
        planned["enrich"] = _enrich(project, lake, run, EnrichOptions(dry_run=True), on_event)
        planned["build"] = build_tables(project, lake, run, BuildOptions(dry_run=True), on_event)
    return RunResult(planned)


def _enrich(project: Project, lake: Lake, run: Run, options: EnrichOptions, on_event: OnEvent) -> EnrichResult:
    try:
        return enrich_titles(project, lake, run, options, on_event)
    except NoTokenError as error:
        on_event(Event("enrich", f"skipped: {error.what}; {error.hint}", "warning"))
        return EnrichResult(run, str(lake), "unchanged", note=f"skipped: {error.what}")


def ask_and_report(
    project: Project,
    lake: Lake,
    run: Run,
    *,
    questions: Sequence[str] = (),
    until: date | None = None,
    options: ReportOptions | None = None,
    on_event: OnEvent = silent,
) -> ReportResult:
    """The report by itself: asks questions, or all of them, of the newest build up to a date, then writes.

    Raises:
        ConfigurationError: nothing was built, or a question is not as it must be.
    """
    start_drawing()
    asked = ask_questions(project, lake, run, AskOptions(tuple(questions), until=until), on_event)
    return write_report(project, lake, run, asked, options, on_event)
