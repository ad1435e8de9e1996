"""The package as it is imported: its names, and what it loads and how fast."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cinelake
from projects import PROGRAM

HEAVY = {"altair", "boto3", "botocore", "duckdb", "httpx", "jinja2", "obstore", "pydantic", "pyspark", "sqlglot"}
BARE = """\
import typer
app = typer.Typer()
@app.command()
def one(project: str = ".") -> None:
    "One."
@app.command()
def two(project: str = ".") -> None:
    "Two."
app()
"""


# What is loaded, and when


def modules_after(code: str) -> set[str]:
    """The packages that a fresh Python has loaded after this code."""
    ended = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sorted(sys.modules), sep='\\n', file=sys.stderr)"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return {line.partition(".")[0] for line in ended.stderr.splitlines()}


def test_help_loads_nothing_heavy() -> None:
    loaded = modules_after("from cinelake.cli.app import app\napp(['--help'], standalone_mode=False)")
    assert "typer" in loaded
    assert loaded & HEAVY == set()


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = modules_after("import cinelake")
    assert "cinelake" in loaded
    assert loaded & (HEAVY | {"typer", "rich"}) == set()


def test_help_takes_at_most_twice_the_time_of_a_bare_program(tmp_path: Path) -> None:
    bare = tmp_path / "bare.py"
    bare.write_text(BARE, encoding="utf-8")
    commands = {"ours": [PROGRAM, "--help"], "bare": [sys.executable, str(bare), "--help"]}
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(5):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True, timeout=60)
            times[name].append(time.perf_counter() - start)
    assert statistics.median(times["ours"]) <= 2 * statistics.median(times["bare"]), times


# The package's own names


def test_every_public_name_has_a_home_and_is_there() -> None:
    homes = [name for names in cinelake._HOMES.values() for name in names]
    assert sorted(homes) == sorted(cinelake.__all__)
    assert [name for name in cinelake.__all__ if getattr(cinelake, name).__name__ != name] == []


def test_a_public_name_can_be_imported_after_the_stages_were() -> None:
    modules_after(
        "import cinelake.land, cinelake.enrich, cinelake.build, cinelake.ask, cinelake.report, cinelake.verify\n"
        f"import cinelake.pipeline, cinelake.config\nfrom cinelake import {', '.join(cinelake.__all__)}\n"
        "assert callable(run_pipeline) and callable(land_files)"
    )


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'land_file'"):
        _ = cinelake.land_file
