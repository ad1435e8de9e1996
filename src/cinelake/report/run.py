"""Answers → one HTML file."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, ClassVar, Literal, cast

from cinelake.ask import AskResult
from cinelake.ask.sentences import Language
from cinelake.config import Project
from cinelake.errors import AccessError, ConfigurationError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent
from cinelake.lake.checksums import sha256_of_bytes
from cinelake.lake.manifests import manifest_of
from cinelake.report.charts import draw_charts
from cinelake.report.page import render_page

STAGE = "report"
FOLDER, FILE = "report", "report.html"
Form = Literal["html", "png", "svg"]


@dataclass(frozen=True)
class ReportOptions:
    """What the user may ask of a report."""

    output: Path | None = None
    """Where to write it; `report/report.html` in the project folder where not given. Of charts alone it is a folder."""
    language: Language | None = None
    """None takes that of `[report]`."""
    form: Form = "html"
    """The page, or its charts alone."""


@dataclass(frozen=True)
class ReportResult:
    """Where the report is."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    status: Status
    path: Path
    """Absolute; of charts alone their folder."""
    manifest: str | None
    charts: tuple[Path, ...] = ()
    """Those that were written by themselves."""

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        charts = {"charts": [str(path) for path in self.charts]} if self.charts else {}
        return {"path": str(self.path), "manifest": self.manifest, **charts}


def write_report(
    project: Project,
    lake: Lake,
    run: Run,
    asked: AskResult,
    options: ReportOptions | None = None,
    on_event: OnEvent = silent,
) -> ReportResult:
    """Writes the report of what was asked; a file that has the same letters already is left alone.

    Raises:
        ConfigurationError: a question's sentence cannot be written, or the file cannot be.
    """
    options = options or ReportOptions()
    run = run.on(asked.build.processing_date)
    language = options.language or project.report.language
    if options.form != "html":
        return _write_charts(project, lake, run, asked, options, language)
    path = (options.output or project.directory / FOLDER / FILE).resolve()
    on_event(Event(STAGE, "drawing the charts"))
    page = render_page(
        asked.answers, asked.build, lake=str(lake), keys=lake.keys, language=language, limits=asked.limits
    ).encode()
    if _holds(path, page):
        return ReportResult(run, str(lake), "unchanged", path, None)
    _write(path, page)
    detail = {"build": asked.build.run_id, "file": path.name, "bytes": len(page), "sha256": sha256_of_bytes(page)}
    manifest = manifest_of(run, STAGE, inputs=asked.build.objects, detail=detail)
    try:
        key = lake.put_manifest(manifest)
    except AccessError as error:
        on_event(Event(STAGE, f"the report is not recorded in the lake: {error.what}", "warning"))
        key = None
    return ReportResult(run, str(lake), "done", path, key)


def _write_charts(
    project: Project, lake: Lake, run: Run, asked: AskResult, options: ReportOptions, language: Language
) -> ReportResult:
    folder = (options.output or project.directory / FOLDER).resolve()
    written, status = [], "unchanged"
    for answer in asked.answers:
        for drawing in draw_charts(answer, language):
            path = folder / f"{drawing.name}.{options.form}"
            data = drawing.png() if options.form == "png" else drawing.svg().encode()
            if not _holds(path, data):
                _write(path, data)
                status = "done"
            written.append(path)
    return ReportResult(run, str(lake), cast("Status", status), folder, None, tuple(written))


def _holds(path: Path, page: bytes) -> bool:
    """Whether the page is there already; a file that may not be read is written anew."""
    try:
        return path.is_file() and path.read_bytes() == page
    except OSError:
        return False


def _write(path: Path, page: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=path.suffix, delete=False) as file:
            fresh = Path(file.name)
            try:
                file.write(page)
                file.close()
                fresh.chmod(0o644)
                fresh.replace(path)
            finally:
                fresh.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the report cannot be written to {path}: {error.strerror}", "name another file with --output PATH"
        ) from error
