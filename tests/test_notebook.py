"""The program in a notebook: what is refused, what comes out in each form, what is shown; the example, executed."""

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from nbclient import NotebookClient

from cinelake import ConfigurationError, Project, QueryOptions, notebook, query_tables
from cinelake.notebook.rows import rows_from
from projects import DATE, SERIES_HEADER, SMALL_MOVIES, ProjectFolder
from tables import files_of, film, make_all, one_series
from tmdb import TOKEN, TmdbServer, point_at

EXAMPLE = Path(__file__).parents[1] / "docs" / "first-lake.ipynb"
DAY = date(2022, 5, 2)
TYPED = "SELECT 1.5::DECIMAL(3,1) AS rating, DATE '2022-05-02' AS day, SUM(votes) AS votes FROM refined.fact_title"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectFolder]:
    """One build for all the tests here that only read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        folder = ProjectFolder(tmp_path_factory.mktemp("notebook") / "project")
        folder.write_small()
        make_all(folder)
        yield folder


@pytest.fixture
def project(built: ProjectFolder) -> Project:
    return built.load()


def held_by(project: Project) -> list[Path]:
    """What lies in the work folder for engines that are open."""
    return list(project.work_directory.glob("engine-*"))


def printed_by(code: str, folder: ProjectFolder) -> str:
    """What a fresh Python prints that runs this code in a project folder."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder.path, capture_output=True, text=True, check=True, timeout=100).stdout


# What is refused


def test_before_the_first_build_a_cell_is_told_what_a_command_is(folder: ProjectFolder) -> None:
    for call in (notebook.ask, notebook.tables):
        with pytest.raises(ConfigurationError, match="there is no lake at file:lake"):
            call(folder.load())
    with pytest.raises(ConfigurationError, match="there is no lake at file:lake"):
        notebook.query(folder.load(), "SELECT 1")


@pytest.mark.parametrize(
    "sql", ["DROP TABLE refined.fact_title", "SELECT * FROM read_csv('movies.csv')", "SELEC 1", "SELECT no FROM titles"]
)
def test_a_query_is_refused_in_the_words_of_the_command(built: ProjectFolder, project: Project, sql: str) -> None:
    with pytest.raises(ConfigurationError) as of_the_stage:
        query_tables(*built.open(), QueryOptions(sql))
    with pytest.raises(ConfigurationError) as caught:
        notebook.query(project, sql)
    assert (caught.value.what, caught.value.hint) == (of_the_stage.value.what, of_the_stage.value.hint)
    assert held_by(project) == []


@pytest.mark.parametrize(
    ("form", "missing", "hint"),
    [
        ("df", "pandas", "pip install pandas"),
        ("pl", "polars", "pip install polars pyarrow"),
        ("pl", "pyarrow", "pip install polars pyarrow"),
        ("arrow", "pyarrow", "pip install pyarrow"),
    ],
)
def test_a_form_whose_library_is_missing_is_refused_by_its_name(
    built: ProjectFolder, form: str, missing: str, hint: str
) -> None:
    # With None in its place Python says of a module what it says of one that is not there.
    told = printed_by(
        f"import sys\nsys.modules[{missing!r}] = None\n"
        "from cinelake import ConfigurationError, Project, notebook\n"
        "rows = notebook.query(Project.load('.'), 'SELECT 1 AS one')\n"
        f"try:\n    rows.{form}()\nexcept ConfigurationError as error:\n    print(error.what, error.hint, sep='; ')\n"
        "print(rows.rows)",
        built,
    )
    assert told.splitlines() == [f"{missing} is not installed; {hint}", "((1,),)"]


def test_a_question_or_a_table_that_is_not_there_is_refused_by_what_is(project: Project) -> None:
    with pytest.raises(ConfigurationError, match="films-vs-serie"):
        notebook.ask(project, "films-vs-serie")
    answer = notebook.ask(project)["budget-and-return"]
    with pytest.raises(ConfigurationError, match="budget-and-return has no table 'summry'") as caught:
        answer.table("summry")
    assert "answer" in caught.value.hint
    assert "summary" in caught.value.hint


