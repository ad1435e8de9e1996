"""Ctrl-C ends the program with 130 and few words, whatever it is doing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from projects import PROGRAM, ProjectFolder
from refusals import refusal_in_words
from tables import make_all

NUMBERS = "range(1000000000000) AS numbers(number)"
"""More rows than any machine counts while it is waited for."""
ENDLESS = """
import sys
from contextlib import closing
from pathlib import Path
import typer
from cinelake.cli.failures import exit_code_of
from cinelake.engine.duckdb import DuckDB

program = typer.Typer()

@program.command()
def count(work: Path, query: str) -> None:
    with closing(DuckDB(work, memory='1GB')) as engine:
        engine.query(query)

sys.exit(exit_code_of(program, sys.argv[1:]))
"""
QUESTION = "".join(f"[{name}]\nen = 'x'\npt = 'x'\n" for name in ("title", "prose", "sentence"))
ENDED_S = 20


@contextmanager
def started(command: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that does not outlive its test."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Presses Ctrl-C and waits for the end."""
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=ENDED_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def feed(pipe: Path, process: subprocess.Popen[str]) -> None:
    """Waits until the query has opened the pipe, and so runs; then writes to it."""
    while process.poll() is None:
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads it yet
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        else:
            os.write(descriptor, b"1\n")
            os.close(descriptor)
            return
    raise AssertionError(process.communicate())


def test_ctrl_c_while_a_query_runs_is_an_interruption(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    answer = f"SELECT a FROM read_csv('{pipe}', columns = {{'a': 'BIGINT'}}, auto_detect = false)"
    query = f"SELECT COUNT(*) FROM {NUMBERS} WHERE number % 7 = ({answer})"
    command = [sys.executable, "-c", ENDLESS, str(tmp_path), query]
    with started(command, tmp_path) as process:
        feed(pipe, process)
        ended = interrupted(process)
    assert refusal_in_words(ended, code=130).what == "interrupted"


def test_ctrl_c_while_a_question_is_asked_exits_130_and_records_nothing(folder: ProjectFolder) -> None:
    make_all(folder)
    path = folder.path / "questions/endless"
    path.mkdir(parents=True)
    path.joinpath("question.toml").write_text(QUESTION)
    path.joinpath("answer.sql").write_text(f"SELECT COUNT(*) AS rows FROM {NUMBERS} WHERE number % 7 = 3")
    command = [PROGRAM, "ask", "endless"]
    with started(command, folder.path) as process:
        assert process.stderr is not None
        assert "ask: asking endless\n" in iter(process.stderr.readline, "")
        ended = interrupted(process)
    assert refusal_in_words(ended, code=130).what == "interrupted"
    assert ended.stdout == ""
    assert not folder.path.joinpath("lake/_manifests/ask").exists()
