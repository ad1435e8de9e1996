"""What is said of a question that is not as it must be: the file, the line where it can be known, and the next step."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from cinelake import CinelakeError
from cinelake.ask import AskOptions, ask_questions
from cinelake.ask.written import Written
from cinelake.engine.places import line_of_name, line_of_refusal
from cinelake.report.charts import draw_charts
from cinelake.report.charts.palette import COLORS
from projects import ProjectFolder
from refusals import refusal
from tables import make_all

ANSWER = """-- One row a decade.
SELECT
    FLOOR(year / 10) * 10 AS decade,
    COUNT(*) AS films
FROM refined.dim_title
WHERE kind = 'film' AND year >= $first
GROUP BY decade
ORDER BY decade
"""
WORDS = '''order = 5

[title]
en = "How many films a decade?"
pt = "Quantos filmes por década?"

[prose]
en = "By the year of release."
pt = "Pelo ano de lançamento."

[sentence]
en = """
Most films came out
in the {{ rows[0].decade|integer }}s.
"""
pt = "A maioria é de {{ rows[0].decade }}."

[[notes]]
en = "From {{ parameters.first }} on."
pt = "Desde {{ parameters.first }}."

[parameters]
first = 1900

[columns]
decade = { en = "Decade", pt = "Década", format = "year" }
films = { en = "Films", pt = "Filmes", format = "integer" }

[[charts]]
mark = "bar"
x = "decade"
y = "films"
color = "decade"
title = { en = "Films", pt = "Filmes" }

[[charts]]
mark = "spec"
file = "mine.vl.json"
title = { en = "Films", pt = "Filmes" }
'''
SPEC = """{
  "data": {"name": "answer"},
  "mark": "bar",
  "encoding": {
    "x": {"field": "decade", "type": "ordinal"},
    "y": {"field": "films", "type": "quantitative", "title": {"en": "Films", "pt": "Filmes"}}
  }
}
"""
TOML = "questions/mine/question.toml"
SQL = "questions/mine/answer.sql"
CHART = "questions/mine/mine.vl.json"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    folder = ProjectFolder(tmp_path_factory.mktemp("errors") / "project")
    folder.write_small()
    make_all(folder)
    return folder


def write(folder: ProjectFolder, **texts: str) -> None:
    path = folder.path / "questions/mine"
    path.mkdir(parents=True, exist_ok=True)
    for name, text in {"question.toml": WORDS, "answer.sql": ANSWER, "mine.vl.json": SPEC, **texts}.items():
        path.joinpath(name).write_text(text, encoding="utf-8")


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def refused(folder: ProjectFolder) -> None:
    """Makes all that a report makes of the question, which must be refused somewhere."""
    [answer] = ask_questions(*folder.open(), AskOptions(("mine",), record=False)).answers
    for language in ("en", "pt"):
        answer.in_words(answer.words.sentence, language)
        answer.notes(language)
        list(draw_charts(answer, language))
    raise AssertionError("nothing was refused")


def told(folder: ProjectFolder) -> tuple[str, str]:
    with pytest.raises(CinelakeError) as caught:
        refused(folder)
    assert caught.value.exit_code == 2
    return caught.value.what, caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "hint"),
    [
        # Settings that are none, or not what they must be
        ("order = 5", "ordr = 5", 1, "ordr is no setting", "did you mean order?"),
        ("[prose]", "[prosa]", 7, "prosa is no setting", "did you mean prose?"),
        ("[prose]", "[elephant]", 7, "elephant is no setting", "allowed there: title, columns"),
        ('pt = "Década", format', 'pt = "Década", fromat', 26, "columns.decade.fromat is no setting", "format?"),
        ('format = "year"', 'format = "yaer"', 26, "columns.decade.format is 'yaer', but may be text", "mean year?"),
        ("order = 5", 'order = "5"', 1, "order: must be a whole number", "mend"),
        ("order = 5", "order = 5\nexample = 1", 2, "example: ", "mend"),
        ('pt = "Quantos filmes por década?"\n', "", 3, "title.pt is missing", "add it"),
        ('pt = "Quantos filmes por década?"', 'pt = ""', 5, "title.pt: must not be empty", "mend"),
        ('decade = { en = "Decade", pt = "Década", format = "year" }', 'decade = "D"', 26, "must be a table", "en, pt"),
        ("order = 5", "shown = -1", 1, "shown: input should be greater than or equal to 0", "mend"),
        ("order = 5", 'shown = "frist"', 1, "shown names 'frist', which is no parameter", "did you mean first?"),
        # Charts
        ('mark = "bar"', 'mark = "baar"', 30, "chart 1: mark is 'baar', but may be point, bar", "mean bar?"),
        ('mark = "bar"\n', "", 29, "chart 1: mark is missing", "add one of: bar, distribution, point, spec"),
        ('y = "films"\n', "", 29, "chart 1: y is missing", "add it"),
        ("color =", "colour =", 33, "chart 1: colour is no setting", "did you mean color?"),
        ('y = "films"', 'y = "flims"', 32, "chart 1: y is 'flims', but the columns of answer are", "mean films?"),
        ('y = "films"', 'y = "films"\ndata = "decades"', 33, "draws decades, but there is no decades.sql", "add it"),
        (
            'file = "mine',
            'uses = ["answr"]\nfile = "mine',
            38,
            "draws answr, but there is no answr.sql",
            "mean answer?",
        ),
        ('"mine.vl.json"', '"mine.json"', 38, "chart 2: file must be a file's name that ends in .vl.json", "rename"),
        # What does not fit the rows
        ("decade = { en", "dekade = { en", 26, "columns.dekade tells of no column: they are", "did you mean decade?"),
        ("order = 5", 'split = "decad"', 1, "split is 'decad', but the columns are", "did you mean decade?"),
        ("[columns]", '[figures]\nn = { en = "N", pt = "N" }\n[columns]', 26, "figures names 'n'", "mend"),
        ("[columns]", '[tables.more]\ntitle = { en = "N", pt = "N" }\n[columns]', 25, "there is no more.sql", "add it"),
        ("[columns]", '[tables.notes]\ntitle = { en = "N", pt = "N" }\n[columns]', 25, "may be called notes", "rename"),
        # Sentences
        ("|integer }}s", "|integer }s", 14, "a sentence's template: unexpected '}'", "mend the template"),
        ("|integer }}s", "|intger }}s", 14, "No filter named 'intger'", "did you mean integer?"),
        ("rows[0].decade|", "rows[0].dekade|", 14, "has no attribute 'dekade'", "did you mean decade?"),
        ("rows[0].decade|", "rws[0].decade|", 14, "'rws' is undefined", "did you mean rows?"),
        ("rows[0].decade|", "row(decade=1).decade|", 14, "row(decade=1) fits 0 rows", "mend its template"),
        ("é de {{ rows", "é de {{ roows", 16, "'roows' is undefined", "did you mean rows?"),
        ("Desde {{ parameters.first", "Desde {{ parameters.frist", 20, "no attribute 'frist'", "did you mean first?"),
    ],
)
def test_a_wrong_setting_is_told_by_its_line(
    built: ProjectFolder, old: str, new: str, line: int, what: str, hint: str
) -> None:
    write(built, **{"question.toml": changed(WORDS, old, new)})
    found, next_step = told(built)
    assert found.startswith(f"{TOML}, line {line}")
    assert what in found
    assert hint in next_step


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[prose]", "[prose", "at line 7"),
        ("order = 5", "order = 5\norder = 6", "at line 2"),
        ('in the {{ rows[0].decade|integer }}s.\n"""', "in the", "the text that opens in line 12 does not close"),
        ("[[charts]]", "[charts]", "at line 36"),
    ],
)
def test_what_is_no_toml_is_told_by_its_line(built: ProjectFolder, old: str, new: str, said: str) -> None:
    write(built, **{"question.toml": changed(WORDS, old, new)})
    found, _ = told(built)
    assert found.startswith(f"{TOML} is no valid TOML: ")
    assert said in found


