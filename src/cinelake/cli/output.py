"""All that goes to stdout: a result in words, or as one JSON document."""

import csv
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from cinelake.cli.contents import NOTHING, entry_columns, layers_of, legend_lines
from cinelake.cli.evidence import evidence_lines, evidence_markdown
from cinelake.cli.progress import count_of, duration_of, size_of
from cinelake.cli.queries import csv_lines, query_columns, rows_told, table_lines
from cinelake.cli.streams import as_json, program_name
from cinelake.config.nearest import did_you_mean
from cinelake.errors import ConfigurationError

if TYPE_CHECKING:
    # Only for types: a landing needs no chart library.
    from rich.console import Console

    from cinelake.ask import Answer, AskResult
    from cinelake.ask.sentences import Language
    from cinelake.ask.words import Row, TableWords
    from cinelake.build import BuildResult, ExpireBuildsResult
    from cinelake.catalog import CatalogResult
    from cinelake.catalog.run import CatalogPartition, CatalogTable
    from cinelake.cli.tables import Column
    from cinelake.doctor import DoctorResult, Mend
    from cinelake.enrich import EnrichResult, ExpireResult
    from cinelake.fetch import FetchResult
    from cinelake.init import InitResult
    from cinelake.land import LandResult
    from cinelake.pipeline import RunResult, StageResult
    from cinelake.query import QueryResult, TablesResult
    from cinelake.report import ReportResult
    from cinelake.survey import SurveyResult
    from cinelake.verify import VerifyResult

    Showable = (
        StageResult
        | VerifyResult
        | ExpireResult
        | ExpireBuildsResult
        | CatalogResult
        | QueryResult
        | TablesResult
        | SurveyResult
    )

Form = Literal["table", "json", "csv", "md"]

FEW = 20
"""Files that are told one by one."""
MARKS = {True: "ok  ", False: "FAIL", None: "-   "}
"""Before a finding: right, wrong, a note."""
NO_ROOM = {
    "en": "No room here for: {}. --json, --csv and --md have all columns.",
    "pt": "Sem espaço aqui para: {}. --json, --csv e --md têm todas as colunas.",
}
REST = {"en": "and {:,} more", "pt": "e mais {}"}
"""Below a table that was cut."""
LONG = 40
"""Rows of an answer's table on a terminal; the other forms have all."""
WIDE = 200
"""Columns of a table where stdout is no terminal."""


def document(result: "Showable") -> dict[str, Any]:
    """What `--json` says of a stage."""
    return {
        "stage": result.stage,
        "run_id": result.run.run_id,
        "processing_date": result.run.processing_date.isoformat(),
        "lake": result.lake,
        "status": result.status,
        **result.to_json(),
    }


def show(result: "Showable", *, as_json: bool) -> None:
    """Prints the result of one stage."""
    if as_json:
        _print_json(document(result))
    else:
        _print_lines(_lines_of(result))


def show_evidence(result: "VerifyResult", form: Form) -> None:
    """Prints what verification has found: in words, as one JSON document, or as Markdown to hand in."""
    if form == "md":
        _print_lines(evidence_markdown(result))
    else:
        show(result, as_json=form == "json")


def show_run(result: "RunResult", language: "Language", *, as_json: bool) -> None:
    """Prints what all stages did."""
    if as_json:
        _print_json({"stages": [document(stage) for stage in result.stages.values()]})
    else:
        _print_lines(run_lines(result, language))


def run_lines(result: "RunResult", language: "Language") -> Iterator[str]:
    """What all stages did: a line or two each, then the answers and, last, where the report is."""
    first = next(iter(result.stages.values()))
    yield from (f"{first.lake} · processing date {first.run.processing_date}", "")
    for name, stage in result.stages.items():
        head, *rest = _lines_of(stage)
        yield f"{name:<7} {stage.status:<10} {head}"
        yield from (f"{'':<18} {line}" for line in rest)
    if all(stage.status == "unchanged" for stage in result.stages.values()):
        yield from ("", "Nothing was uploaded: all of this was in the lake already.")
    for answer in result.answers:
        title = getattr(answer.words.title, language)
        yield from ("", title, f"  {answer.in_words(answer.words.sentence, language)}")
    if "report" in result.stages:
        yield from ("", f"Report: {_lines_of(result.stages['report'])[0]}")
    if first.status == "planned":
        if "build" not in result.stages:
            yield from ("", "The later stages can be planned only once the files have landed.")
        yield from ("", "This was a dry run: nothing was written.")


