"""The script that AWS Glue runs, in an environment as Glue's: a Spark is there that it must not use."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cinelake import build_tables, enrich_titles, land_files
from cinelake.aws import glue_job
from cinelake.aws.glue_job import BuildFailedError, main, make_project, without_spark
from cinelake.sample import write_sample
from projects import DATE, Place, ProjectFolder, S3Server

SOURCE = Path(__file__).parents[1] / "src"
OF_GLUE = ("--JOB_NAME", "build", "--TempDir", "s3://other/tmp/", "--enable-metrics", "", "--job-language", "python")
"""Arguments that Glue gives to every script."""


@pytest.fixture
def glue(tmp_path: Path) -> dict[str, str]:
    """The environment: whoever takes its PySpark, its gateway or its file system, fails."""
    pyspark = tmp_path / "glue" / "python" / "pyspark"
    pyspark.mkdir(parents=True)
    pyspark.joinpath("__init__.py").write_text("raise ImportError('this is the PySpark of Glue')\n")
    settings = tmp_path / "glue" / "conf"
    settings.mkdir()
    name, value = "<name>fs.defaultFS</name>", "<value>hdfs://127.0.0.1:1/</value>"
    settings.joinpath("core-site.xml").write_text(
        f"<configuration><property>{name}{value}</property></configuration>\n"
    )
    return {
        **os.environ,
        "SPARK_HOME": str(tmp_path / "glue"),
        "SPARK_CONF_DIR": str(settings),
        "HADOOP_CONF_DIR": str(settings),
        "PYSPARK_GATEWAY_PORT": "1",
        "PYSPARK_GATEWAY_SECRET": "junk",
        "PYSPARK_PYTHON": "/nowhere/python",
        "PYTHONPATH": os.pathsep.join([str(pyspark.parent), str(tmp_path / "glue/py4j-src.zip"), str(SOURCE)]),
    }


def run_script(folder: Path, glue: dict[str, str], place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs it as Glue does: a copy of its own, in a folder where the extra files are."""
    script = folder / "job" / "build.py"
    script.parent.mkdir(exist_ok=True)
    shutil.copy(glue_job.__file__, script)
    command = [sys.executable, str(script), *OF_GLUE, "--lake", place.uri, *arguments]
    return subprocess.run(
        command, cwd=script.parent, env={**glue, **place.variables}, capture_output=True, text=True, check=False,
        timeout=250,
    )  # fmt: skip


def zipped(archive: Path, folder: Path, *names: str) -> None:
    """Makes an archive of files and folders, as the page about AWS does."""
    command = [sys.executable, "-m", "zipfile", "-c", str(archive), *(str(folder / name) for name in names)]
    subprocess.run(command, check=True, timeout=60)


def tables_in(place: Place, told: dict[str, Any], folder: Path) -> dict[str, list[Any]]:
    """The rows of every table that a build tells of, read without cinelake."""
    objects, rows = place.objects(), {}
    for table in told["tables"]:
        parts = folder / place.name / table["table"]
        parts.mkdir(parents=True)
        for number, key in enumerate(key for key in objects if key.startswith(table["key"]) and ".parquet" in key):
            parts.joinpath(f"{number}.parquet").write_bytes(objects[key])
        with duckdb.connect() as connection:
            read = connection.execute("SELECT * FROM read_parquet(?) ORDER BY ALL", [f"{parts}/*.parquet"])
            rows[f"{table['layer']}.{table['table']}"] = read.fetchall()
    return rows


def land_sample(folder: ProjectFolder, place: Place) -> None:
    """Lands a sample and its records."""
    files = write_sample(folder.path, films=150, series=60, seed=5, overwrite=True)
    folder.write_settings(tmdb=f'source = "snapshot"\nsnapshot = "{files.tmdb.name}"')
    land_files(*folder.open(place))
    enrich_titles(*folder.open(place))


def copy_lake(source: Place, target: Place) -> None:
    """Copies a lake to a bucket of its own: tables tell when their records were landed."""
    assert target.server is not None
    client = target.server.client()
    client.create_bucket(Bucket=target.name)
    for key in source.objects():
        client.copy_object(Bucket=target.name, Key=key, CopySource={"Bucket": source.name, "Key": key})