def test_sql_of_a_relation_reads_no_file_and_writes_nothing_to_the_lake(
    built: ProjectFolder, project: Project, tmp_path: Path
) -> None:
    before = files_of(built)
    rows = notebook.query(project, "SELECT * FROM refined.fact_title")
    [engine] = [path for path in held_by(project) if path.is_dir()]
    assert list(engine.rglob("*.parquet")) == []  # no link to an object is left to be written over
    table = next(path for path in built.path.joinpath("lake").rglob("*.parquet"))
    for sql in (
        f"SELECT * FROM read_parquet('{table}')",
        f"COPY (SELECT 1 AS one) TO '{table}' (FORMAT parquet)",
        f"COPY (SELECT 1 AS one) TO '{tmp_path / 'new.parquet'}' (FORMAT parquet)",
        "SELECT * FROM refined.fact_title",
        "SET enable_external_access = true",
    ):
        with pytest.raises(Exception, match=r"Permission Error|Invalid Input Error|IO Error|Cannot change"):
            _ = (rows.relation.query("asked", sql) or rows.relation).fetchall()
    assert files_of(built) == before
    assert list(tmp_path.iterdir()) == []


# What comes out


def test_rows_come_out_in_every_form(project: Project) -> None:
    rows = notebook.query(project, TYPED)
    assert rows.rows == ((Decimal("1.5"), "2022-05-02", 450),)
    assert rows.relation.fetchall() == [(Decimal("1.5"), DAY, 450)]
    assert rows.arrow().to_pylist() == [{"rating": Decimal("1.5"), "day": DAY, "votes": Decimal(450)}]
    assert rows.pl().rows() == [(Decimal("1.5"), DAY, 450)]
    [row] = rows.df().to_dict("records")
    assert (row["rating"], row["day"].date(), row["votes"]) == (1.5, DAY, 450)
    assert [(column.name, column.type) for column in rows.columns] == [
        ("rating", "DECIMAL(3,1)"),
        ("day", "DATE"),
        ("votes", "HUGEINT"),
    ]
    assert len(rows) == 1


def test_a_relation_goes_on_in_duckdb(project: Project) -> None:
    rows = notebook.query(project, "SELECT kind, votes FROM refined.fact_title")
    summed = rows.relation.filter("votes IS NOT NULL").aggregate("kind, SUM(votes)", "kind").order("kind")
    assert summed.fetchall() == [("film", 400), ("series", 50)]


def test_a_relation_outlives_the_rows_that_it_is_of_and_takes_the_work_folder_with_it(project: Project) -> None:
    assert held_by(project) == []
    rows = notebook.query(project, "SELECT SUM(votes) FROM refined.fact_title")
    assert len(held_by(project)) == 2  # a folder and its lock
    relation = rows.relation
    del rows
    gc.collect()
    assert relation.fetchall() == [(450,)]
    del relation
    gc.collect()
    assert held_by(project) == []
    assert notebook.query(project, "SELECT 1 AS one").relation.project("one + 1").fetchall() == [(2,)]


def test_the_tables_are_told_with_their_columns(built: ProjectFolder, project: Project) -> None:
    told = notebook.tables(project).rows
    assert {row[0] for row in told} == {table["name"] for table in built.document("sql")["tables"]}
    [columns] = [columns for name, rows, columns in told if (name, rows) == ("refined.dim_title", 5)]
    assert columns.startswith("kind VARCHAR, imdb_id VARCHAR, ")


def test_an_earlier_build_is_read_where_a_date_is_given(folder: ProjectFolder) -> None:
    make_all(folder)
    folder.write_csv("movies.csv", SMALL_MOVIES[2:])
    make_all(folder, "2022-05-03")
    project, count = folder.load(), "SELECT COUNT(*) FROM refined.dim_title"
    assert [notebook.query(project, count, until=day).rows for day in (None, DAY)] == [((4,),), ((5,),)]
    assert [len(notebook.query(project, "FROM refined.dim_title", until=day)) for day in (None, DAY)] == [4, 5]
    assert {row[1] for row in notebook.tables(project, until=DAY).rows} >= {5}
    told = [notebook.ask(project, "films-vs-series", until=day)["films-vs-series"].rows.rows for day in (None, DAY)]
    assert told[0] != told[1]