def show_answers(result: "AskResult", form: Form, language: "Language", table: str | None = None) -> None:
    """Prints answers as tables, as Markdown, as one JSON document, or one of them as CSV.

    Args:
        result: the answers.
        form: which of these.
        language: of the words.
        table: of CSV, another table of the question than its answer.

    Raises:
        ConfigurationError: CSV of more than one question, or of a table that the question does not have.
    """
    if table is not None and form != "csv":
        raise ConfigurationError("--table goes with --csv", "leave it out: the other forms have every table")
    match form:
        case "json":
            _print_json(document(result))
        case "csv":
            if len(result.answers) > 1:
                names = ", ".join(answer.question for answer in result.answers)
                raise ConfigurationError("--csv prints one question's rows", f"name it: {names}")
            for answer in result.answers:
                _print_csv(answer, table or "answer")
        case "md":
            for answer in result.answers:
                _print_lines(_markdown(answer, language))
        case "table":
            for answer in result.answers:
                _print_tables(answer, language)


def show_contents(result: "SurveyResult", *, as_json: bool) -> None:
    """Prints what lies in the lake, as a table a layer or as one JSON document."""
    if as_json:
        _print_json(document(result))
    elif result.entries:
        _print_contents(result)
    else:
        _print_lines([f"{result.lake}: {NOTHING}"])


def show_query(result: "QueryResult", form: Form) -> None:
    """Prints what a query gave, as a table that fits, as CSV or as one JSON document; or in which file it is."""
    if form == "json":
        _print_json(document(result))
    elif result.path is not None:
        _print_lines([f"{result.path}: {count_of(len(result.columns), 'column')}, {rows_told(result)}"])
    elif form == "csv":
        _print_lines(csv_lines(result))
    else:
        _print_query(result)


def show_tables(result: "TablesResult", *, as_json: bool) -> None:
    """Prints which tables there are to query."""
    if as_json:
        _print_json(document(result))
    else:
        _print_lines(table_lines(result))


def show_findings(result: "DoctorResult", *, as_json: bool) -> None:
    """Prints what an examination found: a line a finding, and below it what mends it."""
    if as_json:
        _print_json(result.to_json())
        return
    for finding in result.findings:
        _print_lines([f"{MARKS[finding.ok]}  {finding.name}: {' '.join(finding.detail.split())}"])
        if finding.hint:
            _print_lines([f"      hint: {' '.join(finding.hint.split())}"])
        if finding.mend is not None:
            _print_lines(_mend_lines(finding.mend))
    failed = [finding.name for finding in result.findings if finding.ok is False]
    hinted = [finding.name for finding in result.findings if finding.hint]
    unset = f"nothing is wrong; see the hint at {', '.join(hinted)}" if hinted else "nothing is wrong"
    _print_lines(["", f"wrong: {', '.join(failed)}" if failed else unset])


def _mend_lines(mend: "Mend") -> list[str]:
    """What mends a finding, on lines that hold nothing else, so that a reader can copy them."""
    told = "run:" if mend.place is None else f"write into {mend.place}:"
    return [f"      {told}", *(f"        {line}" for line in mend.text.splitlines())]


def show_policy(policy: Mapping[str, Any]) -> None:
    """Prints an IAM policy as AWS takes it."""
    _print_json(policy)


