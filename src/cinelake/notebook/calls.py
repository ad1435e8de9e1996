"""What a cell calls: the functions of the command line, with the clock and the progress that it gives them."""

from contextlib import ExitStack
from datetime import UTC, date, datetime
from weakref import finalize

from cinelake.ask import AskOptions, ask_questions
from cinelake.ask.sentences import Language
from cinelake.cli.progress import Teller
from cinelake.config import Project
from cinelake.lake import Lake, Run
from cinelake.notebook.rows import Rows, rows_from
from cinelake.notebook.shown import ShownAnswers, ShownRun
from cinelake.pipeline import RunOptions, run_pipeline
from cinelake.query import RelationOptions, TellingOptions, relate_query, tell_tables
from cinelake.report import ReportOptions


def run(
    project: Project, date: date | None = None, *, language: Language | None = None, quiet: bool = False
) -> ShownRun:
    """All stages, as `cinelake run` does them, with lines of progress on the way.

    Args:
        project: what is run.
        date: the processing date; None takes today in the lake's time zone.
        language: of the report and of what is shown; None takes that of `[report]`.
        quiet: only warnings are told on the way.

    Raises:
        CinelakeError: see `run_pipeline`.
    """
    lake, begun = _begin(project, date)
    options = RunOptions(report=ReportOptions(language=language))
    with Teller(quiet=quiet) as teller:
        return ShownRun(run_pipeline(project, lake, begun, options, teller), language or project.report.language)


def ask(project: Project, *questions: str, until: date | None = None, language: Language | None = None) -> ShownAnswers:
    """Answers questions, as `cinelake ask` does: all but the examples where none is named.

    Args:
        project: whose lake is asked.
        questions: by name.
        until: answers from the newest build of this date or earlier.
        language: of what is shown; None takes that of `[report]`.

    Raises:
        CinelakeError: see `ask_questions`.
    """
    lake, begun = _begin(project)
    with Teller(quiet=True) as teller:
        asked = ask_questions(project, lake, begun, AskOptions(questions, until=until), teller)
    return ShownAnswers(asked.answers, language or project.report.language)


def query(project: Project, sql: str, *, until: date | None = None) -> Rows:
    """The rows of one SELECT over the tables of the lake, which is confined as in `cinelake sql`.

    Args:
        project: whose lake is read.
        sql: over `trusted.titles`, `refined.fact_title`…; see `tables`.
        until: reads the newest build of this date or earlier.

    Raises:
        CinelakeError: see `relate_query`.
    """
    lake, begun = _begin(project)
    with ExitStack() as held, Teller(quiet=True) as teller:
        found = held.enter_context(relate_query(project, lake, begun, RelationOptions(sql, until), teller))
        rows = Rows(found.relation)
        # What the engine has on disk goes with the relation, or with this process.
        finalize(rows.relation, held.pop_all().close)
    return rows


def tables(project: Project, *, until: date | None = None) -> Rows:
    """The tables that there are to query, a row each, with their columns.

    Args:
        project: whose lake is read.
        until: tells of the newest build of this date or earlier.

    Raises:
        CinelakeError: see `tell_tables`.
    """
    lake, begun = _begin(project)
    with Teller(quiet=True) as teller:
        told = tell_tables(project, lake, begun, TellingOptions(until), teller)
    return rows_from(
        ("table", "rows", "columns"),
        [
            {
                "table": table.name,
                "rows": table.rows,
                "columns": ", ".join(f"{column.name} {column.type}" for column in table.columns),
            }
            for table in told.tables
        ],
    )


def _begin(project: Project, date: date | None = None) -> tuple[Lake, Run]:
    """The lake, and a run that begins now: the clock is read here."""
    now = datetime.now(UTC)
    return Lake.open(project), Run.start(date or project.processing_date(now), now=now)
