"""A question is a folder: what the user's own may hold, and what is said of one that is not as it must be."""

import csv
import io
from collections.abc import Mapping

import pytest

from cinelake import Answer, AskOptions, CinelakeError, ConfigurationError, ask_questions
from projects import DATE, ProjectFolder
from tables import make_all

SENTENCE = (
    "{{ rows|length }} {{ 'decade' if rows|length == 1 else 'decades' }}; at least {{ parameters.least }} a decade."
)
WORDS = f"""
order = 9
[title]
en = "How many films a decade?"
pt = "Quantos filmes por década?"
[prose]
en = "Films by the decade of their release."
pt = "Filmes pela década de lançamento."
[sentence]
en = "{SENTENCE}"
pt = "{SENTENCE.replace("decade", "década")}"
[parameters]
least = 1
[columns]
decade = {{ en = "Decade", pt = "Década", format = "year" }}
films = {{ en = "Films", pt = "Filmes", format = "integer" }}
"""
FILES = {
    "question.toml": WORDS,
    "decades.sql": "SELECT year // 10 * 10 AS decade FROM refined.dim_title WHERE kind = 'film'",
    "answer.sql": "SELECT decade, COUNT(*) AS films\nFROM decades\nWHERE decade IS NOT NULL\n"
    "GROUP BY decade\nHAVING COUNT(*) >= $least\nORDER BY decade",
}


@pytest.fixture
def built(folder: ProjectFolder) -> ProjectFolder:
    make_all(folder)
    return folder


def write(folder: ProjectFolder, files: Mapping[str, str | None], name: str = "films-by-decade") -> None:
    """A question's folder, good but for what is given; None leaves a file out."""
    path = folder.path / "questions" / name
    path.mkdir(parents=True, exist_ok=True)
    for file, text in {**FILES, **files}.items():
        if text is not None:
            path.joinpath(file).write_text(text, encoding="utf-8")


def ask(folder: ProjectFolder, *names: str) -> dict[str, Answer]:
    return {answer.question: answer for answer in ask_questions(*folder.open(), AskOptions(names)).answers}


# Folders that are not as they must be


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"answer.sql": "SELECT 1 AS one,\n\n  FROM WHERE"}, "answer.sql, line 3"),
        ({"answer.sql": "SELECT 'abc"}, "answer.sql, line 1: a quote"),
        ({"answer.sql": "SELECT 'a\nb' AS b,\n  'abc\nFROM decades\n"}, "answer.sql, line 3: a quote"),
        ({"answer.sql": "SELECT 1 AS one\n/* more"}, "answer.sql, line 2: a quote or a comment"),
        ({"answer.sql": f"SELECT {'(' * 9000}1{')' * 9000}"}, "answer.sql is nested too deeply"),
        ({"Answer.sql": "SELECT 1 AS one"}, "Answer.sql: SQL does not tell large and small letters"),
        ({"Films.sql": "SELECT 1 AS one", "answer.sql": "SELECT one FROM Films"}, "Films.sql: SQL does not tell"),
        ({"answer.sql": "SELECT 1 AS a; SELECT 2 AS b"}, "answer.sql must hold one SELECT"),
        ({"answer.sql": None}, "films-by-decade has no answer.sql"),
        ({"answer.sql": "SELECT * FROM refined.films"}, "answer.sql, line 1 reads refined.films, which is no table"),
        ({"answer.sql": "SELECT * FROM filmes"}, "answer.sql, line 1 reads filmes, which is no table"),
        ({"answer.sql": "SELECT decade FROM decades WHERE decade > $first"}, "answer.sql, line 1 uses $first"),
        ({"decades.sql": "SELECT * FROM more", "more.sql": "SELECT * FROM decades"}, "decades → more → decades"),
        ({"answer.sql": "SELECT decad FROM decades"}, "films-by-decade/answer.sql"),
        ({"decades.sql": "SELECT yeer AS decade FROM refined.dim_title"}, "films-by-decade/decades.sql"),
        ({"summary.sql": "SELECT decade FROM decades"}, "summary.sql gave 3 rows"),
        ({"question.toml": None}, "question.toml is missing"),
        (
            {"question.toml": WORDS.replace('pt = "Quantos filmes por década?"', "")},
            "question.toml, line 3: title.pt is missing",
        ),
        (
            {"question.toml": WORDS.replace("[title]\n", "[title]\nfr = 'x'\n")},
            "question.toml, line 4: title.fr is no setting",
        ),
        ({"question.toml": WORDS.replace("[prose]", "[prose")}, "question.toml is no valid TOML"),
        ({"question.toml": WORDS.replace("[prose]", "[prose")}, "line 6"),
        (
            {"question.toml": WORDS.replace("rows|length }}", "rows|length }", 1)},
            "question.toml, line 10: a sentence's template",
        ),
        ({"question.toml": WORDS.replace("rows|length }}", "rows|longest }}", 1)}, "question.toml"),
    ],
)
def test_a_broken_question_is_told_by_its_file(built: ProjectFolder, files: dict[str, str | None], said: str) -> None:
    write(built, files)
    with pytest.raises(CinelakeError) as caught:
        ask(built, "films-by-decade")
    assert said in caught.value.what
    assert "questions/films-by-decade" in caught.value.what or "→" in said
    assert caught.value.hint


