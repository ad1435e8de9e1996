"""What an examination finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cinelake.errors import CinelakeError
from cinelake.lake import Status


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
    """The command or the setting that mends it; empty where nothing need be mended."""


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
            "findings": [vars(finding) for finding in self.findings],
            "policy": self.policy,
        }


def wrong(name: str, error: CinelakeError) -> Finding:
    """A finding that an error tells."""
    return Finding(name, False, error.what, error.hint)


def not_looked_at(names: tuple[str, ...], first: str) -> list[Finding]:
    """Findings that wait for something else to be mended."""
    return [Finding(name, None, f"not looked at: {first}") for name in names]