@pytest.mark.timeout(600)
def test_a_spark_of_its_own_makes_the_same_tables_as_duckdb_does(
    folder: ProjectFolder, moto: S3Server, glue: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("pyspark")
    by_script, by_duckdb = Place.on(moto), Place.on(moto)
    land_sample(folder, by_script)
    copy_lake(by_script, by_duckdb)
    ended = run_script(tmp_path, glue, by_script, "--date", DATE)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    here = build_tables(*folder.open(by_duckdb))
    assert told["status"] == here.status == "done"
    tables = tables_in(by_script, told, tmp_path)
    assert {name.partition(".")[0] for name in tables} == {"Trusted", "Refined"}
    assert {name for name, rows in tables.items() if not rows} <= {"Trusted.rejects", "Trusted.contradictions"}
    assert tables == tables_in(by_duckdb, here.to_json(), tmp_path)


def test_duckdb_does_without_any_spark_and_by_the_lake_toml_that_came_along(
    folder: ProjectFolder, moto: S3Server, glue: dict[str, str], tmp_path: Path
) -> None:
    place = Place.on(moto)
    land_sample(folder, place)
    tmp_path.joinpath("job").mkdir()
    tmp_path.joinpath("job", "lake.toml").write_text(glue_job.SETTINGS + "[build]\nmax_rejected = 7\n")
    refused = run_script(tmp_path, glue, place, "--engine", "duckdb", "--date", DATE)
    assert "lake.toml: build.max_rejected" in refused.stderr
    tmp_path.joinpath("job", "lake.toml").unlink()
    ended = run_script(tmp_path, glue, place, "--engine=duckdb", "--date", DATE)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["status"] == "done"


MODEL = """-- One row a kind and decade of release.
-- grain: kind, decade
SELECT kind, CAST(FLOOR(year / 10) * 10 AS INTEGER) AS decade, COUNT(*) AS titles
FROM refined.dim_title WHERE year IS NOT NULL GROUP BY 1, 2
"""


def test_the_project_that_came_along_has_its_own_settings_and_models(
    folder: ProjectFolder, moto: S3Server, glue: dict[str, str], tmp_path: Path
) -> None:
    """With another delimiter than the script's own, which would make nothing of these files."""
    place = Place.on(moto)
    for name in ("movies.csv", "series.csv"):
        own = folder.path / name
        own.write_text(own.read_text(encoding="utf-8").replace("|", ";"), encoding="utf-8")
    semicolons = glue_job.SETTINGS.replace('.csv"', '.csv"\ndelimiter = ";"')
    folder.path.joinpath("lake.toml").write_text(f'{semicolons}[tmdb]\nsource = "off"\n', encoding="utf-8")
    models = folder.path / "sql" / "refined"
    models.mkdir(parents=True)
    models.joinpath("decades.sql").write_text(MODEL, encoding="utf-8")
    land_files(*folder.open(place))
    refused = run_script(tmp_path, glue, place, "--engine", "duckdb", "--date", DATE)
    assert "cinelake build ended with 3" in refused.stderr
    zipped(tmp_path / "job" / "project.zip", folder.path, "lake.toml", "sql")
    ended = run_script(tmp_path, glue, place, "--engine", "duckdb", "--date", DATE)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert "decades" in {table["table"] for table in told["tables"]}
    assert told["sources"][0]["rows_out"] > 0


def test_an_env_in_the_archive_is_left_there(tmp_path: Path) -> None:
    tmp_path.joinpath("lake.toml").write_text(glue_job.SETTINGS, encoding="utf-8")
    tmp_path.joinpath(".env").write_text("AWS_SECRET_ACCESS_KEY=another\n", encoding="utf-8")
    zipped(tmp_path / "project.zip", tmp_path, "lake.toml", ".env")
    made = tmp_path / "made"
    made.mkdir()
    make_project(tmp_path, made)
    assert [path.name for path in made.iterdir()] == ["lake.toml"]


def test_a_project_that_is_none_fails_the_job(tmp_path: Path) -> None:
    archive = tmp_path / "project.zip"
    archive.write_text("lake.toml", encoding="utf-8")
    with pytest.raises(BuildFailedError, match=r"project\.zip is no archive: .*; make it anew"):
        main(["--lake", "s3://lake"], os.environ, tmp_path)
    inner = tmp_path / "mine"
    inner.mkdir()
    inner.joinpath("lake.toml").write_text(glue_job.SETTINGS, encoding="utf-8")
    archive.unlink()
    zipped(archive, tmp_path, "mine")
    with pytest.raises(BuildFailedError, match=r"project\.zip has no lake\.toml at its top; make it anew"):
        main(["--lake", "s3://lake"], os.environ, tmp_path)


def test_an_error_fails_the_job_in_its_words(
    folder: ProjectFolder, moto: S3Server, glue: dict[str, str], tmp_path: Path
) -> None:
    place = Place.on(moto)
    land_sample(folder, place)
    for arguments, told in (
        (("--date", "2001-01-01"), "cinelake build ended with 2: nothing was landed in"),
        (("--engine", "polars"), "cinelake build ended with 2: --engine is 'polars'; write duckdb or spark"),
    ):
        ended = run_script(tmp_path, glue, place, *arguments)
        assert ended.returncode == 1
        assert told in ended.stderr.splitlines()[-1]
        assert "BuildFailedError" in ended.stderr.splitlines()[-1]
        assert moto.secret_key not in ended.stdout + ended.stderr


def test_a_build_that_is_killed_fails_the_job(tmp_path: Path) -> None:
    program = tmp_path / "cinelake"
    program.mkdir()
    program.joinpath("__init__.py").touch()
    program.joinpath("cli.py").write_text("import os\n\n\ndef main() -> None:\n    os.kill(os.getpid(), 9)\n")
    with pytest.raises(BuildFailedError, match=f"ended with -{signal.SIGKILL:d}: it told no reason"):
        main(["--lake", "s3://lake"], {**os.environ, "PYTHONPATH": str(tmp_path)}, tmp_path)


def test_what_came_with_cinelake_stays_on_python_s_path(tmp_path: Path) -> None:
    for name in ("with/cinelake", "with/pyspark", "glue/pyspark", "other"):
        tmp_path.joinpath(name).mkdir(parents=True)
    paths = [str(tmp_path / name) for name in ("with", "glue", "other")]
    kept = without_spark({"PYTHONPATH": os.pathsep.join(paths), "SPARK_HOME": "x", "AWS_REGION": "us-east-1"})
    assert kept == {"PYTHONPATH": os.pathsep.join([paths[0], paths[2]]), "AWS_REGION": "us-east-1"}