@pytest.mark.parametrize("file", ["answer.sql", "question.toml"])
def test_a_file_that_holds_no_text_is_told(built: ProjectFolder, file: str) -> None:
    write(built, {file: None})
    path = built.path / "questions/films-by-decade" / file
    path.mkdir()
    with pytest.raises(ConfigurationError, match=rf"films-by-decade/{file} cannot be read: Is a directory"):
        ask(built, "films-by-decade")
    path.rmdir()
    path.write_bytes(b"SELECT 'a\xe7' AS a")
    with pytest.raises(ConfigurationError, match=rf"films-by-decade/{file} is (not UTF-8|no valid TOML)"):
        ask(built, "films-by-decade")


def test_a_byte_order_mark_is_not_part_of_a_question(built: ProjectFolder) -> None:
    write(built, {file: f"\ufeff{text}" for file, text in FILES.items()})
    assert ask(built, "films-by-decade")["films-by-decade"].rows


def test_a_name_that_is_none_is_refused(built: ProjectFolder) -> None:
    write(built, {}, "Films By Decade")
    with pytest.raises(ConfigurationError, match="questions/Films By Decade: that is no name"):
        ask(built)


def test_a_question_that_is_not_there_is_refused_with_the_nearest(built: ProjectFolder) -> None:
    with pytest.raises(ConfigurationError, match="there is no question 'film-vs-series'") as caught:
        ask(built, "film-vs-series")
    assert caught.value.hint == "did you mean films-vs-series?"


@pytest.mark.parametrize(
    "select",
    ["SELECT * FROM read_text('{}')", "SELECT * FROM '{}'", "SELECT (SELECT content FROM read_text('{}')) AS secret"],
)
def test_a_question_reads_tables_and_no_files(built: ProjectFolder, select: str) -> None:
    built.path.joinpath(".env").write_text("TMDB_TOKEN=secret\n")
    write(built, {"answer.sql": select.format(built.path / ".env")})
    with pytest.raises(ConfigurationError, match=r"questions/films-by-decade/answer\.sql"):
        ask(built, "films-by-decade")


# The user's own


def test_a_folder_of_the_project_is_a_question(built: ProjectFolder) -> None:
    write(built, {})
    answer = ask(built)["films-by-decade"]
    assert answer.rows == ({"decade": 1990, "films": 1}, {"decade": 2000, "films": 1})
    assert answer.parameters["least"] == 1
    assert "COUNT(*) >= 1" in answer.sql["answer"]


def test_a_question_sees_the_settings_of_the_analysis_and_its_own_win(built: ProjectFolder) -> None:
    select = "SELECT $min_votes AS votes, UNNEST($genres) AS genre ORDER BY genre"
    write(built, {"answer.sql": select, "question.toml": WORDS.replace("least = 1", "least = 1\nmin_votes = 7")})
    assert ask(built)["films-by-decade"].rows == ({"votes": 7, "genre": "Drama"}, {"votes": 7, "genre": "Romance"})


