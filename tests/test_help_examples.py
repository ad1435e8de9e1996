"""Each example below a command's help does what it says, as it is written there."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from cinelake.cli.app import app
from imdb import invented
from imdb import serving as serving_imdb
from parts import moto_server
from projects import PROGRAM
from tmdb import TOKEN
from tmdb import serving as serving_tmdb

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
EXAMPLES = [line for command in COMMANDS.values() for line in command.epilog.split("\n\n")[1:]]
ASKS = ("cinelake fetch imdb --project films",)
"""Those that ask whoever sits at a terminal to agree, and nobody else."""


@dataclass(frozen=True)
class World:
    """A folder with what the examples name, and the services that they ask."""

    folder: Path
    """That holds the projects `my-lake`, with a lake of its own and one in a bucket, and `films`, without data."""
    variables: dict[str, str]

    def run(self, example: str) -> "subprocess.CompletedProcess[str]":
        """Types an example where the projects lie, or in the first of them where it names none."""
        words = shlex.split(example)
        named = "--project" in words or words[1] == "init"
        here = self.folder if named else self.folder / "my-lake"
        return subprocess.run(
            ["sh", "-c", example], cwd=here, env={**os.environ, **self.variables}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything landed and built once; a bucket, TMDB, IMDb, a Glue catalogue and a browser are stand-ins."""
    folder, programs = tmp_path_factory.mktemp("world"), tmp_path_factory.mktemp("programs")
    datasets = tmp_path_factory.mktemp("datasets")
    invented(titles=300, names=300).write(datasets)
    programs.joinpath("xdg-open").write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    programs.joinpath("xdg-open").chmod(0o755)
    path = f"{programs}{os.pathsep}{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
    with moto_server() as moto, serving_imdb(datasets) as imdb:
        variables = {**moto.variables, "AWS_ENDPOINT_URL_GLUE": moto.endpoint, "CINELAKE_IMDB_URL": imdb.url}
        world = World(folder, {"PATH": path, "TMDB_TOKEN": TOKEN, **variables})
        for command in ("init my-lake", "init films --no-sample", "run --project my-lake --date 2022-05-02"):
            ended = world.run(f"cinelake {command} --json > told.json")
            assert ended.returncode == 0, ended.stderr
        ended = world.run("cinelake run --project my-lake --lake s3://my-lake --date 2022-05-02 -q")
        assert ended.returncode == 0, ended.stderr
        with serving_tmdb(folder / "my-lake" / "data" / "tmdb.jsonl") as tmdb:
            settings = folder / "my-lake" / "lake.toml"
            told = settings.read_text(encoding="utf-8")
            asked = re.sub(r'source = "snapshot".*', f'source = "api"\nbase_url = "{tmdb.url}"', told)
            assert asked != told
            settings.write_text(asked, encoding="utf-8")
            yield world


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_two_examples_of_itself_that_fit_a_line(name: str) -> None:
    shown = COMMANDS[name].epilog.split("\n\n")[1:]
    assert len(shown) >= 2
    assert len(set(shown)) == len(shown)
    for example in shown:
        assert shlex.split(example)[:2] == ["cinelake", name]
        assert len(example) <= 78  # a wrapped one could not be copied


@pytest.mark.parametrize("example", [example for example in EXAMPLES if example not in ASKS])
def test_each_example_of_a_help_does_what_it_says(world: World, example: str) -> None:
    if example.startswith("cinelake init"):  # both projects are there already
        world = World(world.folder / "anew", world.variables)
        world.folder.mkdir(exist_ok=True)
    ended = world.run(example)
    assert ended.returncode == 0, ended.stderr
    assert "error" not in ended.stderr
    if ">" in example:
        written = world.folder / "my-lake" / shlex.split(example)[-1]
        assert written.stat().st_size > 0
    elif "--dry-run" not in example:
        assert ended.stdout.strip()


@pytest.mark.parametrize("example", ASKS)
def test_an_example_that_asks_to_agree_fetches_nothing_where_nobody_sits(world: World, example: str) -> None:
    ended = world.run(example)
    assert ended.returncode == 2
    assert "--agree" in ended.stderr


def test_the_charts_of_an_example_lie_where_it_says(world: World) -> None:
    [example] = [example for example in EXAMPLES if "--output charts" in example]
    assert world.run(example).returncode == 0
    assert list((world.folder / "my-lake" / "charts").glob("*.png"))
