"""Completion in a shell, as bash itself does it with the script that the program prints."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import missing
from projects import PROGRAM, ProjectFolder

ROOT = Path(__file__).parents[1]
WITH_PROGRAM = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"


def completed(folder: ProjectFolder, *words: str, called: str = "cinelake") -> list[str]:
    """What bash offers for the last of the words, which is empty where nothing is typed yet."""
    bash = shutil.which("bash")
    if bash is None:
        missing("no bash here")
    script = (
        'eval "$(_CINELAKE_COMPLETE=source_bash "$1")"; called=$1; shift; COMP_WORDS=("$called" "$@"); COMP_CWORD=$#; '
        'function_of=$(complete -p cinelake | sed "s/.*-F \\([^ ]*\\) .*/\\1/"); '
        '"$function_of" "$called"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    ended = subprocess.run(
        [bash, "-c", script, "bash", called, *words], cwd=folder.path, env={**os.environ, "PATH": WITH_PROGRAM},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert ended.stderr == ""
    return ended.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["la"], ["land"]),
        (["re"], ["report"]),
        (["run", "--proj"], ["--project"]),
        (["verify", "--d"], ["--date", "--deep"]),
        (["ls", "Ref"], ["Refined"]),
        (["ls", "--dataset", "fact"], ["fact_title"]),
        (["ls", "--dataset", "Mo"], ["Movies"]),
        (["build", "--engine", ""], ["duckdb", "spark"]),
        (["report", "--lang", ""], ["en", "pt"]),
        (["report", "--format", "p"], ["png"]),
        (["fetch", ""], ["imdb"]),
        (["ask", "films-vs"], ["films-vs-series"]),
        (["xyzzy"], []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bash_completes_commands_options_and_values(
    folder: ProjectFolder, words: list[str], offered: list[str]
) -> None:
    assert completed(folder, *words) == offered


def test_questions_of_one_s_own_are_completed_and_what_is_typed_before_them_may_be_a_project(
    folder: ProjectFolder,
) -> None:
    folder.path.joinpath("questions", "films-by-mood").mkdir(parents=True)
    assert completed(folder, "ask", "films-by-m") == ["films-by-mood"]
    other = ProjectFolder(folder.path.parent / "other")
    assert completed(other, "ask", "films-by-m") == []
    assert completed(other, "ask", "--project", "../project", "films-by-m") == ["films-by-mood"]


def test_the_program_is_completed_where_it_is_called_by_its_path(folder: ProjectFolder) -> None:
    assert completed(folder, "la", called=PROGRAM) == ["land"]


@pytest.mark.parametrize(
    ("shell", "begin"),
    [("bash", "_cinelake_completion()"), ("zsh", "#compdef cinelake"), ("fish", "complete --command cinelake")],
)
def test_the_script_of_each_shell_is_printed(folder: ProjectFolder, shell: str, begin: str) -> None:
    ended = folder.cinelake(variables={"_CINELAKE_COMPLETE": f"source_{shell}"})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip().startswith(begin)
    for page in ("docs/shell-completion.md", "docs/pt/completar-no-shell.md"):
        told = ROOT.joinpath(page).read_text(encoding="utf-8")
        assert f"_CINELAKE_COMPLETE=source_{shell} ~/cinelake/.venv/bin/cinelake" in told
