"""The command that writes the report, and pages over questions of the user's own."""

import json
from html import escape

import pytest

from cinelake import ConfigurationError, write_report
from cinelake.ask import AskOptions, ask_questions
from cinelake.lake.keys import KeyTemplate
from cinelake.report.page import render_page
from conftest import missing
from projects import DATE, SMALL_MOVIES, ProjectFolder
from refusals import as_ordinary_user
from tables import files_of, film, land, make_all

CHART = '[[charts]]\nmark = "point"\nx = "x"\ny = "number"\ncolor = "x"\ntitle = { en = "Chart", pt = "Gráfico" }\n'


@pytest.fixture
def built(folder: ProjectFolder) -> ProjectFolder:
    make_all(folder)
    return folder


def write_question(
    folder: ProjectFolder, answer: str, *, words: str = "Words", summary: str = "", top: str = "", chart: str = ""
) -> None:
    """A question named `own`, whose column `number` is an integer and whose other columns have no words."""
    path = folder.path / "questions" / "own"
    path.mkdir(parents=True)
    both = f"{{ en = {json.dumps(words)}, pt = {json.dumps(words)} }}"
    path.joinpath("question.toml").write_text(
        f"{top}\ntitle = {both}\nprose = {both}\nsentence = {both}\n{chart}\n"
        f'[columns.number]\nen = {json.dumps(words)}\npt = "Número"\nformat = "integer"\n',
        encoding="utf-8",
    )
    path.joinpath("answer.sql").write_text(answer, encoding="utf-8")
    if summary:
        path.joinpath("summary.sql").write_text(summary, encoding="utf-8")


def page_of(folder: ProjectFolder, question: str = "own") -> str:
    """The page of one question, rendered in this process."""
    project, lake, run = folder.open()
    asked = ask_questions(project, lake, run, AskOptions((question,), record=False))
    return render_page(asked.answers, asked.build, lake=str(lake), keys=KeyTemplate(project.lake.key))


# The command


def test_report_by_itself_writes_what_run_wrote_and_leaves_it_alone_the_next_time(folder: ProjectFolder) -> None:
    told = folder.document("run")["stages"][-1]
    report = folder.path / "report" / "report.html"
    assert (told["stage"], told["status"], told["path"]) == ("report", "done", str(report))
    by_run = report.read_bytes()
    report.unlink()
    assert folder.document("report")["status"] == "done"
    assert report.read_bytes() == by_run
    written_ns = report.stat().st_mtime_ns
    assert folder.document("report")["status"] == "unchanged"
    assert report.stat().st_mtime_ns == written_ns
    assert [path.name for path in report.parent.iterdir()] == ["report.html"]


def test_a_report_that_was_changed_by_hand_is_written_again(built: ProjectFolder) -> None:
    project, lake, run = built.open()
    asked = ask_questions(project, lake, run)
    report = write_report(project, lake, run, asked).path
    page = report.read_bytes()
    report.write_text("mine")
    assert write_report(project, lake, run, asked).status == "done"
    assert report.read_bytes() == page


def test_a_report_that_may_not_be_read_is_written_again(built: ProjectFolder) -> None:
    assert built.cinelake("report").returncode == 0
    report = built.path / "report/report.html"
    page = report.read_bytes()
    report.chmod(0)
    ended = as_ordinary_user(built, "report")
    if ended is None:
        missing("the tests run as root and setpriv cannot give its privileges up")
    assert ended.returncode == 0, ended.stderr
    assert report.read_bytes() == page


def test_an_output_that_cannot_be_written_is_wrong_use(built: ProjectFolder) -> None:
    built.path.joinpath("folder").mkdir()
    ended = built.cinelake("report", "--output", "folder", "--json", "-q")
    assert ended.returncode == 2
    error = json.loads(ended.stdout)["error"]
    assert error["code"] == 2
    assert error["what"].startswith(f"the report cannot be written to {built.path / 'folder'}: ")
    assert error["hint"] == "name another file with --output PATH"
    assert ended.stderr == f"error: {error['what']}\nhint:  {error['hint']}\n"
    assert not list(built.path.rglob(".*.html"))


def test_before_anything_is_built_there_is_no_report(folder: ProjectFolder) -> None:
    land(folder)
    ended = folder.cinelake("report", "-q")
    assert ended.returncode == 2
    assert "cinelake build" in ended.stderr
    assert not folder.path.joinpath("report").exists()


# Questions of the user's own


def test_their_words_are_text(built: ProjectFolder) -> None:
    evil = "<b onclick=alert(1)>&amp; 'x'</b>"
    write_question(built, "SELECT 1 AS number", words=evil)
    page = page_of(built)
    assert "<b onclick" not in page
    written = escape(evil).replace("&#x27;", "&#39;")
    for place in ("<title>", "<h1>", '<h2 id="question-own-title">', '<th scope="col" class="figure">'):
        assert f"{place}{written}</" in page
    assert f'<p class="answer">{written} <' in page