def test_a_question_may_make_rows_of_its_own(built: ProjectFolder) -> None:
    write(built, {"answer.sql": "SELECT 1980 + 10 * number AS decade FROM range(3) AS tens(number) ORDER BY decade"})
    assert [row["decade"] for row in ask(built)["films-by-decade"].rows] == [1980, 1990, 2000]


def test_a_question_of_the_project_replaces_a_shipped_one_of_its_name(built: ProjectFolder) -> None:
    write(built, {}, "films-vs-series")
    told = ask(built)
    assert list(told) == ["budget-and-return", "films-vs-series"]
    assert told["films-vs-series"].rows[0] == {"decade": 1990, "films": 1}


def test_questions_come_in_the_order_that_they_name(built: ProjectFolder) -> None:
    write(built, {})
    write(built, {"question.toml": WORDS.replace("order = 9", "order = 0")}, "a-first-one")
    write(built, {}, "_draft")
    assert list(ask(built)) == ["a-first-one", "films-vs-series", "budget-and-return", "films-by-decade"]


# As the program prints them


def test_csv_is_the_rows_with_a_header(built: ProjectFolder) -> None:
    write(built, {})
    ended = built.cinelake("ask", "films-by-decade", "--csv", "-q")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "decade,films\n1990,1\n2000,1\n", "")


def test_csv_leaves_an_unknown_empty_and_loses_no_digit(built: ProjectFolder) -> None:
    rows = list(csv.DictReader(io.StringIO(built.cinelake("ask", "films-vs-series", "--csv").stdout)))
    row = next(row for row in rows if (row["kind"], row["genre"]) == ("series", "Romance"))
    assert (row["titles"], row["mean_rating"], row["mean_votes"], row["mean_popularity"]) == ("1", "7.0", "", "")
    assert [float(row["mean_popularity"] or "nan") for row in rows][:1] == [0.875]


def test_json_is_one_document_with_the_answer_at_its_top(built: ProjectFolder) -> None:
    write(built, {})
    told = built.document("ask", "films-by-decade")
    assert (told["stage"], told["processing_date"], told["question"]) == ("ask", DATE, "films-by-decade")
    assert told["rows"] == [{"decade": 1990, "films": 1}, {"decade": 2000, "films": 1}]


def test_markdown_is_a_heading_a_sentence_and_a_table(built: ProjectFolder) -> None:
    words = WORDS.replace("[columns]", '[columns]\nnote = { en = "Note", pt = "Nota" }')
    write(built, {"question.toml": words, "answer.sql": "SELECT 1990 AS decade, 'a|b' AS note", "decades.sql": None})
    ended = built.cinelake("ask", "films-by-decade", "--md")
    assert ended.stdout.split("\n") == [
        "## How many films a decade?",
        "",
        "1 decade; at least 1 a decade.",
        "",
        "| Note | Decade |",
        "| --- | ---: |",
        r"| a\|b | 1990 |",
        "",
        "",
    ]


def test_a_table_has_headings_the_rows_and_the_sentence(built: ProjectFolder) -> None:
    write(built, {})
    ended = built.cinelake("ask", "films-by-decade")
    words = [word for word in ended.stdout.split() if not set(word) <= set("─━ ")]
    assert " ".join(words) == ("How many films a decade? Decade Films 1990 1 2000 1 2 decades; at least 1 a decade.")


def test_the_shipped_questions_make_sentences_of_whatever_is_there(built: ProjectFolder) -> None:
    built.write_settings(analysis='genres = ["Polka"]')
    ended = built.cinelake("ask", "--md")
    assert ended.returncode == 0, ended.stderr
    assert "cannot be compared" in ended.stdout
    assert "no return to compare" in ended.stdout
    assert "None" not in ended.stdout


def test_an_answer_is_put_in_the_words_of_either_language(built: ProjectFolder) -> None:
    write(built, {"question.toml": WORDS.replace("parameters.least }}", "(1234567)|usd }}")})
    answer = ask(built, "films-by-decade")["films-by-decade"]
    assert answer.in_words(answer.words.sentence, "en") == "2 decades; at least $1,234,567 a decade."
    assert answer.in_words(answer.words.sentence, "pt").replace("\xa0", " ") == (
        "2 décadas; at least US$ 1.234.567 a década."
    )
