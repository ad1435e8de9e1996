"""An answer with several tables, in each form and in both languages."""

import csv
import io

import pytest

from projects import ProjectFolder
from refusals import refusal
from tables import make_all

QUESTION = "films-vs-series"


@pytest.fixture
def built(folder: ProjectFolder) -> ProjectFolder:
    make_all(folder)
    return folder


def test_a_table_that_a_question_does_not_have_is_refused_with_those_that_it_has(built: ProjectFolder) -> None:
    ended = built.cinelake("ask", QUESTION, "--csv", "--table", "differenses", "-q")
    assert ended.returncode == 2
    assert f"error: {QUESTION} has no table 'differenses'\n" in ended.stderr
    assert "did you mean differences? its tables are: answer, differences, sensitivity" in ended.stderr


def test_a_table_by_name_goes_with_csv_alone(built: ProjectFolder) -> None:
    assert "--table goes with --csv" in refusal(built, "ask", QUESTION, "--table", "differences", code=2).what


def test_csv_has_each_table_by_itself(built: ProjectFolder) -> None:
    document = built.document("ask", QUESTION)
    for name in ("differences", "sensitivity"):
        printed = built.cinelake("ask", QUESTION, "--csv", "--table", name, "-q").stdout
        rows = list(csv.DictReader(io.StringIO(printed)))
        assert rows == [
            {key: "" if value is None else str(value) for key, value in row.items()} for row in document[name]
        ]


def test_markdown_has_every_table_and_every_column(built: ProjectFolder) -> None:
    printed = built.cinelake("ask", QUESTION, "--md", "-q").stdout
    assert [line for line in printed.splitlines() if line.startswith("#")] == [
        "## Do these genres do better as films or as series?",
        "### Films minus series, with intervals of 95%",
        "### The same for titles with at least so many votes",
    ]
    tables = [block.splitlines() for block in printed.split("\n\n") if block.startswith("|")]
    document = built.document("ask", QUESTION)
    for lines, name in zip(tables, ("rows", "differences", "sensitivity"), strict=True):
        rows = document[name]
        assert len(lines) == 2 + len(rows)
        assert {line.count("|") for line in lines} == {len(rows[0]) + 1}


def test_a_terminal_shows_the_sentence_below_the_answer_and_the_tables_below_it(built: ProjectFolder) -> None:
    printed = built.cinelake("ask", QUESTION, "-q", "--lang", "pt").stdout
    order = [
        "Estes gêneros se saem melhor em filmes ou em séries?",
        "Nota média",
        "Drama ou Romance",
        "Filmes menos séries, com intervalos de 95%",
        "Pares em que a série supera",
        "O mesmo, por número mínimo de votos",
        "Os intervalos são de 95%",
    ]
    places = [printed.index(text) for text in order]
    assert places == sorted(places)


def test_a_language_that_there_is_not_is_refused(built: ProjectFolder) -> None:
    ended = built.cinelake("ask", "--lang", "fr")
    assert ended.returncode == 2
    assert "'en'" in ended.stderr
    assert "'pt'" in ended.stderr


def test_parameters_of_a_question_are_settings_of_the_project(built: ProjectFolder) -> None:
    built.write_settings(more=f"[questions.{QUESTION}]\nsensitivity = [7]")
    assert {row["min_votes"] for row in built.document("ask", QUESTION)["sensitivity"]} == {7}


@pytest.mark.parametrize(
    ("settings", "what", "hint"),
    [
        (
            f"[questions.{QUESTION}]\nsensitivty = [7]",
            f"lake.toml: questions.{QUESTION} has no parameter 'sensitivty'",
            "did you mean sensitivity?",
        ),
        (
            "[questions.film-vs-series]\nsensitivity = [7]",
            "lake.toml: there is no question 'film-vs-series'",
            "did you mean films-vs-series?",
        ),
    ],
)
def test_a_parameter_or_a_question_that_is_not_there_is_told_with_the_nearest(
    built: ProjectFolder, settings: str, what: str, hint: str
) -> None:
    built.write_settings(more=settings)
    told = refusal(built, "ask", QUESTION, code=2)
    assert (told.what, told.hint) == (what, hint)
