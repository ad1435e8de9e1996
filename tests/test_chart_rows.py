"""Which rows a chart draws, whatever the SQL gives; and which it refuses, with the line of the setting."""

import itertools
import json
import time
from typing import Any

import pytest

from cinelake import ConfigurationError
from cinelake.ask import Answer
from cinelake.ask.words import QuestionWords
from drawings import TITLE, answer_of, drawn, only

POINT = f"""[[charts]]
mark = "point"
x = "x"
y = "y"
color = "group"
label = "title"
{TITLE}
"""
BAR = f"""[[charts]]
mark = "bar"
x = "x"
y = "y"
color = "group"
{TITLE}
"""
SPREAD = f"""[[charts]]
mark = "distribution"
panel = "panel"
color = "group"
x = "x"
x_end = "x_end"
y = "y"
x_scale = "log"
x_title = {{ en = "Votes", pt = "Votos" }}
y_title = {{ en = "of the film's", pt = "d'água" }}
{TITLE}
[charts.marks]
data = "means"
value = "mean"
count = "n"
low = "low"
high = "high"
name = {{ en = "median", pt = "mediana" }}
"""
STRANGE = ["vote:Q", "a.b", "a[0]", "name", "'", '"', "datum", "x", "a\\b", "é ü"]


def spread_of(*bins: dict[str, Any], **means: Any) -> list[str]:
    first = {"panel": "p", "group": "a", "x": 1, "x_end": 10, "y": 0.5}
    mean = {"panel": "p", "group": "a", "mean": 5, "low": 4, "high": 6, "n": 3, **means}
    other = {"panel": "p", "group": "b", "mean": 7, "low": None, "high": None, "n": 3}
    return list(
        drawn(answer_of(SPREAD, [first, *({**first, "group": "b", **each} for each in bins)], means=[mean, other]))
    )


@pytest.mark.parametrize("change", [{"x": 0}, {"x": None}, {"x_end": None}, {"y": None}])
def test_a_bin_that_has_no_place_is_left_out(change: dict[str, Any]) -> None:
    assert spread_of(change) == spread_of()


def test_a_middle_of_0_is_left_out_on_a_logarithmic_axis() -> None:
    english, portuguese = spread_of(mean=0)
    assert "b: median 7" in english
    assert "a: median" not in english
    assert "a: mediana" not in portuguese


def test_an_interval_from_0_ends_at_its_middle_there() -> None:
    english, _ = spread_of(low=0)
    assert "a: median 5" in english
    assert "mark-rule role-mark" not in english


def test_bins_of_no_width_have_an_axis() -> None:
    chart = SPREAD.replace('x_scale = "log"', "")
    means = [{"panel": "p", "group": "a", "mean": 0, "low": None, "high": None, "n": 3}]
    rows = [{"panel": "p", "group": "a", "x": 0, "x_end": 0, "y": 1.0}]
    assert len(list(drawn(answer_of(chart, rows, means=means)))) == 2


def test_an_apostrophe_stands_in_a_title_of_an_axis() -> None:
    english, portuguese = spread_of()
    assert "50% of the film's" in english
    assert "d'água" in portuguese


@pytest.mark.parametrize("column", STRANGE)
@pytest.mark.parametrize("field", ["x", "y", "color"])
@pytest.mark.parametrize("mark", ["point", "bar"])
def test_a_column_of_any_name_is_drawn_as_another_is(mark: str, field: str, column: str) -> None:
    assert list(drawn(with_column(mark, field, column))) == list(drawn(with_column(mark, field, "plain", of=column)))


def with_column(mark: str, field: str, column: str, of: str | None = None) -> Answer:
    """A chart that reads a field from a column; `of` is the heading of the column, if not its name."""
    columns = {name: f"own {name}" for name in ("x", "y", "color")} | {field: column}
    settings = "".join(f"{name} = {json.dumps(each)}\n" for name, each in columns.items())
    heading = json.dumps(of or column)
    words = f"[columns]\n{json.dumps(column)} = {{ en = {heading}, pt = {heading} }}\n"
    rows = [dict.fromkeys(columns.values(), at) for at in (1, 2)]
    return answer_of(f'{words}[[charts]]\nmark = "{mark}"\n{settings}{TITLE}\n', rows)


def test_a_column_called_name_is_still_the_users() -> None:
    rows = [{"name": f"bar {at}", "y": at, "group": "g", "figure": at * 111} for at in (1, 2)]
    chart = BAR.replace('x = "x"', 'x = "name"').replace("[[charts]]", '[[charts]]\nlabel = "figure"')
    svg = only(answer_of(chart, rows)).svg()
    assert all(f">{text}</text>" in svg for text in ("bar 1", "bar 2", "111", "222"))


