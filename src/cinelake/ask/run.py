"""Questions → answers, from the tables of the newest build."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from cinelake.ask.comparison import SUMS, compare, mean_of
from cinelake.ask.limits import limits_of
from cinelake.ask.questions import (
    FOLDER,
    SUMMARY,
    Question,
    Spec,
    load_questions,
    parameters_of,
)
from cinelake.ask.sentences import Language, write_sentence
from cinelake.ask.words import ANSWER, QuestionWords, Row, TableWords, Words
from cinelake.ask.written import Written
from cinelake.config import Project
from cinelake.config.nearest import did_you_mean
from cinelake.engine import open_engine
from cinelake.engine.interface import Engine, Table
from cinelake.engine.places import line_of_refusal
from cinelake.engine.published import attach_newest, demand_build
from cinelake.engine.queries import Query, in_order
from cinelake.errors import AccessError, ConfigurationError, DataError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent
from cinelake.lake.manifests import Manifest, manifest_of

STAGE = "ask"
MEANT = re.compile(r'^(Did you mean|Candidate (bindings|tables):).*"', re.MULTILINE)
QUOTED = re.compile(r'"([^"]+)"')
"""How DuckDB tells what may have been meant."""


@dataclass(frozen=True)
class AskOptions:
    """What is asked."""

    questions: tuple[str, ...] = ()
    """By name; none asks all."""
    until: date | None = None
    """Answers from the newest build of this date or earlier."""
    record: bool = True
    """Writes the answers' checksums to a manifest, so that `verify` can reproduce them."""


@dataclass(frozen=True)
class Answer:
    """What came out, and all that is needed to say how."""

    question: str
    words: QuestionWords
    rows: tuple[Mapping[str, Any], ...]
    """Numbers as int and float, unknowns as None."""
    summary: Mapping[str, Any]
    """One row of figures about the whole; empty where the question has none."""
    tables: Mapping[str, tuple[Row, ...]]
    """The rows of the further tables that are shown or drawn, by name."""
    table_columns: Mapping[str, tuple[str, ...]]
    """Of the rows of each of them, and of `answer`."""
    counts: Mapping[str, int]
    """How many rows each further `.sql` of the question gave, by its name."""
    parameters: Mapping[str, Any]
    sql: Mapping[str, str]
    """What ran, by name, with the parameters in place."""
    specs: Mapping[str, Spec]
    """Vega-Lite specifications, by file."""
    written: Written
    """The question's `question.toml`."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the rows."""
        return self.table_columns[ANSWER]

    def rows_of(self, table: str) -> tuple[Row, ...]:
        """The rows of a table by its name; `answer` is one."""
        return self.rows if table == ANSWER else self.tables[table]

    def limit_of(self, table: str) -> int | None:
        """How many rows of a table are shown, or of each that it is split into; None shows all."""
        shown = self.words.words_of(table).shown
        return self.parameters[shown] if isinstance(shown, str) else shown

    @property
    def checksum(self) -> str:
        """SHA-256 of the figures, the same wherever the answer is."""
        told = json.dumps([self.rows, self.summary, dict(self.tables)], sort_keys=True, default=dict)
        return hashlib.sha256(told.encode()).hexdigest()

    def in_words(self, template: Words, language: Language) -> str:
        """One of the question's templates, filled in with this answer.

        Raises:
            ConfigurationError: it asks for what the answer does not have.
        """
        return write_sentence(
            getattr(template, language),
            rows=self.rows,
            summary=self.summary,
            tables=self.tables,
            counts=self.counts,
            parameters=self.parameters,
            language=language,
            place=partial(self.written.place, (*self._path_of(template), language)),
        )

    def _path_of(self, template: Words) -> tuple[str | int, ...]:
        notes = [("notes", number) for number, note in enumerate(self.words.notes) if note is template]
        return notes[0] if notes else ("sentence",)

    def notes(self, language: Language) -> list[str]:
        """What the answer cannot tell, in words."""
        return [self.in_words(note, language) for note in self.words.notes]

    def to_json(self) -> dict[str, Any]:
        """The question's name, its rows, its notes and, where it has them, its summary and its further tables."""
        return {
            "question": self.question,
            "rows": [dict(row) for row in self.rows],
            **({"summary": dict(self.summary)} if self.summary else {}),
            **{name: [dict(row) for row in self.tables[name]] for name in self.words.shown_tables()},
            "notes": self.notes("en"),
        }


