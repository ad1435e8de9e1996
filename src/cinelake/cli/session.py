"""What every command needs: the project, its lake, a run with its clock, and where to show things."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cinelake.cli import output
from cinelake.cli.progress import Teller
from cinelake.cli.streams import reader_may_leave
from cinelake.config import Project, parse_date
from cinelake.errors import CinelakeError, ConfigurationError
from cinelake.lake import Lake, Run
from cinelake.lake.runs import Event

if TYPE_CHECKING:
    from cinelake.ask import AskResult
    from cinelake.ask.sentences import Language
    from cinelake.pipeline import RunResult
    from cinelake.query import QueryResult, TablesResult
    from cinelake.survey import SurveyResult
    from cinelake.verify import VerifyResult


class Session:
    """One command at work. The clock is read here and nowhere else."""

    def __init__(
        self,
        directory: Path,
        lake_uri: str | None,
        date_text: str | None,
        *,
        json: bool,
        quiet: bool,
        verbose: int,
        dry_run: bool = False,
        engine: str | None = None,
        remote: str | None = None,
    ) -> None:
        self.until: date | None = parse_date(date_text) if date_text is not None else None
        """The date that was given; None where none was."""
        with ExitStack() as held:
            self.project = Project.load(directory, lake_uri=lake_uri, engine=engine, remote=remote)
            if dry_run and not self.project.work_directory.exists():
                # What is copied or spilled to say what would be done must not stay in the project.
                work = held.enter_context(TemporaryDirectory(prefix="cinelake-"))
                self.project = replace(self.project, work_directory=Path(work))
            self.lake = Lake.open(self.project)
            self._held = held.pop_all()
        now = datetime.now(UTC)
        self.run = Run.start(self.until or self.project.processing_date(now), now=now)
        self._json = json
        self._teller = Teller(quiet=quiet, verbose=verbose > 0)

    def __enter__(self) -> Self:
        self._teller.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._teller.__exit__(kind, error, traceback)
        self._held.close()
        if isinstance(error, BrokenPipeError):
            # Not that of stdout, which may break: one of the work's own.
            raise CinelakeError("whoever took what was written has gone before its end", "run again") from error

    def on_event(self, event: Event) -> None:
        """Tells what a stage is doing."""
        self._teller(event)

    def one_form(self, *, json: bool, csv: bool, md: bool = False) -> output.Form:
        """The form that was asked for.

        Raises:
            ConfigurationError: more than one was.
        """
        chosen: list[output.Form] = [form for form, asked in (("json", json), ("csv", csv), ("md", md)) if asked]  # type: ignore[misc]
        if len(chosen) > 1:
            told = " and ".join(f"--{form}" for form in chosen)
            raise ConfigurationError(f"{told} exclude each other", "give one of them")
        return chosen[0] if chosen else "table"

    def show(self, result: "output.Showable") -> None:
        """Prints the result of one stage."""
        self._teller.__exit__(None, None, None)
        with reader_may_leave():
            output.show(result, as_json=self._json)

    def show_evidence(self, result: "VerifyResult", form: output.Form) -> None:
        """Prints what verification has found in the form that was asked for."""
        self._teller.__exit__(None, None, None)
        with reader_may_leave():
            output.show_evidence(result, form)

    def show_run(self, result: "RunResult", language: "Language | None") -> None:
        """Prints what all stages did."""
        self._teller.__exit__(None, None, None)
        with reader_may_leave():
            output.show_run(result, language or self.project.report.language, as_json=self._json)

    def show_answers(
        self, result: "AskResult", form: output.Form, language: "Language | None", table: str | None
    ) -> None:
        """Prints answers in the form that was asked for."""
        self._teller.__exit__(None, None, None)
        with reader_may_leave():
            output.show_answers(result, form, language or self.project.report.language, table)

    def show_query(self, result: "QueryResult", form: output.Form) -> None:
        """Prints what a query gave in the form that was asked for."""
        self._teller.__exit__(None, None, None)
        with reader_may_leave():
            output.show_query(result, form)

    def show_tables(self, result: "TablesResult") -> None:
        """Prints which tables there are to query."""
        self._teller.__exit__(None, None, None)
        with reader_may_leave():
            output.show_tables(result, as_json=self._json)

    def show_contents(self, result: "SurveyResult") -> None:
        """Prints what lies in the lake."""
        self._teller.__exit__(None, None, None)
        with reader_may_leave():
            output.show_contents(result, as_json=self._json)