@pytest.mark.parametrize("file", ["answer.sql", "question.toml", "mine.vl.json"])
def test_another_encoding_is_told_by_its_line(built: ProjectFolder, file: str) -> None:
    write(built)
    path = built.path / "questions/mine" / file
    path.write_bytes(path.read_bytes() + "\n\n# é".encode("latin-1"))
    lines = path.read_bytes().count(b"\n") + 1
    assert told(built)[0] == f"questions/mine/{file} is not UTF-8 text: line {lines} holds another encoding"


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "hint"),
    [
        ("ORDER BY decade", "ORDER decade", 8, "", "mend the SQL near 'ORDER'"),
        ("FROM refined", "FRM refined", 5, "Unexpected token", "near 'FRM'"),
        ("'film'", "'film", 6, "a quote or a comment opens there", "close it"),
        ("refined.dim_title", "refined.dim_titel", 5, "reads refined.dim_titel", "did you mean refined.dim_title?"),
        ("refined.dim_title", "dim_title", 5, "reads dim_title, which is no table", "did you mean refined.dim_title?"),
        ("$first", "$frist", 6, "uses $frist, which has no value", "did you mean $first?"),
        ("kind = ", "knd = ", 6, 'column "knd" not found', "did you mean kind"),
        ("COUNT(*)", "CUNT(*)", 4, "name cunt does not exist", "did you mean count"),
        ("year / 10", "title / 10", 3, "'/(VARCHAR, INTEGER_LITERAL)'", "mend that SELECT"),
        ("year / 10", "CAST(title AS INTEGER)", 3, "Could not convert string", "mend that SELECT"),
        ("COUNT(*)", "SUM(COUNT(*))", 4, "cannot be nested", "mend that SELECT"),
        ("COUNT(*) AS", "runtime_minutes AS", 4, "must appear in the GROUP BY clause", "mend that SELECT"),
    ],
)
def test_a_wrong_select_is_told_by_its_line(
    built: ProjectFolder, old: str, new: str, line: int, what: str, hint: str
) -> None:
    write(built, **{"answer.sql": changed(ANSWER, old, new)})
    found, next_step = told(built)
    assert found.startswith(f"{SQL}, line {line}")
    assert what in found
    assert hint in next_step