@dataclass(frozen=True)
class AskResult:
    """The answers, and the build that they rest on."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    status: Status
    answers: tuple[Answer, ...]
    build: Manifest = field(repr=False)
    manifest: str | None
    limits: tuple[Words, ...] = ()
    """What the configured genres keep the answers from telling; each was a warning, too."""

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: a single answer's fields stand at the top."""
        told = [answer.to_json() for answer in self.answers]
        return {
            "build": self.build.run_id,
            "manifest": self.manifest,
            **({"limits": [words.en for words in self.limits]} if self.limits else {}),
            **(told[0] if len(told) == 1 else {"answers": told}),
        }


def ask_questions(
    project: Project, lake: Lake, run: Run, options: AskOptions | None = None, on_event: OnEvent = silent
) -> AskResult:
    """Answers questions from the newest build.

    Raises:
        ConfigurationError: no such question, a question that is not as it must be, or nothing was built.
        DataError: a table in the lake is not the one that was built.
    """
    options = options or AskOptions()
    questions = load_questions(project, options.questions)
    demand_build(lake, options.until)
    on_event(Event(STAGE, "fetching the tables"))
    with open_engine(project) as engine:
        build, tables = attach_newest(engine, lake, options.until)
        engine.confine()
        limits = tuple(limits_of(engine, lake, project, build, tables))
        answers = tuple(_answer(engine, tables, question, project, on_event) for question in questions)
    # The answers belong to the date of their build, whenever they are asked.
    run = run.on(build.processing_date)
    for words in limits:
        on_event(Event(STAGE, words.en, "warning"))
    key, written = None, False
    if options.record:
        key, written = _record(lake, run, build, answers, on_event)
    status: Status = "done" if written or not key else "unchanged"
    return AskResult(run, str(lake), status, answers, build, key, limits)


def _answer(engine: Engine, tables: Sequence[str], question: Question, project: Project, on_event: OnEvent) -> Answer:
    on_event(Event(STAGE, f"asking {question.name}"))
    in_order(question.queries, available=tables)
    parameters = parameters_of(question, project)
    sql = {query.name: query.bound(parameters) for query in question.queries}
    parameters = _plain(parameters)
    words, said_in = question.words, f"{FOLDER}/{question.name}"
    wanted = {ANSWER, SUMMARY, *words.needed()}
    read = {name for query in question.queries for name in query.references}
    found = {
        query.name: _run(engine, query, sql[query.name], held=query.name in read, whole=query.name in wanted)
        for query in question.queries
    }
    summary = [_plain(row) for row in found[SUMMARY].records()] if SUMMARY in found else []
    if len(summary) > 1:
        raise ConfigurationError(f"{said_in}/summary.sql gave {len(summary)} rows", "let it give one row")
    told = {
        name: _finished(found[name], words.words_of(name), f"{said_in}/{name}.sql")
        for name in (ANSWER, *words.needed())
    }
    columns = {name: table.columns for name, table in told.items()}
    rows = {name: tuple(_plain(row) for row in table.records()) for name, table in told.items()}
    misfit = words.misfit_of(columns, rows, summary[0] if summary else {})
    if misfit is not None:
        raise ConfigurationError(
            f"{question.written.place(misfit.at)}: {misfit.told}",
            did_you_mean(misfit.wrong, misfit.known) or "mend that setting, or the SQL",
        )
    counts = {
        name: len(table.rows) if name in wanted else table.rows[0][0]
        for name, table in found.items()
        if name not in (ANSWER, SUMMARY)
    }
    return Answer(
        question.name,
        words,
        rows=rows[ANSWER],
        summary=summary[0] if summary else {},
        tables={name: rows[name] for name in words.needed()},
        table_columns={name: columns[name] for name in (ANSWER, *words.needed())},
        counts=counts,
        parameters=parameters,
        sql=sql,
        specs=question.specs,
        written=question.written,
    )