def test_a_question_without_a_chart_or_without_rows_has_its_section(built: ProjectFolder) -> None:
    write_question(built, "SELECT 1 AS number WHERE false", top='split = "number"')
    page = page_of(built)
    assert "<figure" not in page
    assert "(0 rows)" in page
    assert '<th scope="col" class="figure">Words</th>' in page or "<thead>" in page


@pytest.mark.parametrize(
    ("answer", "top", "chart"),
    [
        ("SELECT title AS number FROM refined.dim_title", "", ""),
        ("SELECT true AS number", "", ""),
        ("SELECT 1 AS number", 'split = "nothing"', ""),
        ("SELECT 1 AS number", "", CHART),
        ("SELECT 1 AS number, 2 AS x", "", CHART.replace('color = "x"', 'color = "nothing"')),
        ("SELECT 1 AS number, 2 AS x", "", CHART + 'label = "nothing"'),
        ("SELECT 1 AS number, 'a' AS x", "", CHART + 'x_scale = "log"'),
    ],
    ids=["text", "truth", "split", "chart x", "chart color", "chart label", "text on an axis"],
)
def test_words_that_do_not_fit_the_answer_are_told_by_the_question(
    built: ProjectFolder, answer: str, top: str, chart: str
) -> None:
    write_question(built, answer, top=top, chart=chart)
    with pytest.raises(ConfigurationError, match="questions/own"):
        page_of(built)


@pytest.mark.parametrize(("told", "shown"), [("'the best'", "the best"), ("true", "True"), ("NULL", "–"), ("7", "7")])
def test_a_summary_may_hold_what_is_no_figure(built: ProjectFolder, told: str, shown: str) -> None:
    write_question(built, "SELECT 1 AS number", summary=f"SELECT {told} AS told")
    assert f">{shown}</td>" in page_of(built)


def test_a_figure_of_the_summary_has_its_words(built: ProjectFolder) -> None:
    words = '[figures]\ntold = { en = "Money", pt = "Dinheiro", format = "usd" }\n'
    write_question(built, "SELECT 1 AS number", summary="SELECT 2.0 AS told, 3 AS other_told", chart=words)
    page = page_of(built)
    assert '<th scope="row">Money</th><td class="figure" data-value="2.0">$2</td>' in page
    assert '<th scope="row">other told</th><td class="figure" data-value="3">3</td>' in page


@pytest.mark.parametrize(
    ("name", "form", "said"),
    [("gone", "integer", "figures names 'gone'"), ("told", "usd", "figures.told.format wants a figure")],
)
def test_words_of_a_figure_that_the_summary_lacks_are_told(
    built: ProjectFolder, name: str, form: str, said: str
) -> None:
    words = f'[figures]\n{name} = {{ en = "Money", pt = "Dinheiro", format = "{form}" }}\n'
    write_question(built, "SELECT 1 AS number", summary="SELECT 'much' AS told", chart=words)
    with pytest.raises(ConfigurationError, match="questions/own") as raised:
        page_of(built)
    assert said in raised.value.what


def test_a_median_between_two_whole_numbers_keeps_its_half(built: ProjectFolder) -> None:
    write_question(built, "SELECT 15318.5 AS number UNION ALL SELECT 2.0 UNION ALL SELECT 3.04 ORDER BY number DESC")
    page = page_of(built)
    assert [f">{shown}</td>" in page for shown in ("15,318.5", "3", "2")] == [True] * 3
    assert "15,318.5" in built.cinelake("ask", "own", "-q").stdout


def test_rejected_rows_are_told_with_the_place_where_they_stand(folder: ProjectFolder) -> None:
    folder.write_csv("movies.csv", [*SMALL_MOVIES, film("tt9", genero="Drama", notaMedia="eleven")])
    ended = folder.cinelake("run", "--date", DATE, "-q")
    [key] = [key for key in files_of(folder) if key.endswith("/rejects.parquet")]
    assert f"stands with its line and the reason in trusted.rejects: {key}" in ended.stdout
    page = folder.path.joinpath("report/report.html").read_text(encoding="utf-8")
    assert "are not counted: 1 of Movies." in page
    assert f"<code>{key}</code>" in page


@pytest.mark.parametrize(
    "value",
    [
        "INTERVAL 1 DAY", "TIME '10:00'", "'a'::BLOB", "{'a': 1.5}", "MAP {'a': 1.5}", "[1.5, NULL]", "1e400::VARCHAR",
        "'12345678-1234-1234-1234-123456789abc'::UUID", "170141183460469231731687303715884105727::HUGEINT",
    ],
)  # fmt: skip
def test_a_cell_may_be_of_any_type(built: ProjectFolder, value: str) -> None:
    write_question(built, f"SELECT 1 AS number, {value} AS other")
    (answer,) = ask_questions(*built.open(), AskOptions(("own",))).answers
    assert json.loads(json.dumps(answer.to_json(), allow_nan=False))["rows"][0]["number"] == 1
    assert ">1</td>" in page_of(built)