def test_a_second_statement_is_told_by_its_line(built: ProjectFolder) -> None:
    write(built, **{"answer.sql": f"{ANSWER};\n\nSELECT 1 AS one\n"})
    assert told(built)[0] == f"{SQL} must hold one SELECT and nothing else; another statement begins in line 11"


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "hint"),
    [
        ('"mark": "bar",', '"mark": "bar"', 4, "this is no JSON: expecting ','", "mend that line"),
        ('"bar"', '"baar"', 3, "$.mark: 'baar' is no mark", "did you mean bar?"),
        ('"bar"', '{"type": "baar"}', 3, "$.mark.type: 'baar' is no mark", "did you mean bar?"),
        ('"ordinal"', '"ordnal"', 5, "$.encoding.x.type: 'ordnal' is not one of", "did you mean ordinal?"),
        ('"x":', '"xx":', 5, "$.encoding.xx: Vega-Lite has no such key there", "did you mean x?"),
        ('"field": "films"', '"field": "flims"', 6, "$.encoding.y.field: there is no column 'flims'", "mean films?"),
        ('"name": "answer"', '"name": "answr"', 2, "$.data.name: there are no rows 'answr'", "mean answer?"),
        ('"name": "answer"', '"url": "http://127.0.0.1/x.json"', 2, "$.data.url: a chart may not fetch", ".sql file"),
        ('"name": "answer"', '"url": "file:///etc/hostname"', 2, "$.data.url: a chart may not fetch", ".sql file"),
        ('"bar"', '{"type": "image", "url": "x.png"}', 3, "$.mark.url: a chart may not fetch", ".sql file"),
        ('"mark": "bar",', "", None, "$: 'mark' is a required property", "mend the specification"),
        ('"data": {"name": "answer"},', "", None, "names no rows", '"data": {"name": "answer"}'),
    ],
)
def test_a_wrong_specification_is_told_by_its_line(
    built: ProjectFolder, old: str, new: str, line: int | None, what: str, hint: str
) -> None:
    write(built, **{"mine.vl.json": changed(SPEC, old, new)})
    found, next_step = told(built)
    assert found.startswith(f"{CHART}, line {line}: " if line else CHART)
    assert what in found
    assert hint in next_step


def test_the_program_ends_with_2_and_one_error(built: ProjectFolder) -> None:
    write(built, **{"mine.vl.json": changed(SPEC, '"bar"', '"baar"')})
    assert refusal(built, "report", "mine", code=2).what == f"{CHART}, line 3: $.mark: 'baar' is no mark"


def test_what_vega_refuses_is_told_in_its_words(built: ProjectFolder) -> None:
    transform = '"transform": [{"calculate": "foo(", "as": "x"}], "mark": "bar"'
    write(built, **{"mine.vl.json": changed(SPEC, '"mark": "bar"', transform)})
    error = refusal(built, "report", "mine", code=2)
    assert error.what == f"{CHART} cannot be drawn by Vega-Lite: Unexpected end of input"


# What a specification may do


def drawn(folder: ProjectFolder, spec: dict[str, Any]) -> str:
    write(folder, **{"mine.vl.json": json.dumps(spec)})
    [answer] = ask_questions(*folder.open(), AskOptions(("mine",), record=False)).answers
    _, drawing = draw_charts(answer, "en")
    assert drawing.png().startswith(b"\x89PNG")
    return drawing.svg()


def test_fields_that_a_transform_makes_are_there(built: ProjectFolder) -> None:
    spec = json.loads(SPEC)
    spec["transform"] = [
        {"calculate": "datum.films * 2", "as": "twice"},
        {"aggregate": [{"op": "sum", "field": "twice", "as": "all"}], "groupby": ["decade"]},
    ]
    spec["encoding"]["y"]["field"] = "all"
    assert "<svg" in drawn(built, spec)


