"""The command line as a contract: its help, its errors and its exit codes."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
import typer

from cinelake.cli.app import app
from cinelake.cli.failures import exit_code_of
from cinelake.cli.progress import Teller
from cinelake.cli.session import Session
from cinelake.errors import AccessError, CinelakeError, ConfigurationError, DataError, ExitCode, ServiceError
from cinelake.lake.runs import Event
from cinelake.pipeline import STAGES
from projects import DATE, PROGRAM, ProjectFolder
from tables import files_of

Captured = pytest.CaptureFixture[str]
COMMANDS = {str(command.callback.__name__): command for command in app.registered_commands if command.callback}


def plain(text: str) -> str:
    """Help without its frame, in one line."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", text).split())


def errors_told(text: str) -> list[str]:
    """The lines on stderr, which must be an error and a hint."""
    lines = text.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "hint"], text
    assert all(line.partition(":")[2].strip() for line in lines)
    assert "Traceback" not in text
    return lines


def tiny(raised: BaseException) -> typer.Typer:
    """A program of one command that ends badly."""
    program = typer.Typer()

    @program.command()
    def end(json: bool = False, verbose: int = typer.Option(0, "-v", "--verbose", count=True)) -> None:
        raise raised

    return program


def unread(
    folder: ProjectFolder, arguments: Sequence[str], stream: Literal["stdout", "stderr"]
) -> subprocess.CompletedProcess[str]:
    """Runs the program with a pipe that nobody reads as one of its streams."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: pipe}
        command = [PROGRAM, *arguments]
        return subprocess.run(command, cwd=folder.path, **streams, text=True, check=False, timeout=60)


# Wrong use


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["land", "--lkae", "file:x"], "--lkae"),
        (["lnad"], "lnad"),
        (["land", "--date"], "--date"),
        (["land", "extra"], "extra"),
        (["land", "--json=yes"], "--json"),
        (["--lake", "file:x", "land"], "--lake"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True], ids=["words", "json"])
def test_wrong_use_is_told_in_two_lines_and_exits_2(
    arguments: Sequence[str], named: str, as_json: bool, capsys: Captured
) -> None:
    assert exit_code_of(app, [*arguments, *["--json"] * as_json]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert named in errors_told(told.err)[0]
    if as_json:
        document = json.loads(told.out)
        assert list(document) == ["error"]
        assert set(document["error"]) == {"code", "what", "hint"}
        assert document["error"]["code"] == 2
        assert named in document["error"]["what"]
    else:
        assert told.out == ""


def test_two_forms_of_one_answer_exclude_each_other(folder: ProjectFolder, capsys: Captured) -> None:
    assert exit_code_of(app, ["ask", "--project", str(folder.path), "--md", "--csv"]) == ExitCode.USAGE
    assert "--csv and --md exclude each other" in errors_told(capsys.readouterr().err)[0]


def test_an_option_that_is_nearly_right_is_suggested(capsys: Captured) -> None:
    assert exit_code_of(app, ["land", "--dry-rum"]) == ExitCode.USAGE
    assert "--dry-run" in capsys.readouterr().err


def test_no_command_at_all_shows_the_help_and_exits_2(capsys: Captured) -> None:
    assert exit_code_of(app, []) == ExitCode.USAGE
    told = capsys.readouterr()
    assert "Usage: cinelake" in told.out + told.err
    assert "error:" not in told.err


def test_a_project_folder_that_is_not_there_is_named(tmp_path: Path, capsys: Captured) -> None:
    assert exit_code_of(app, ["land", "--project", str(tmp_path / "nowhere"), "--json"]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert str(tmp_path / "nowhere") in errors_told(told.err)[0]
    assert json.loads(told.out)["error"]["hint"]


# Errors in words


@pytest.mark.parametrize("kind", [CinelakeError, ConfigurationError, DataError, AccessError, ServiceError])
def test_each_error_exits_with_its_own_code_and_words(kind: type[CinelakeError], capsys: Captured) -> None:
    assert exit_code_of(tiny(kind("what\nhappened", "do\nthis")), ["--json"]) == kind.exit_code
    told = capsys.readouterr()
    assert errors_told(told.err) == ["error: what happened", "hint:  do this"]
    assert json.loads(told.out) == {"error": {"code": kind.exit_code, "what": "what\nhappened", "hint": "do\nthis"}}


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), typer.Abort()], ids=["ctrl-c", "abort"])
@pytest.mark.parametrize("arguments", [[], ["-vv"]], ids=["", "vv"])
def test_an_interruption_exits_130_without_a_traceback(
    interruption: BaseException, arguments: Sequence[str], capsys: Captured
) -> None:
    assert exit_code_of(tiny(interruption), [*arguments, "--json"]) == 130
    told = capsys.readouterr()
    assert "interrupted" in errors_told(told.err)[0]
    assert json.loads(told.out)["error"]["code"] == 130


def test_an_unforeseen_exception_exits_1_with_its_words(capsys: Captured) -> None:
    assert exit_code_of(tiny(RuntimeError("the moon\nis full")), ["--json"]) == 1
    told = capsys.readouterr()
    assert "RuntimeError: the moon is full" in errors_told(told.err)[0]
    assert "-vv" in told.err
    assert json.loads(told.out)["error"]["code"] == 1


@pytest.mark.parametrize("arguments", [[], ["-v"], ["--verbose"]], ids=lambda given: "".join(given))
def test_there_is_no_traceback_unless_asked_for(arguments: Sequence[str], capsys: Captured) -> None:
    exit_code_of(tiny(DataError("what", "hint")), arguments)
    errors_told(capsys.readouterr().err)


@pytest.mark.parametrize("arguments", [["-vv"], ["-v", "-v"], ["--verbose", "--verbose"], ["-v", "--verbose", "-v"]])
def test_a_traceback_comes_when_asked_for_twice_and_not_into_stdout(arguments: Sequence[str], capsys: Captured) -> None:
    assert exit_code_of(tiny(DataError("what", "hint")), [*arguments, "--json"]) == ExitCode.DATA
    told = capsys.readouterr()
    assert "Traceback (most recent call last)" in told.err
    assert told.err.endswith("error: what\nhint:  hint\n")
    assert json.loads(told.out)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["land", "--dry-run"]], ids=lambda given: given[0])
def test_a_reader_that_has_gone_ends_the_program_quietly(folder: ProjectFolder, arguments: Sequence[str]) -> None:
    ended = unread(folder, arguments, "stdout")
    assert (ended.returncode, [line for line in ended.stderr.splitlines() if not line.startswith("land: ")]) == (0, [])


def test_a_failure_keeps_its_code_where_nobody_reads_the_result(folder: ProjectFolder) -> None:
    assert unread(folder, ["verify", "--json"], "stdout").returncode == 1
    assert unread(folder, ["build", "--json"], "stdout").returncode == 2


@pytest.mark.parametrize("arguments", [[], ["-v"], ["--json"]], ids=lambda given: "".join(given))
def test_the_work_is_done_where_nobody_reads_stderr(folder: ProjectFolder, arguments: Sequence[str]) -> None:
    folder.write_settings(tmdb='source = "api"')  # which is warned of
    assert unread(folder, ["run", "--date", DATE, *arguments], "stderr").returncode == 0
    assert {f"_manifests/{stage}" for stage in ("land", "build", "ask", "report")} <= {
        "/".join(key.split("/")[:2]) for key in files_of(folder)
    }


def test_a_failure_keeps_its_code_where_nobody_reads_stderr(folder: ProjectFolder) -> None:
    assert unread(folder, ["build"], "stderr").returncode == 2
    assert unread(folder, ["build", "-vv"], "stderr").returncode == 2
    assert unread(folder, ["biuld"], "stderr").returncode == 2


@pytest.mark.parametrize(("code", "told"), [(None, 0), (0, 0), (3, 3), ("words", 1)])
def test_an_exit_is_taken_at_its_own_code(code: int | str | None, told: int) -> None:
    assert exit_code_of(tiny(SystemExit(code)), []) == told


def test_a_pipe_of_the_work_s_own_that_breaks_is_a_failure(folder: ProjectFolder) -> None:
    with (
        pytest.raises(CinelakeError, match="has gone"),
        Session(folder.path, None, None, json=False, quiet=True, verbose=0),
    ):
        raise BrokenPipeError


# Steps


def test_each_step_and_the_time_of_each_stage_are_told_when_asked_for(folder: ProjectFolder) -> None:
    usual = folder.cinelake("run", "--date", DATE).stderr
    assert not re.search(r"^ *\d+\.\d s ", usual, re.MULTILINE)
    shutil.rmtree(folder.path / "lake")
    shutil.rmtree(folder.path / "report")
    *steps, times = folder.cinelake("run", "--date", DATE, "-v").stderr.splitlines()
    assert all(re.fullmatch(r" *\d+\.\d s  \w+: \S.*", step) for step in steps)
    for step in ("build: making refined.fact_title", "ask: asking films-vs-series"):
        assert any(step in line for line in steps)
    told = re.fullmatch(r"(\d+\.\d) s in all: (.+)", times)
    assert told
    seconds = dict(part.removesuffix(" s").split() for part in told[2].split(", "))
    assert tuple(seconds) == STAGES
    assert sum(map(float, seconds.values())) == pytest.approx(float(told[1]), abs=0.4)


def test_every_object_is_a_step_when_asked_for(folder: ProjectFolder) -> None:
    assert folder.cinelake("run", "--date", DATE, "-q").stderr == ""
    # The first of them says that none was checked yet.
    steps = folder.cinelake("verify", "-v").stderr.count("verify: checking objects (")
    assert steps - 1 == sum(key.startswith(("Raw", "Trusted", "Refined")) for key in files_of(folder))
    assert "s in all" not in folder.cinelake("verify", "-v", "-q").stderr


def test_the_speed_of_a_first_event_is_not_counted_from_the_start_of_the_machine(capsys: Captured) -> None:
    with Teller(quiet=False) as tell:
        tell(Event("land", "sent 1 of 2 files", "progress", 100 * 10**6, 200 * 10**6, "bytes"))
    assert capsys.readouterr().err.endswith("/s, 0 s left)\n")


# Letters


def test_letters_that_a_stream_lacks_stop_nothing(folder: ProjectFolder) -> None:
    for arguments in (["run", "--date", DATE], ["ask"], ["ask", "--md"], ["verify"], ["--help"]):
        ended = folder.cinelake(*arguments, variables={"PYTHONIOENCODING": "ascii"})
        assert ended.returncode == 0, ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize(
    ("arguments", "what", "code"),
    [
        (["land", "--json"], "what was done cannot be told: No space left on device", ExitCode.FAILED),
        (["land"], "what was done cannot be told: No space left on device", ExitCode.FAILED),
        (["ask", "--json"], "there is no lake", ExitCode.USAGE),
    ],
)
def test_a_full_disk_behind_stdout_is_told_on_stderr(
    folder: ProjectFolder, arguments: Sequence[str], what: str, code: ExitCode, buffered: bool
) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [PROGRAM, *arguments],
            cwd=folder.path,
            env={**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    told = [line for line in ended.stderr.splitlines() if line.startswith(("error:", "hint:"))]
    assert what in errors_told("\n".join(told))[0]
    assert "Traceback" not in ended.stderr
    assert ended.returncode == code


def test_json_is_json_where_stdout_takes_ascii_alone(folder: ProjectFolder) -> None:
    folder.write_settings(lake='uri = "file:ação"')
    ended = folder.cinelake("run", "--date", DATE, "--json", variables={"PYTHONIOENCODING": "ascii"})
    assert json.loads(ended.stdout)["stages"][0]["lake"] == "file:ação"
    folder.write_settings(lake='uri = "ação"')
    ended = folder.cinelake("run", "--json", variables={"PYTHONIOENCODING": "ascii"})
    assert "ação" in json.loads(ended.stdout)["error"]["what"]
    assert r"a\xe7\xe3o" in ended.stderr


@pytest.mark.parametrize("redirection", ["2>&-", ">&-", ">&- 2>&-"])
def test_the_work_is_done_where_a_stream_is_shut(folder: ProjectFolder, redirection: str) -> None:
    command = f"{shlex.quote(PROGRAM)} run --date {DATE} {redirection}"
    assert subprocess.run(["sh", "-c", command], cwd=folder.path, check=False, timeout=60).returncode == 0
    assert any(key.startswith("_manifests/ask") for key in files_of(folder))


# Help


def test_the_help_lists_run_and_then_the_stages_in_their_order(capsys: Captured) -> None:
    assert exit_code_of(app, ["--help"]) == ExitCode.DONE
    told = capsys.readouterr().out
    listed = [name for name in re.findall(r"^│ (\w+)", told, re.MULTILINE) if name in COMMANDS]
    assert listed[: 1 + len(STAGES)] == ["run", *STAGES]
    assert set(listed) == set(COMMANDS)
    for code in ExitCode:
        assert f" {int(code)} " in f" {plain(told).partition('Exit codes:')[2]} "


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_tells_what_it_does_and_shows_two_examples(name: str, capsys: Captured) -> None:
    assert exit_code_of(app, [name, "--help"]) == ExitCode.DONE
    help_text = plain(capsys.readouterr().out)
    assert help_text.partition("Examples: ")[2].count(f"cinelake {name}") >= 2
    assert plain(COMMANDS[name].callback.__doc__ or "-") in help_text
    assert exit_code_of(app, [name, "-h"]) == ExitCode.DONE


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_of_each_command_has_words(name: str) -> None:
    command: Any = typer.main.get_command(app)
    assert [option.name for option in command.commands[name].params if not getattr(option, "help", "x")] == []


def test_the_version_is_the_package_s(capsys: Captured) -> None:
    assert exit_code_of(app, ["--version"]) == ExitCode.DONE
    assert re.fullmatch(r"cinelake \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)
