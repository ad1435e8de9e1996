"""Runs of the program that must be refused: in few words, with the promised code, leaving nothing half-written."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cinelake.pipeline import STAGES
from projects import Place, ProjectFolder

ON_THE_WAY = re.compile(rf"(warning: )?({'|'.join(STAGES)}|verify): .+")
"""What a stage tells before it fails."""


@dataclass(frozen=True)
class Refusal:
    """What a person reads."""

    what: str
    hint: str

    @property
    def words(self) -> str:
        """All of it."""
        return f"{self.what}\n{self.hint}"


def refusal(
    folder: ProjectFolder,
    *arguments: str,
    code: int,
    place: Place | None = None,
    variables: Mapping[str, str] | None = None,
) -> Refusal:
    """Runs the program with `--json`, which must fail so, in words and in one document that say the same."""
    return refusal_in(folder.cinelake(*arguments, "--json", place=place, variables=variables), code=code)


def refusal_in(ended: subprocess.CompletedProcess[str], *, code: int) -> Refusal:
    """Reads how a program that was given `--json` has failed."""
    told = refusal_in_words(ended, code=code)
    document = json.loads(ended.stdout)
    assert document == {"error": {"code": code, "what": document["error"]["what"], "hint": document["error"]["hint"]}}
    assert told.what == " ".join(document["error"]["what"].split())
    assert told.hint == " ".join(document["error"]["hint"].split())
    return told


def refusal_in_words(ended: subprocess.CompletedProcess[str], *, code: int) -> Refusal:
    """Reads how a program has failed: after what it told on its way, one line of error and one of hint."""
    assert ended.returncode == code, ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr + ended.stdout
    lines = [line for line in ended.stderr.splitlines() if not ON_THE_WAY.fullmatch(line)]
    assert len(lines) == 2, ended.stderr
    assert ended.stderr.splitlines()[-2:] == lines
    found = re.fullmatch(r"error: (\S.*)\nhint:  (\S.*)", "\n".join(lines))
    assert found, ended.stderr
    return Refusal(found[1], found[2])


def files_below(path: Path) -> dict[str, bytes | None]:
    """All that lies in a folder: the bytes of a file, None for a folder or what cannot be read."""
    return {
        str(entry.relative_to(path)): entry.read_bytes() if entry.is_file() else None
        for entry in sorted(path.rglob("*"))
    }


def as_ordinary_user(folder: ProjectFolder, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """Runs the program bound by file permissions, also where root runs the tests; None where that cannot be done."""
    command = [str(Path(sys.executable).with_name("cinelake")), *arguments]
    if (folder.path / "lake.toml").stat().st_uid == 0:
        setpriv = shutil.which("setpriv")
        bound = [setpriv or "", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]
        if setpriv is None or subprocess.run([*bound, "true"], capture_output=True, check=False).returncode:
            return None
        command = [*bound, *command]
    return subprocess.run(command, cwd=folder.path, capture_output=True, text=True, check=False, timeout=300)
