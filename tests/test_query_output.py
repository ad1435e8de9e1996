"""`cinelake sql` as a contract: one document, CSV that can be read back, a table that fits, and a quiet end."""

import csv
import io
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from projects import DATE, PROGRAM, ProjectFolder
from tables import make_all
from terminals import on_terminal


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """One build for all tests here: they only read."""
    folder = ProjectFolder(tmp_path_factory.mktemp("output") / "project")
    folder.write_small()
    make_all(folder)
    return folder


# Wrong use


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["SELECT 1", "--csv", "--json"], "--json and --csv exclude each other"),
        (["SELECT 1", "--csv", "--parquet", "x.parquet"], "--csv and --parquet exclude each other"),
        (["SELECT 1", "--limit", "3", "--all"], "--limit and --all exclude each other"),
        (["SELECT 1", "--limit", "3", "--parquet", "x.parquet"], "--parquet writes every row"),
        (["SELECT 1", "--limit", "-1"], "--limit"),
        (["SELECT 1", "--file", "q.sql"], "a query and --file exclude each other"),
        (["--file", "none.sql"], "none.sql cannot be read: No such file or directory"),
        (["--file", "."], ". cannot be read: Is a directory"),
        (["--file", "latin.sql"], "latin.sql is not UTF-8 text"),
        (["SELEC 1"], "syntax error"),
        (["SELECT 1", "--date", "yesterday"], "yesterday"),
    ],
)
def test_wrong_use_exits_2_and_is_told_in_json_too(built: ProjectFolder, arguments: list[str], what: str) -> None:
    built.path.joinpath("latin.sql").write_bytes(b"SELECT '\xe7'")
    ended = built.cinelake("sql", *arguments, "-q")
    assert ended.returncode == 2
    assert ended.stdout == "" or "--json" in arguments
    assert what in ended.stderr.splitlines()[0]
    assert "Traceback" not in ended.stderr
    as_json = built.cinelake("sql", *arguments, "-q", *([] if "--json" in arguments else ["--json"]))
    assert json.loads(as_json.stdout)["error"]["code"] == 2
    assert not built.path.joinpath("x.parquet").exists()


def test_without_a_build_the_exit_code_is_that_of_ask(folder: ProjectFolder) -> None:
    for command in (["sql", "SELECT 1"], ["sql"], ["ask"]):
        ended = folder.cinelake(*command, "-q")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("error: there is no lake at file:lake\n")


# Forms


def test_json_is_one_document(built: ProjectFolder) -> None:
    told = built.document("sql", "SELECT kind, COUNT(*) AS titles, NULL AS nothing FROM titles GROUP BY 1 ORDER BY 1")
    assert re.fullmatch(r"\d{8}T\d{9}Z-[0-9a-f]{8}", told.pop("run_id"))
    assert re.fullmatch(r"\d{8}T\d{9}Z-[0-9a-f]{8}", told.pop("build"))
    assert told == {
        "stage": "sql",
        "processing_date": DATE,
        "lake": "file:lake",
        "status": "done",
        "columns": ["kind", "titles", "nothing"],
        "types": ["VARCHAR", "BIGINT", '"NULL"'],
        "row_count": 2,
        "rows": [
            {"kind": "film", "titles": 3, "nothing": None},
            {"kind": "series", "titles": 2, "nothing": None},
        ],
    }


def test_json_has_every_row_unless_a_limit_is_given(built: ProjectFolder) -> None:
    assert len(built.document("sql", "FROM range(1000)")["rows"]) == 1000
    told = built.document("sql", "FROM range(1000)", "--limit", "1")
    assert (told["rows"], told["row_count"]) == ([{"range": 0}], 1000)


def test_json_of_the_tables_is_one_document(built: ProjectFolder) -> None:
    told = built.document("sql")
    assert (told["stage"], told["processing_date"]) == ("sql", DATE)
    assert told["tables"][-1] == {
        "name": "refined.dim_genre",
        "rows": 3,
        "columns": [{"name": "genre", "type": "VARCHAR"}],
    }