def test_an_answer_has_the_rows_of_the_command(built: ProjectFolder, project: Project) -> None:
    answers = notebook.ask(project)
    assert list(answers) == ["films-vs-series", "budget-and-return"]
    for name, answer in answers.items():
        document = built.document("ask", name)
        assert answer.arrow().to_pylist() == document["rows"]
        assert answer.pl().to_dicts() == document["rows"]
        frame = answer.df().astype(object)
        assert frame.where(frame.notna(), None).to_dict("records") == document["rows"]
        for table in answer.tables[1:]:
            told = document.get(table)
            if told is not None:
                assert answer.table(table).arrow().to_pylist() == (told if isinstance(told, list) else [told])
    assert answers["budget-and-return"].table("summary").columns != ()


def test_an_answer_without_rows_keeps_its_columns() -> None:
    rows = rows_from(("title", "year"), [])
    assert [column.name for column in rows.columns] == ["title", "year"]
    assert rows.rows == ()
    assert list(rows.df().columns) == rows.pl().columns == rows.arrow().column_names == ["title", "year"]


def test_whole_numbers_of_an_answer_have_a_sign() -> None:
    rows = rows_from(("more", "less"), [{"more": 2, "less": 1}])
    assert rows.relation.project("less - more").fetchall() == [(-1,)]
    assert list(rows.df().eval("less - more")) == [-1]