def show_project(made: "InitResult", *, as_json: bool) -> None:
    """Prints what a new project has, and what to do there."""
    if as_json:
        _print_json(made.to_json())
        return
    _print_lines([f"{made.directory}: {', '.join(made.files)}", ""])
    if not made.with_sample:
        _print_lines(["put movies.csv and series.csv into data/, or name other files in lake.toml; then:", ""])
    program, folder = program_name(), shlex.quote(str(made.directory))
    # Another name than its own may be a path, which leads elsewhere from there.
    _print_lines([f"cd {folder}", "cinelake run"] if program == "cinelake" else [f"{program} run --project {folder}"])


def show_fetched(result: "FetchResult", *, as_json: bool) -> None:
    """Prints what was fetched, what was made of it, and what must be said of its source."""
    from cinelake.fetch.terms import ATTRIBUTION

    if as_json:
        _print_json(result.to_json())
        return
    for each in result.downloads:
        dated = f", of {each.last_modified}" if each.last_modified else ""
        _print_lines([f"{each.url} {each.action} ({size_of(each.bytes)}{dated}, sha256 {each.sha256})"])
    for made in result.made:
        told = f"{count_of(made.titles, 'title')}, {count_of(made.rows, 'row')}, {size_of(made.bytes)}"
        _print_lines([f"{made.path} {result.status} ({told}, sha256 {made.sha256})"])
    _print_lines([ATTRIBUTION])


def _landed(result: "LandResult") -> list[str]:
    """A line a file; of many, a line for each of their actions."""
    if not result.objects:
        return ["no file falls to this share"]
    made = [f"{result.lake} would be made"] if result.created and result.status == "planned" else []
    if len(result.objects) <= FEW:
        return made + [
            f"{landed.source} → {landed.record.key} ({size_of(landed.record.bytes)}, {landed.plan or landed.action})"
            for landed in result.objects
        ]
    by_action: dict[str, list[int]] = {}
    for landed in result.objects:
        by_action.setdefault(landed.plan or landed.action, []).append(landed.record.bytes)
    first, last = result.objects[0].record.key, result.objects[-1].record.key
    return [
        *made,
        *(f"{len(sizes):,} files, {size_of(sum(sizes))}: {action}" for action, sizes in by_action.items()),
        f"from {first} to {last}",
    ]


def _enriched(result: "EnrichResult") -> list[str]:
    if result.note:
        return [result.note]
    titles = result.asked + result.fresh + result.left
    if result.seconds is not None:
        return [
            f"{titles:,} titles: {result.asked:,} to ask TMDB for, in about {result.requests:,} requests "
            f"({result.requests_at_least:,} to {result.requests_at_most:,}) and "
            f"{duration_of(result.seconds)}; {result.fresh:,} known already"
            + (f", {result.left:,} left for later" if result.left else "")
        ]
    return [
        f"{titles:,} titles: {result.found:,} records {'to land' if result.status == 'planned' else 'landed'}, "
        f"{result.fresh:,} known already, {result.missing:,} not found"
        + (f", {result.failed:,} failed" if result.failed else "")
        + (f", {result.left:,} left for later" if result.left else "")
        + (f"; {result.requests:,} request{'s' if result.requests > 1 else ''}" if result.requests else "")
    ]


def _expired(result: "ExpireResult | ExpireBuildsResult") -> list[str]:
    from cinelake.enrich import ExpireResult

    return _expired_records(result) if isinstance(result, ExpireResult) else _expired_builds(result)


def _expired_builds(result: "ExpireBuildsResult") -> list[str]:
    if not result.builds:
        return ["no build is superseded"]
    what = {"planned": "would be removed", "done": "removed"}[result.status]
    size = size_of(sum(build.bytes for build in result.builds))
    return [
        f"{len(result.builds):,} build{'s' if len(result.builds) > 1 else ''} {what}, read no more, {size}",
        *(
            f"{build.processing_date} {build.run_id}: {build.objects:,} objects, "
            + (f"superseded by {build.superseded_by}" if build.superseded_by else "killed before it counted")
            for build in result.builds
        ),
    ]