def points(count: int, groups: int = 2) -> list[dict[str, Any]]:
    return [
        {"x": at % 97 + 1, "y": at * 7 % 89 + 1, "group": f"g{at % groups}", "title": f"Film {at}"}
        for at in range(count)
    ]


def test_a_line_at_what_a_logarithmic_axis_does_not_reach_is_left_out() -> None:
    chart = POINT.replace(
        "[[charts]]", '[[charts]]\nx_scale = "log"\ny_scale = "log"\nx_lines = ["a", "b"]\ny_lines = ["a"]'
    )
    svg = only(answer_of(chart, points(9), {"a": 0, "b": 33})).svg()
    assert ">33</text>" in svg
    assert svg.count("stroke-dasharray") == 1


def test_a_line_at_a_text_is_refused() -> None:
    chart = POINT.replace("[[charts]]", '[[charts]]\ny_lines = ["a"]')
    told: QuestionWords = answer_of(chart, points(2), {"a": 1}).words
    misfit = told.misfit_of({"answer": tuple(points(1)[0])}, {"answer": points(2)}, {"a": "many"})
    assert misfit is not None
    assert misfit.at == ("charts", 0, "y_lines")
    assert misfit.told == "chart 1: y_lines wants figures, but 'a' of the summary is 'many'"


def test_an_interval_of_texts_is_refused() -> None:
    means = [{"panel": "p", "group": "a", "mean": 5, "low": 4, "high": 6, "n": 3}]
    rows = [{"panel": "p", "group": "a", "x": 1, "x_end": 10, "y": 0.5}]
    told = answer_of(SPREAD, rows, means=means).words
    wrong = [{**means[0], "high": "six"}]
    misfit = told.misfit_of({"answer": tuple(rows[0]), "means": tuple(means[0])}, {"answer": rows, "means": wrong}, {})
    assert misfit is not None
    assert misfit.at == ("charts", 0, "marks", "high")


# How many


def test_two_thousand_points_are_drawn_soon_and_small() -> None:
    answer = answer_of(POINT, points(2_000))
    began = time.monotonic()
    svg = only(answer).svg()
    assert time.monotonic() - began < 10
    assert len(svg) < 700_000
    assert "aria-label" not in svg
    assert "aria-roledescription" not in svg


@pytest.mark.parametrize("chart", [POINT, BAR], ids=["point", "bar"])
def test_more_rows_than_can_be_drawn_are_counted(chart: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        only(answer_of(chart, points(20_000)))
    assert raised.value.what == (
        "questions/mine/question.toml, line 4: chart 1: answer has 20,000 rows to draw, and a chart may have 2,000"
    )
    assert "LIMIT" in raised.value.hint


def test_so_are_those_behind_the_points_and_of_a_distribution() -> None:
    chart = POINT.replace("[[charts]]", '[[charts]]\ncontext = "behind"')
    with pytest.raises(ConfigurationError, match="line 5: chart 1: behind has 5,001 rows"):
        only(answer_of(chart, points(3), behind=points(5_001)))
    with pytest.raises(ConfigurationError, match="answer has 10,002 rows to draw, and a chart may have 10,000"):
        spread_of(*itertools.repeat({}, 10_001))


@pytest.mark.parametrize("chart", [POINT, BAR], ids=["point", "bar"])
def test_no_colour_is_given_twice(chart: str) -> None:
    assert only(answer_of(chart, points(30, groups=7))).svg()
    with pytest.raises(ConfigurationError) as raised:
        only(answer_of(chart, points(30, groups=8)))
    assert raised.value.what.endswith("chart 1: column 'group' holds 8 values, and there are 7 colours")
    assert raised.value.what.startswith("questions/mine/question.toml, line 8")


def test_words_for_more_values_than_there_are_take_no_colour_from_those() -> None:
    values = ", ".join(f'v{at} = {{ en = "Word {at}", pt = "Palavra {at}" }}' for at in range(9))
    words = f'[columns]\ngroup = {{ en = "G", pt = "G", values = {{ {values} }} }}\n'
    rows = [{**row, "group": f"v{at * 4}"} for at, row in enumerate(points(3))]
    svg = only(answer_of(words + POINT, rows)).svg()
    assert all(f">Word {at}</text>" in svg for at in (0, 4, 8))