def test_a_run_does_what_the_command_does_and_tells_its_progress(
    folder: ProjectFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    done = notebook.run(folder.load(), DAY, language="pt")
    told = capsys.readouterr()
    assert [line.partition(":")[0] for line in told.err.splitlines()].count("build") > 0
    assert told.out == ""
    assert done.report == folder.path / "report" / "report.html"
    assert 'lang="pt' in done.report.read_text()
    assert list(done.answers) == ["films-vs-series", "budget-and-return"]
    again = folder.cinelake("run", "--date", DATE, "--lang", "pt").stdout.rstrip("\n")
    assert "Nothing was uploaded: all of this was in the lake already." in again
    assert repr(notebook.run(folder.load(), DAY, language="pt", quiet=True)) == again
    assert capsys.readouterr().err == ""


def test_a_run_without_a_date_is_of_today_in_the_lake_s_time_zone(folder: ProjectFolder) -> None:
    folder.write_settings(lake='timezone = "Pacific/Kiritimati"')
    before = folder.document("land", "--dry-run")["processing_date"]
    done = notebook.run(folder.load(), quiet=True)
    after = folder.document("land", "--dry-run")["processing_date"]
    assert before <= done.result.stages["land"].run.processing_date.isoformat() <= after


def test_a_run_asks_tmdb_while_the_notebook_s_own_loop_runs(folder: ProjectFolder, tmdb: TmdbServer) -> None:
    point_at(folder, tmdb)

    async def cell() -> notebook.ShownRun:
        return notebook.run(Project.load(folder.path, variables={"TMDB_TOKEN": TOKEN}), DAY, quiet=True)

    done = asyncio.run(cell())
    assert done.result.stages["enrich"].to_json()["found"] == 3


def test_no_frame_s_library_is_loaded_until_it_is_asked_for(built: ProjectFolder) -> None:
    code = (
        "import sys\nfrom cinelake import Project, notebook\nproject = Project.load('.')\n"
        "told = notebook.query(project, 'SELECT 1 AS one')._repr_html_() + notebook.ask(project)._repr_html_()\n"
        "assert '<table>' in told\nprint(*sorted({'pandas', 'polars', 'pyarrow', 'IPython'} & set(sys.modules)))"
    )
    assert printed_by(code, built) == "\n"


# What is shown


def cells_of(html: str) -> list[list[str]]:
    """The cells of each row of a table, as a reader sees them."""
    [table] = [part for part in ElementTree.fromstring(f"<div>{html}</div>") if part.tag == "table"]
    return [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]


def test_what_the_data_holds_is_shown_as_text(project: Project) -> None:
    html = notebook.query(project, "SELECT '<script>alert(1)</script>&' AS \"a <b>\", NULL AS none")._repr_html_()
    assert "<script" not in html
    assert cells_of(html) == [["a <b>", "none"], ["<script>alert(1)</script>&", "NULL"]]


def test_an_answer_s_titles_are_shown_as_text(folder: ProjectFolder) -> None:
    name = "<img src=x onerror=alert(1)>"
    values = {"genero": "Drama", "notaMedia": "8.0", "numeroVotos": "9"}
    folder.write_csv("movies.csv", [film("tt1", tituloPincipal=name, nomeArtista=name, **values)])
    folder.write_csv("series.csv", [one_series("tt2", tituloPincipal=name, **values)], header=SERIES_HEADER)
    folder.write_settings(tmdb='source = "off"', analysis=f"genres = ['{name}', 'Drama']")
    make_all(folder)
    html = notebook.ask(folder.load())._repr_html_()
    assert "&lt;img" in html
    assert "<img" not in html


def test_a_long_result_is_cut_and_says_so(project: Project) -> None:
    html = notebook.query(project, "SELECT * FROM range(1000) AS numbers(n)")._repr_html_()
    assert [cell for [cell] in cells_of(html)[1:]] == [str(number) for number in range(20)]
    assert "20 of 1,000 rows" in html
    assert "20 of" not in notebook.query(project, "SELECT * FROM range(20) AS numbers(n)")._repr_html_()


def test_an_answer_shows_its_words_and_the_first_rows_of_each_of_its_parts(folder: ProjectFolder) -> None:
    subprocess.run([sys.executable, "-m", "cinelake.sample", folder.path / "data"], check=True, capture_output=True)
    folder.path.joinpath("lake.toml").write_text(
        "[questions.budget-and-return]\ntitles_shown = 3\n"
        '[[source]]\ndataset = "Movies"\npath = "data/movies.csv"\n[[source]]\ndataset = "Series"\n'
        'path = "data/series.csv"\n[tmdb]\nsource = "snapshot"\nsnapshot = "data/tmdb.jsonl"\n'
    )
    answers = notebook.run(folder.load(), DAY, quiet=True).answers
    answer = answers["budget-and-return"]
    html = answer._repr_html_()
    text = "".join(ElementTree.fromstring(f"<div>{html}</div>").itertext())
    assert answer.title in text
    assert answer.sentence in text
    groups: dict[Any, int] = {}
    for row in answer.answer.rows:
        groups[row["group"]] = groups.get(row["group"], 0) + 1
    assert len(groups) == 2
    assert len(cells_of(html)) - 1 == sum(min(count, 3) for count in groups.values()) < len(answer.answer.rows)
    for chart in (chart for each in answers.values() for chart in each.charts):
        drawn = ElementTree.fromstring(chart._repr_html_())
        assert [part.tag.rpartition("}")[2] for part in drawn] == ["figcaption", "svg"]
        assert drawn[0].text == chart.drawing.title
        assert chart.png().startswith(b"\x89PNG")


# The example


def test_the_example_is_kept_without_what_came_out() -> None:
    kept = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert [(cell["outputs"], cell["execution_count"]) for cell in kept["cells"] if cell["cell_type"] == "code"] == [
        ([], None)
    ] * sum(cell["cell_type"] == "code" for cell in kept["cells"])
    nbformat.validate(nbformat.read(EXAMPLE, as_version=4))


def test_the_example_runs_cell_by_cell_in_a_kernel(tmp_path: Path) -> None:
    for _ in range(2):  # the second time its project is there
        executed = nbformat.read(EXAMPLE, as_version=4)
        resources = {"metadata": {"path": str(tmp_path)}}
        # A cell that fails raises here.
        NotebookClient(executed, timeout=120, resources=resources).execute()
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    streams = [output for cell in code for output in cell.outputs if output.output_type == "stream"]
    assert {output.name for output in streams} == {"stderr"}
    assert "warning" not in "".join(output.text for output in streams)
    shown = [
        output.data.get("text/html", "")
        for cell in code
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]
    assert "Report: " in shown[0]
    answers = notebook.ask(Project.load(tmp_path / "first-lake"))
    assert shown[1] == answers["films-vs-series"]._repr_html_()
    assert shown[2] == answers["budget-and-return"]._repr_html_()
    assert "<svg" in shown[3]
    assert "<table" in shown[4]
    assert "refined.fact_title" in shown[5]
    assert "decade" in shown[6]
    assert (tmp_path / "first-lake" / "report" / "report.html").is_file()
