"""What an examination finds."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from cinelake.errors import CinelakeError
from cinelake.lake import Status

IN_PROJECT = "the project folder"
"""Place of a command that must be run there."""


@dataclass(frozen=True)
class Mend:
    """What mends a finding, to be copied as it stands; words in capitals are for the reader to replace."""

    text: str
    """A command of a POSIX shell, or the lines to write."""
    place: str | None = None
    """The file that the lines belong into, and its table; None for a command."""

    def to_json(self) -> dict[str, str]:
        """As the document of `--json` has it."""
        return {"run": self.text} if self.place is None else {"in": self.place, "write": self.text}


def look(address: str) -> Mend:
    """A look at what answers at an address, where it is not known what is wrong there."""
    return Mend(f"curl --silent --show-error --head {shlex.quote(address)}")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    """The same in every examination."""
    ok: bool | None
    """None where it could not be told, or where there is nothing to be right or wrong about."""
    detail: str
    """Never a secret."""
    hint: str = ""
    """What to do, in words; empty where nothing need be mended."""
    mend: Mend | None = None
    """The hint as a command or a setting. Whatever is wrong has one, and so has what has a hint."""
    cause: CinelakeError | None = field(default=None, compare=False, repr=False)
    """What was raised, if anything was."""

    def to_json(self) -> dict[str, Any]:
        """As the document of `--json` has it."""
        mend = self.mend.to_json() if self.mend else None
        return {"name": self.name, "ok": self.ok, "detail": self.detail, "hint": self.hint, "mend": mend}


@dataclass(frozen=True)
class DoctorResult:
    """All findings; good only where none is wrong."""

    stage: ClassVar[str] = "doctor"
    project: str
    """The project folder."""
    lake: str | None
    """None where no lake is known."""
    findings: tuple[Finding, ...]
    policy: Mapping[str, Any] | None
    """The least IAM policy for the lake; None where it is not in a bucket."""

    @property
    def status(self) -> Status:
        """`done` where nothing is wrong."""
        return "failed" if any(finding.ok is False for finding in self.findings) else "done"

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "stage": self.stage,
            "status": self.status,
            "project": self.project,
            "lake": self.lake,
            "findings": [finding.to_json() for finding in self.findings],
            "policy": self.policy,
        }


def wrong(name: str, error: CinelakeError, mend: Mend | None = None) -> Finding:
    """A finding that an error tells."""
    return Finding(name, False, error.what, error.hint, mend, error)


def not_looked_at(names: tuple[str, ...], first: str) -> list[Finding]:
    """Findings that wait for something else to be mended."""
    return [Finding(name, None, f"not looked at: {first}") for name in names]
