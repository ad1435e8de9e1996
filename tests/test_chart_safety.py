"""A chart has nothing fetched and nothing run by who looks at it, whatever its specification says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cinelake import ConfigurationError
from cinelake.ask.questions import Spec
from cinelake.report.charts import Drawing
from cinelake.report.charts.svg import faults_of
from drawings import HEAD, TITLE, answer_of, only
from projects import ProjectFolder
from tables import make_all

FILE = "questions/mine/mine.vl.json"
BASE = "http://127.0.0.1:9"
BAR: dict[str, Any] = {
    "data": {"name": "answer"},
    "mark": "bar",
    "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "n", "type": "quantitative"}},
}
SPEC = f"""[[charts]]
mark = "spec"
file = "mine.vl.json"
{TITLE}
"""
PLAIN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


def drawing_of(spec: dict[str, Any], rows: list[dict[str, Any]] | None = None) -> Drawing:
    answer = answer_of(SPEC, rows or [{"a": "one", "n": 1}, {"a": "two", "n": 2}])
    text = json.dumps(spec)
    return only(replace(answer, specs={"mine.vl.json": Spec(FILE, text, json.loads(text))}))


def encoded(**channels: Any) -> dict[str, Any]:
    return {**BAR, "encoding": {**BAR["encoding"], **channels}}


FETCHING: list[dict[str, Any]] = [
    {**BAR, "mark": {"type": "bar", "fill": f"url({BASE}/fill.svg#a)"}},
    {**BAR, "mark": {"type": "bar", "fill": f"\\75rl({BASE}/fill.svg#a)"}},
    {**BAR, "mark": {"type": "bar", "fill": f"u\\72l ({BASE}/fill.svg#a)"}},
    {**BAR, "mark": {"type": "bar", "fill": f"image-set('{BASE}/a.png' 1x)"}},
    {**BAR, "mark": {"type": "bar", "stroke": {"expr": f"'url({BASE}/' + datum.a + '.svg#a)'"}}},
    {**BAR, "mark": {"type": "bar", "blend": {"expr": f"'normal;mask-image:url({BASE}/mask.svg)'"}}},
    {**BAR, "mark": {"type": "bar", "href": f"{BASE}/mark"}},
    encoded(href={"value": f"{BASE}/value"}),
    encoded(color={"value": f"url({BASE}/color.svg#a)"}),
    encoded(color={"field": "a", "scale": {"range": [f"url({BASE}/range.svg#a)"]}}),
    {**BAR, "view": {"fill": f"url({BASE}/view.svg#a)"}},
    {**BAR, "config": {"axis": {"labelColor": f"url({BASE}/axis.svg#a)"}}},
    {**BAR, "config": {"axis": {"labelFont": f"x;background:url({BASE}/font.png)"}}},
    {**BAR, "title": {"text": "T", "color": f"url({BASE}/title.svg#a)"}},
]


@pytest.mark.parametrize("spec", FETCHING)
def test_what_would_fetch_something_is_not_drawn(spec: dict[str, Any]) -> None:
    drawing = drawing_of(spec)
    for draw in (drawing.svg, drawing.png):
        with pytest.raises(ConfigurationError) as raised:
            draw()
        assert raised.value.what.startswith(f"{FILE} has ")
        assert "may not fetch" in raised.value.what


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"background": f"url({BASE}/ground.svg#a)"}},
        {"mark": {"type": "bar", "cursor": {"expr": f"'url({BASE}/cursor.png),auto'"}}},
    ],
)
def test_what_is_not_drawn_fetches_nothing(change: dict[str, Any]) -> None:
    assert BASE not in drawing_of({**BAR, **change}).svg()


def test_texts_may_say_what_they_like() -> None:
    told = f'<script>url({BASE}/a) <!-- & " \\ <?x ]]>'
    svg = drawing_of(encoded(description={"field": "a"}), [{"a": told, "n": 1}]).svg()
    assert "<script" not in svg
    assert drawing_of({**BAR, "config": {"aria": True}}, [{"a": told, "n": 1}]).png().startswith(b"\x89PNG")


GRADIENT = {"gradient": "linear", "stops": [{"offset": 0, "color": "red"}, {"offset": 1, "color": "rgb(0,0,9)"}]}


MARKS = ("area", "boxplot", "circle", "errorband", "point", "rect", "tick", "trail")
TEXT = {"type": "text", "font": "'Fira Sans', serif", "angle": 20, "dir": "rtl", "limit": 5}
DRAWN: list[dict[str, Any]] = [
    {**BAR, "mark": {"type": "bar", "color": GRADIENT, "clip": True, "blend": "multiply", "cursor": "pointer"}},
    {**BAR, "mark": {"type": "bar", "color": {**GRADIENT, "gradient": "radial"}, "tooltip": True}},
    {**BAR, "mark": {"type": "line", "point": True, "strokeDash": [2, 2], "strokeCap": "round"}},
    {**encoded(text={"field": "a"}), "mark": TEXT},
    {**encoded(color={"field": "n", "type": "quantitative"}), "config": {"aria": True}},
    {**encoded(row={"field": "a"}), "params": [{"name": "brush", "select": "interval"}]},
    *({**BAR, "mark": mark} for mark in MARKS),
    {"data": {"name": "answer"}, "mark": "arc", "encoding": {"theta": {"field": "n"}, "color": {"field": "a"}}},
]


@pytest.mark.parametrize("spec", DRAWN)
def test_what_looks_as_it_likes_is_drawn(spec: dict[str, Any]) -> None:
    drawing = drawing_of(spec)
    assert drawing.svg().startswith("<svg")
    assert drawing.png().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ("<!DOCTYPE svg>", "a declaration"),
        ("<?xml-stylesheet href='a.css'?>", "a declaration"),
        ("<g>", "what is no SVG"),
        ("<script>1</script>", "an element script"),
        ("<style>a{}</style>", "an element style"),
        ("<foreignObject/>", "an element foreignObject"),
        ("<use href='#a'/>", "an element use"),
        ("<html:img xmlns:html='http://www.w3.org/1999/xhtml'/>", "an element "),
        ("<image href='http://a/b.png'/>", "href="),
        ("<image xlink:href='//a/b.png'/>", "href="),
        ("<image href='data:image/svg+xml;base64,AA=='/>", "href="),
        ("<rect onload='1'/>", "onload="),
        ("<rect fill='url(http://a#b)'/>", "fill="),
        ("<rect fill='URL( #a'/>", "fill="),
        ("<rect fill='url(#a) url(b)'/>", "fill="),
        ("<rect fill='ur\\6c(b)'/>", "fill="),
        ("<rect style='fill:red'/>", "style="),
        ("<rect style='cursor: url(a)'/>", "style="),
        ("<rect filter='none'/>", "filter="),
    ],
)
def test_what_a_drawing_may_not_hold_is_told(part: str, fault: str) -> None:
    assert next(faults_of(PLAIN.format(part))).startswith(fault)


def test_what_it_may_hold_is_not() -> None:
    part = (
        "<g clip-path='url(#clip-1)' style='mix-blend-mode: multiply; pointer-events: none;'>"
        "<image href='data:image/png;base64,AA=='/><rect fill='url(#a_1)' stroke='rgb(1, 2, 3)'/></g>"
    )
    assert list(faults_of(PLAIN.format(part))) == []


def test_what_cannot_be_drawn_is_told_by_its_own_file() -> None:
    answer = answer_of(SPEC, [{"a": 1}])
    for said_in, hint in (("mine/question.toml", "mend that chart's settings"), ("mine/m.vl.json", "specification")):
        with pytest.raises(ConfigurationError, match=f"questions/{said_in} cannot be drawn") as raised:
            Drawing("mine-1", "T", {"mark": "nothing"}, "en", said_in).svg()
        assert hint in raised.value.hint
    assert answer.question == "mine"


def test_a_specification_that_fetches_makes_no_report(tmp_path: Path) -> None:
    folder = ProjectFolder(tmp_path / "project")
    folder.write_small()
    make_all(folder)
    path = folder.path / "questions/mine"
    path.mkdir(parents=True)
    path.joinpath("question.toml").write_text(HEAD + SPEC, encoding="utf-8")
    path.joinpath("answer.sql").write_text("SELECT 'a' AS a, 1 AS n\n", encoding="utf-8")
    path.joinpath("mine.vl.json").write_text(json.dumps(FETCHING[0]), encoding="utf-8")
    for form in ("html", "svg", "png"):
        ended = folder.cinelake("report", "mine", "--format", form)
        assert ended.returncode == 2
        assert FILE in ended.stderr
