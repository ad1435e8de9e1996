"""A reader of what the doctor tells, who copies it and does nothing else."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from projects import PROGRAM

WITH_PROGRAM = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
HARMFUL = re.compile(r"rm\s+-\w*[rR]|ch(own|mod|grp)\s+-\w*R")
"""What nobody should paste who does not know what lies there."""
KEYS = {"YOUR_KEY_ID": "AKIATEST", "YOUR_SECRET": "SECRETTEST", "YOUR_SESSION_TOKEN": "TOKENTEST"}


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with a project."""

    name: str
    """Of the finding that tells it."""
    spoil: Callable[[Path], object]
    """Makes it so, in the project folder."""
    filled: Mapping[str, str] = field(default_factory=dict)
    """What the reader writes for the words in capitals."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the environment."""


def examined(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The findings that the program tells in the folder, by name."""
    environment = {**os.environ, "PATH": WITH_PROGRAM, **(variables or {})}
    ended = subprocess.run(
        [PROGRAM, "doctor", "--json", *arguments], cwd=folder, env=environment, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode in (0, 1), ended.stderr
    assert not HARMFUL.search(ended.stdout)
    return {finding["name"]: finding for finding in json.loads(ended.stdout)["findings"]}


def wrong(findings: Mapping[str, Any]) -> list[str]:
    """The names of those that are wrong; what is wrong or has a hint has something to copy."""
    for finding in findings.values():
        if finding["ok"] is False or finding["hint"]:
            assert finding["mend"], finding
            assert all(finding["mend"].values()), finding
    return [name for name, finding in findings.items() if finding["ok"] is False]


def filled(text: str, fault: Fault) -> str:
    """What is to be copied, with the words in capitals replaced."""
    for word, own in fault.filled.items():
        text = text.replace(word, own)
    assert not re.search(r"\b(YOUR_[A-Z_]+|PATH/TO)\b", text)
    return text


def shell(command: str, folder: Path, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command as it would be pasted."""
    environment = {**os.environ, "PATH": WITH_PROGRAM, "EDITOR": "false", **(variables or {})}
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def put_into(folder: Path, place: str, text: str) -> None:
    """Writes what is told where it is told, and does nothing else."""
    name, _, where = place.partition(", ")
    where, _, instead = where.partition("in place of ")
    path = folder / name
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    if instead:
        first, last = (re.findall(r"\d+", instead) * 2)[:2]
        lines[int(first) - 1 : int(last)] = text.split("\n")
    elif where.startswith("under "):
        heading, _, number = where.removeprefix("under ").partition(" number ")
        start = [place for place, each in enumerate(lines) if each == heading][int(number or 1) - 1] + 1
        lines[start:start] = text.split("\n")
    else:
        assert where in ("", "at its end")
        lines += text.split("\n")
    path.write_text("\n".join(lines), encoding="utf-8")