def test_colours_are_ours_where_a_specification_names_none(built: ProjectFolder) -> None:
    spec = json.loads(SPEC)
    spec["encoding"]["color"] = {"field": "decade", "type": "nominal"}
    assert all(f'fill="{colour}"' in drawn(built, spec) for colour in COLORS[:2])


def test_a_specification_may_hold_rows_of_its_own(built: ProjectFolder) -> None:
    rows = {"data": {"values": [{"url": "http://a", "n": 1}]}, "mark": "point", "encoding": {"x": {"field": "n"}}}
    mine = {"mark": "bar", "encoding": {"x": {"field": "decade"}}, "data": {"name": "answer"}}
    assert "<svg" in drawn(built, {"vconcat": [mine, rows]})


def test_a_column_of_figures_may_give_the_colours(built: ProjectFolder) -> None:
    write(built)
    [answer] = ask_questions(*built.open(), AskOptions(("mine",), record=False)).answers
    bars, _ = draw_charts(answer, "en")
    assert bars.png().startswith(b"\x89PNG")
    assert all(f'fill="{colour}"' in bars.svg() for colour in COLORS[:2])


def _serve(port: Any, asked: Any, stop: Event) -> None:
    class Counting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with asked.get_lock():
                asked.value += 1
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port.put(server.server_port)
    stop.wait(60)


@pytest.fixture
def counting() -> Iterator[tuple[str, Any]]:
    """A server's URL, and how often it was asked; in a process of its own, as drawing holds this one's lock."""
    context = get_context("spawn")
    port, asked, stop = context.Queue(), context.Value("i", 0), context.Event()
    process = context.Process(target=_serve, args=(port, asked, stop), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port.get(timeout=30)}", asked
    finally:
        stop.set()
        process.join(10)


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"url": "{}/rows.json"}},
        {"transform": [{"lookup": "decade", "from": {"data": {"url": "{}/rows.json"}, "key": "a", "fields": ["b"]}}]},
        {"mark": {"type": "image", "url": "{}/image.png"}},
        {"mark": "image", "encoding": {"url": {"value": "{}/image.png"}}},
        {"mark": "image", "encoding": {"url": {"value": {"en": "{}/image.png", "pt": "{}/imagem.png"}}}},
    ],
)
def test_nothing_is_fetched_for_a_specification(
    built: ProjectFolder, counting: tuple[str, Any], tmp_path: Path, change: dict[str, Any]
) -> None:
    url, asked = counting
    secret = tmp_path / "rows.json"
    secret.write_text('[{"decade": "secret", "films": 7}]')
    for base in (url, tmp_path.as_uri()):
        spec = json.dumps({**json.loads(SPEC), **change}).replace("{}", base)
        write(built, **{"mine.vl.json": spec})
        for form in ("png", "svg"):
            error = refusal(built, "report", "mine", "--format", form, code=2)
            assert error.what.startswith(CHART)
            assert "url: a chart may not fetch anything" in error.what
    assert asked.value == 0


# Where something stands


def test_a_name_is_found_where_it_stands_once_outside_comments_and_texts() -> None:
    text = "-- knd\nSELECT 'knd', kind\nFROM t\nWHERE Knd = kind"
    assert (line_of_name(text, "knd"), line_of_name(text, "kind"), line_of_name(text, "no")) == (4, None, None)
    assert line_of_name("SELECT 'open", "open") is None


def test_the_line_of_a_refusal_is_left_out_where_it_is_not_known() -> None:
    text = "SELECT a,\n a"
    assert line_of_refusal(text, "Binder Error: something else") is None
    assert line_of_refusal(text, 'Binder Error: column "a"\n\nLINE 1: SELECT x, a\n                  ^') is None
    assert line_of_refusal("SELECT b,\n a + 1", "Error: no\n\nLINE 7: ... a  + 1\n             ^") == 2


def test_a_setting_is_found_in_tables_of_lists_and_long_texts() -> None:
    text = 'a.b = 1\n"c d" = """x\n[no]\ne = 2"""\n[[list]]\n[[list]]\nx = 1\n[list.deep]\ny = 2\n'
    written = Written.of("f", text)
    paths = [("a", "b"), ("c d",), ("list", 0), ("list", 1, "x"), ("list", 1, "deep", "y"), ("list", 1, "z"), ("no",)]
    places = [written.place(path) for path in paths]
    assert places == [*(f"f, line {line}" for line in (1, 2, 5, 7, 9, 6)), "f"]
    assert written.place(("c d",), 3) == "f, line 4"
