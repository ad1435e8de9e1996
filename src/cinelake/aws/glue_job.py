"""`cinelake build` as an AWS Glue job: the script, which Glue runs from a bucket, as a file of its own.

Arguments of the job, beside Glue's own, of which it takes no notice:

    --lake s3://BUCKET        where the lake is
    --engine spark|duckdb     what runs the SQL; spark, if left out
    --date YYYY-MM-DD         the processing date; today in the lake's time zone, if left out

An extra file (`--extra-files`) may be the project's: its `lake.toml`, or `project.zip` with that and its own `sql/`.
Without one the settings below are taken.

cinelake's Spark hands checked copies of Raw to its executors through a folder, and Glue's workers share none. So it
runs in a process of its own, on this one machine, with the PySpark that was installed beside cinelake, and sees nothing
of Glue's.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SETTINGS = """\
[[source]]
dataset = "Movies"
path = "movies.csv"

[[source]]
dataset = "Series"
path = "series.csv"
"""
"""A `lake.toml` that tells how both files are read."""
PROJECT = "project.zip"
OF_SPARK = ("SPARK_", "PYSPARK_", "HADOOP_")
"""How the names of variables begin by which a Spark that is there already, or its file system, is found."""
PROGRAM = "from cinelake.cli import main; main()"


class BuildFailedError(Exception):
    """The build failed, or there is nothing to go by; Glue shows these words."""


def main(arguments: Sequence[str], variables: Mapping[str, str], here: Path) -> dict[str, Any]:
    """Builds, in a project folder that is removed afterwards.

    Args:
        arguments: of the job.
        variables: the environment that Glue has made.
        here: where Glue puts extra files.

    Returns:
        What `cinelake build --json` tells.

    Raises:
        BuildFailedError: in the words of cinelake's error, with its hint; or the project that came along is none.
    """
    parser = argparse.ArgumentParser(description="cinelake build, as a Glue job", allow_abbrev=False)
    parser.add_argument("--lake", required=True)
    parser.add_argument("--engine", default="spark")
    parser.add_argument("--date")
    given, _ = parser.parse_known_args(arguments)
    command = ["build", "--json", "--lake", given.lake, "--engine", given.engine]
    command += ["--date", given.date] if given.date else []
    with tempfile.TemporaryDirectory(prefix="cinelake-") as folder:
        make_project(here, Path(folder))
        ended = subprocess.run(  # noqa: S603 its words are this script's and the job's
            [sys.executable, "-c", PROGRAM, *command],
            cwd=folder,
            env=without_spark(variables),
            stdout=subprocess.PIPE,  # stderr is the job's own
            text=True,
            check=False,
        )
    told = _read(ended.stdout)
    if ended.returncode != 0:
        error = told.get("error", {"what": "it told no reason; see the job's error log", "hint": "try more memory"})
        raise BuildFailedError(f"cinelake build ended with {ended.returncode}: {error['what']}; {error['hint']}")
    return told


def make_project(here: Path, folder: Path) -> None:
    """Makes a folder the project's, from the extra files or, without one, from SETTINGS.

    Raises:
        BuildFailedError: the archive is none, or has no `lake.toml` at its top.
    """
    archive, settings = here / PROJECT, here / "lake.toml"
    if archive.is_file():
        _unpack(archive, folder)
    elif settings.is_file():
        shutil.copy(settings, folder)
    else:
        folder.joinpath("lake.toml").write_text(SETTINGS, encoding="utf-8")


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as opened:
            # All that a build reads; an .env would win over the job's role.
            wanted = [name for name in opened.namelist() if name == "lake.toml" or name.startswith("sql/")]
            opened.extractall(folder, wanted)
    except zipfile.BadZipFile as error:
        raise BuildFailedError(f"{PROJECT} is no archive: {error}; make it anew, as docs/aws.md says") from error
    if not folder.joinpath("lake.toml").is_file():
        raise BuildFailedError(f"{PROJECT} has no lake.toml at its top; make it anew, as docs/aws.md says")


def without_spark(variables: Mapping[str, str]) -> dict[str, str]:
    """An environment in which no other Spark is found: neither one that runs, nor its Python.

    Args:
        variables: the environment, with Glue's Spark.
    """
    kept = {name: value for name, value in variables.items() if not name.startswith(OF_SPARK)}
    paths = [path for path in kept.pop("PYTHONPATH", "").split(os.pathsep) if path and not _has_spark(Path(path))]
    return {**kept, **({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})}


def _has_spark(path: Path) -> bool:
    """Whether Python would find a PySpark there, or what it speaks to Java with, that did not come with cinelake."""
    if (path / "cinelake").is_dir():
        return False
    return path.name.startswith(("pyspark", "py4j")) or any((path / name).is_dir() for name in ("pyspark", "py4j"))


def _read(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:], os.environ, Path.cwd())))  # noqa: T201 a program of its own