def _run(engine: Engine, query: Query, sql: str, *, held: bool, whole: bool) -> Table:
    """Runs one SELECT of a question, and holds its rows for those that read them; else their number is enough.

    Raises:
        ConfigurationError: the engine refuses it; names the file.
    """
    try:
        if whole and not held:
            return engine.query(sql)
        engine.hold(query.name, sql)
    except DataError as error:
        told = str(error.__cause__ or error).strip()
        first, *_ = told.splitlines()
        line = line_of_refusal(query.text, told)
        said_in = query.said_in if line is None else f"{query.said_in}, line {line}"
        meant = MEANT.search(told)
        raise ConfigurationError(
            f"{said_in}: {first}",
            f"did you mean {', '.join(QUOTED.findall(meant[0]))}?" if meant else "mend that SELECT",
        ) from error
    return engine.query(f'SELECT {"*" if whole else "COUNT(*)"} FROM "{query.name}"')


def _finished(table: Table, words: TableWords, said_in: str) -> Table:
    """A table with what no SQL has: means with their intervals, sides compared.

    Raises:
        ConfigurationError: it lacks the sums that these are of.
    """
    prefixes = [f"{side}_" for side in words.compare or ()] + ([""] if words.mean else [])
    missing = [f"{prefix}{name}" for prefix in prefixes for name in SUMS if f"{prefix}{name}" not in table.columns]
    if missing:
        raise ConfigurationError(
            f"{said_in} has no column {missing[0]}, of which a mean is told",
            f"let it give {', '.join(SUMS)} of each group: how many values, their sum, the sum of their squares",
        )
    if not prefixes:
        return table
    # One row more, of unknowns, tells the columns where there are no others.
    rows = Table(table.columns, (*table.rows, (None,) * len(table.columns))).records()
    if words.mean:
        rows = [mean_of(row) for row in rows]
    if words.compare:
        rows = [compare(row, words.compare) for row in rows]
    return Table(tuple(rows[0]), tuple(tuple(row.values()) for row in rows[:-1]))


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON can hold it; decimals become the nearest double, NaN and infinity unknowns."""
    return {name: _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case float():
            return value if abs(value) < float("inf") else None
        case date() | datetime():
            return value.isoformat()
        case list() | tuple():
            return [_plain_value(each) for each in value]
        case dict():
            return {str(name): _plain_value(each) for name, each in value.items()}
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)


def _standing_answers(lake: Lake, build: Manifest) -> dict[str, tuple[str, Any]]:
    """The newest record of each question about a build, which is what `verify` reads: its manifest's key, and it."""
    return {
        name: (manifest.key, answer)
        for manifest in lake.manifests(STAGE, until=build.processing_date, on="the newest date")
        if manifest.detail["build"] == build.run_id
        for name, answer in manifest.detail["answers"].items()
    }


def _record(
    lake: Lake, run: Run, build: Manifest, answers: Sequence[Answer], on_event: OnEvent
) -> tuple[str | None, bool]:
    """Writes the answers' manifest, unless the newest records say the same; returns its key, and whether it is new.

    Reading must not fail where writing is not permitted: then a warning is all.
    """
    told = {
        answer.question: {
            "sha256": answer.checksum,
            "rows": len(answer.rows),
            "parameters": dict(answer.parameters),
            "sql_sha256": hashlib.sha256(json.dumps(dict(answer.sql), sort_keys=True).encode()).hexdigest(),
        }
        for answer in answers
    }
    standing = _standing_answers(lake, build)
    if all(name in standing and standing[name][1] == answer for name, answer in told.items()):
        return max((key for key, _ in (standing[name] for name in told)), default=None), False
    recorded = manifest_of(
        run,
        STAGE,
        inputs=build.objects,
        detail={"build": build.run_id, "answers": told},
    )
    try:
        return lake.put_manifest(recorded), True
    except AccessError as error:
        on_event(Event(STAGE, f"the answers are not recorded: {error.what}", "warning"))
        return None, False