def _expired_records(result: "ExpireResult") -> list[str]:
    if not result.objects:
        return ["no record of TMDB's is older than 180 days"]
    what = {"planned": "would be removed", "done": "removed"}[result.status]
    return [
        f"{len(result.objects):,} files of TMDB's records that are older than 180 days {what}",
        *(f"{item.key}, asked on {item.asked_at:%Y-%m-%d}" for item in result.objects),
        *(["run cinelake enrich and build: tables still hold their figures"] if result.status == "done" else []),
    ]


def _catalogued(result: "CatalogResult") -> list[str]:
    """A line a table: what became of it, and of its partitions."""

    def told(each: "CatalogTable | CatalogPartition") -> str:
        return f"would be {each.plan}" if each.plan else each.action

    lines = []
    for table in result.tables:
        changes = Counter(told(each) for each in result.partitions if each.table == table.table)
        counts = ", ".join(f"{count:,} {change}" for change, count in changes.items())
        partitions = count_of(table.partitions, "partition")
        lines.append(f"{result.database}.{table.table} {told(table)}: {partitions} ({counts})")
    return lines


def _built(result: "BuildResult") -> list[str]:
    if result.status == "planned":
        return ["the tables would be built anew: their inputs or models changed"]
    tables = ", ".join(f"{built.table} {built.rows:,}" for built in result.tables)
    counts = [
        f"{source.dataset}: {source.rows_in:,} rows in = {source.rows_out:,} out + {source.rows_rejected:,} rejected"
        for source in result.sources
    ]
    rejects = [built.key for built in result.tables if built.table == "rejects" and built.rows]
    standing = "unchanged: neither Raw nor a model has changed since these were built: "
    return [
        f"{standing if result.status == 'unchanged' else ''}{len(result.tables)} tables: {tables}",
        *counts,
        *(f"what was rejected stands with its line and the reason in trusted.rejects: {key}" for key in rejects),
    ]


def _asked(result: "AskResult") -> list[str]:
    return [", ".join(answer.question for answer in result.answers)]


def _reported(result: "ReportResult") -> list[str]:
    return [str(result.path)]


LINES: dict[str, Callable[[Any], list[str]]] = {
    "land": _landed,
    "enrich": _enriched,
    "build": _built,
    "ask": _asked,
    "report": _reported,
    "expire": _expired,
    "catalog": _catalogued,
    "verify": evidence_lines,
}
"""A result in words, the most important line first, by its stage."""


def _lines_of(result: "Showable") -> list[str]:
    return LINES[result.stage](result)


def answer_columns(
    answer: "Answer", table: str, rows: "Sequence[Row]", language: "Language", *, every: bool = False
) -> "list[Column]":
    """The columns as they are written: those that are shown but the one that splits, or every one."""
    from cinelake.cli.tables import Column

    words, there = answer.words.words_of(table), answer.table_columns[table]
    named = [name for name in words.columns if name in there]
    names = [*named, *(name for name in there if name not in named)] if every else named or there
    return [
        Column(
            words.heading(name, language),
            tuple(_written(words, name, row, language) for row in rows),
            words.form(name) != "text" or any(isinstance(row[name], float) for row in rows),
        )
        for name in names
        if every or name != words.split
    ]


def _written(words: "TableWords", name: str, row: "Row", language: "Language") -> str:
    """A cell; a figure of a column without words is written by its type."""
    from cinelake.ask.sentences import write_value

    value = words.word(name, row[name], language)
    form = words.form(name)
    if name not in words.columns and not isinstance(value, bool):
        form = {int: "integer", float: "decimal"}.get(type(value), "text")
    return write_value(value, form, language)


def _print_csv(answer: "Answer", table: str) -> None:
    names = ["answer", *answer.words.shown_tables()]
    if table not in names:
        hint = " ".join(filter(None, (did_you_mean(table, names), f"its tables are: {', '.join(names)}")))
        raise ConfigurationError(f"{answer.question} has no table {table!r}", hint)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.table_columns[table])
    writer.writerows(row.values() for row in answer.rows_of(table))