def test_a_file_is_told_and_no_row(built: ProjectFolder, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    told = built.document("sql", "FROM titles", "--parquet", str(path))
    assert (told["path"], told["row_count"], "rows" in told) == (str(path), 5, False)
    assert built.cinelake("sql", "FROM titles", "--parquet", str(path)).stdout == f"{path}: 12 columns, 5 rows\n"


def test_csv_tells_an_unknown_from_an_empty_text_and_keeps_every_digit(built: ProjectFolder) -> None:
    query = (
        "SELECT NULL AS n, '' AS e, ' a' AS blank, 'x,\"y\"\n' AS \"q,\", 0.0000001000::DECIMAL(24, 10) AS d, "
        "[1.5, NULL] AS l, TRUE AS t, 'NaN'::DOUBLE AS nan, TIMESTAMP '2022-05-02 01:02:03' AS at"
    )
    told = built.cinelake("sql", query, "--csv", "-q").stdout
    head = 'n,e,blank,"q,",d,l,t,nan,at\n'
    assert told == f'{head},""," a","x,""y""\n",0.0000001000,"[1.5, null]",true,NaN,2022-05-02 01:02:03\n'
    [row] = csv.DictReader(io.StringIO(told))
    assert (row["q,"], row["blank"], json.loads(row["l"])) == ('x,"y"\n', " a", [1.5, None])


def test_a_table_tells_an_unknown_from_an_empty_text_and_breaks_at_no_letter(built: ProjectFolder) -> None:
    lines = built.cinelake("sql", "SELECT NULL AS n, '' AS e, 'a\nb\x1b[31m' AS text", "-q").stdout.splitlines()
    assert lines[0].split() == ["n", "e", "text"]
    assert lines[2].split() == ["NULL", r"a\nb\x1b[31m"]
    assert lines[4] == "1 row"


def test_a_table_is_cut_and_says_so(built: ProjectFolder) -> None:
    def rows(*arguments: str) -> list[str]:
        return built.cinelake("sql", "FROM range(1234)", *arguments, "-q").stdout.splitlines()[2:]

    cut = rows()
    assert (len(cut), cut[-1]) == (52, "50 of 1,234 rows; --limit N shows more, --all every one")
    assert rows("--limit", "3")[-1].startswith("3 of 1,234 rows; ")
    assert (len(rows("--all")), rows("--all")[-1]) == (1236, "1,234 rows")
    assert rows("--limit", "2000")[-1] == "1,234 rows"


def test_without_a_query_the_tables_are_listed(built: ProjectFolder) -> None:
    lines = built.cinelake("sql", "-q").stdout.splitlines()
    assert lines[lines.index("refined.dim_genre (3 rows)") + 1] == "  genre  VARCHAR"
    assert "  rating           DECIMAL(3,1)" in lines[lines.index("trusted.titles (5 rows)") :]
    assert lines[-1] == 'Ask them with cinelake sql "SELECT * FROM trusted.titles"'


@pytest.mark.parametrize("width", [120, 80, 40])
def test_a_table_fits_the_terminal_and_what_has_no_room_is_named(built: ProjectFolder, width: int) -> None:
    lines = on_terminal(built.path, width, "sql", "SELECT * FROM titles")
    assert max(map(len, lines)) <= width
    assert "No room here for: " in " ".join(lines)
    assert lines[-1] == "5 rows"


# Where the query comes from


def test_a_query_comes_from_a_file_or_from_stdin(built: ProjectFolder) -> None:
    path = built.path / "query.sql"
    path.write_text("\ufeff-- How many?\nSELECT COUNT(*) AS titles\nFROM titles;\n", encoding="utf-8")
    assert built.cinelake("sql", "--file", "query.sql", "--csv", "-q").stdout == "titles\n5\n"
    command = [PROGRAM, "sql", "-", "--csv", "-q"]
    with path.open("rb") as text:
        ended = subprocess.run(command, cwd=built.path, stdin=text, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "titles\n5\n", "")


def test_an_empty_stdin_is_no_listing(built: ProjectFolder) -> None:
    command = [PROGRAM, "sql", "-", "-q"]
    ended = subprocess.run(
        command, cwd=built.path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (2, "error: the query is empty")


# Pipes


@pytest.mark.parametrize("form", [["--csv"], ["--json"], ["--all"], []])
def test_who_reads_only_the_first_line_ends_it_quietly(built: ProjectFolder, form: list[str]) -> None:
    command = [PROGRAM, "sql", "FROM range(20000)", *form, "-q"]
    with subprocess.Popen(command, cwd=built.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_query_loads_no_more_than_it_needs(built: ProjectFolder) -> None:
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    command = [PROGRAM, "sql", "SELECT 1", "--csv", "-q"]
    told = subprocess.run(command, cwd=built.path, env=environment, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.stderr.splitlines()}
    assert "duckdb" in loaded
    assert loaded & {"boto3", "botocore", "sqlglot", "jinja2", "altair", "babel", "aiohttp"} == set()
