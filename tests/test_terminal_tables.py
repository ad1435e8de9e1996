"""Answers on a terminal: what fits its width, whole; and the names of what does not."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinelake.ask import Answer, AskOptions, ask_questions
from cinelake.ask.sentences import write_value
from cinelake.cli.tables import GAP, Column, fit_columns
from cinelake.sample import write_sample
from projects import DATE, ProjectFolder
from terminals import on_terminal


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    folder = ProjectFolder(tmp_path_factory.mktemp("terminal") / "project")
    write_sample(folder.path, films=800, series=120)
    folder.write_settings()
    folder.document("run", "--date", DATE)
    return folder


@pytest.fixture(scope="module")
def answers(sample: ProjectFolder) -> Sequence[Answer]:
    return ask_questions(*sample.open(), AskOptions(record=False)).answers


@pytest.mark.parametrize("width", [80, 60, 40])
def test_no_line_is_wider_than_the_terminal_and_each_figure_stands_whole(
    sample: ProjectFolder, answers: Sequence[Answer], width: int
) -> None:
    lines = on_terminal(sample.path, width, "ask")
    assert max(map(len, lines)) <= width
    words = {word for line in lines for word in line.split()}
    left_out = re.findall(r"No room here for: (.+?)\. --json", " ".join(lines))
    for answer in answers:
        for name in (name for name in answer.words.columns if answer.words.form(name) != "text"):
            if answer.words.heading(name, "en") not in ", ".join(left_out).split(", "):
                written = {write_value(row[name], answer.words.form(name), "en") for row in answer.rows}
                assert written <= words, name


def test_columns_without_room_are_named_and_a_wide_terminal_has_them_all(sample: ProjectFolder) -> None:
    narrow = " ".join(on_terminal(sample.path, 80, "ask", "films-vs-series"))
    assert "No room here for: Mean popularity, Median popularity, " in narrow
    assert ". --json, --csv and --md have all columns." in narrow
    for wide in (on_terminal(sample.path, 200, "ask"), sample.cinelake("ask").stdout.splitlines()):
        assert any("Median rating" in line and "Median popularity" in line for line in wide)
        assert "No room here" not in " ".join(wide)


def test_a_column_that_splits_an_answer_heads_tables_of_its_own(
    sample: ProjectFolder, answers: Sequence[Answer]
) -> None:
    answer = answers[1]
    lines = on_terminal(sample.path, 80, "ask", "budget-and-return")
    for group in ("big_low_low", "small_high_high"):
        rows = [row for row in answer.rows if row["group"] == group]
        assert len(rows) > 1
        words = answer.words.word("group", group, "en")
        assert [line for line in lines if words in line] == [f"{words} ({len(rows)})"]
        years = [line for line in lines[lines.index(f"{words} ({len(rows)})") :] if re.search(r" (19|20)\d\d  ", line)]
        assert len(years) >= len(rows)


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            Column,
            st.text("ab ", max_size=30),
            st.lists(st.text("1,", max_size=30), min_size=2, max_size=2).map(tuple),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 120),
)
def test_whatever_the_columns_are_they_fit(columns: list[Column], width: int) -> None:
    widths = fit_columns(columns, width)
    assert 1 <= len(widths) <= len(columns)
    assert sum(widths) + GAP * (len(widths) - 1) <= width
    shown = list(zip(columns, widths, strict=False))
    assert all(column.least_width <= given <= column.width for column, given in shown[1:])