def _markdown(answer: "Answer", language: "Language") -> list[str]:
    words = answer.words
    notes = answer.notes(language)
    lines = [f"## {getattr(words.title, language)}", "", answer.in_words(words.sentence, language), ""]
    for table in ("answer", *words.shown_tables()):
        lines += [f"### {getattr(words.tables[table].title, language)}", ""] if table in words.tables else []
        lines += [*_markdown_table(answer_columns(answer, table, answer.rows_of(table), language, every=True)), ""]
    return [*lines, *(f"- {note}" for note in notes), *([""] if notes else [])]


def _markdown_table(columns: "Sequence[Column]") -> Iterator[str]:
    yield f"| {' | '.join(column.heading for column in columns)} |"
    yield f"| {' | '.join('---:' if column.figures else '---' for column in columns)} |"
    for row in zip(*(column.cells for column in columns), strict=True):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _print_tables(answer: "Answer", language: "Language") -> None:
    """The answer's rows, the sentence below them, then the further tables; what is too long is cut."""
    console = _console()
    words = answer.words
    console.print(getattr(words.title, language), style="bold")
    left_out = _print_table(console, answer, "answer", language)
    console.print(f"\n{answer.in_words(words.sentence, language)}\n")
    for table in words.shown_tables():
        console.print(getattr(words.tables[table].title, language), style="bold")
        left_out += _print_table(console, answer, table, language)
        console.print()
    if left_out:
        told = ", ".join(dict.fromkeys(left_out))
        console.print(f"{NO_ROOM[language].format(told)}\n", style="dim")
    for note in answer.notes(language):
        console.print(f"{note}\n", style="dim")


def _print_table(console: "Console", answer: "Answer", table: str, language: "Language") -> list[str]:
    """One table, or one under each value of the column that splits it; returns the columns without room."""
    from cinelake.cli.tables import draw_table, fit_columns

    words, rows = answer.words.words_of(table), answer.rows_of(table)
    split = words.split if rows else None
    columns = answer_columns(answer, table, rows, language)
    widths = fit_columns(columns, console.width)
    left_out = [column.heading for column in columns[len(widths) :]]
    for value in dict.fromkeys(row[split] if split else None for row in rows):
        chosen = [row for row in rows if split is None or row[split] == value]
        if split is not None:
            console.print(f"\n{words.word(split, value, language)} ({len(chosen):,})", style="bold")
        console.print()
        shown = chosen[: min(answer.limit_of(table) or LONG, LONG)]
        console.print(draw_table(answer_columns(answer, table, shown, language), widths))
        if len(chosen) > len(shown):
            console.print(REST[language].format(len(chosen) - len(shown)), style="dim")
    if not rows:
        console.print()
        console.print(draw_table(columns, widths))
    return left_out


def _print_contents(result: "SurveyResult") -> None:
    """A table a layer, the columns of all of them as wide as each other's."""
    from cinelake.cli.tables import draw_table, fit_columns

    console = _console()
    widths = fit_columns(entry_columns(result.entries, now=result.run.started_at), console.width)
    for heading, columns in layers_of(result):
        console.print(heading, style="bold")
        console.print()
        console.print(draw_table(columns, widths))
        console.print()
    for line in legend_lines(result):
        console.print(line, style="dim")


def _print_query(result: "QueryResult") -> None:
    from cinelake.cli.tables import draw_table, fit_columns

    console = _console()
    columns = query_columns(result)
    widths = fit_columns(columns, console.width)
    console.print(draw_table(columns, widths))
    left_out = ", ".join(column.heading for column in columns[len(widths) :])
    if left_out:
        console.print(f"\nNo room here for: {left_out}. --json and --csv have all columns.", style="dim")
    console.print(f"\n{rows_told(result)}", style="dim")


def _console() -> "Console":
    """A terminal of its own width, or a wide one where stdout is none."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else WIDE, markup=False, highlight=False)


def _print_json(told: Mapping[str, Any]) -> None:
    sys.stdout.write(as_json(dict(told), indent=1))


def _print_lines(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
