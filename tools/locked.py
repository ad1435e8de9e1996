"""What requirements/run.txt locks, and what the installed packages tell of themselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "run.txt"
PINNED = re.compile(r"([\w.-]+)==([^\s;]+)(?: ; ([^\\]+?))? \\")
HASHED = re.compile(r"--hash=sha256:([0-9a-f]{64})")
TEXTS = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)
SHORT = 60
"""Letters of a field that names a licence; a longer one holds its text."""


@dataclass(frozen=True)
class Locked:
    """A package at the version at which it is locked."""

    name: str
    version: str
    marker: str | None
    """Where it is installed, as in `sys_platform == 'win32'`; None everywhere."""
    hashes: tuple[str, ...]
    """SHA-256 of each file that may be installed."""

    @property
    def purl(self) -> str:
        """Its name among all packages, which names no host."""
        return f"pkg:pypi/{self.name}@{self.version}"

    def installed(self) -> Distribution | None:
        """As it is installed here; None where it is not, which its marker must explain.

        Raises:
            SystemExit: it is missing, or there in another version.
        """
        try:
            found = distribution(self.name)
        except PackageNotFoundError:
            found = None
        if found is not None and found.version == self.version:
            return found
        if found is None and self.marker is not None:
            return None
        raise SystemExit(f"{self.name} {self.version} is not installed: run make setup first")


def read_lock(path: Path = LOCK) -> list[Locked]:
    """The packages of a lock in its order."""
    locked: list[Locked] = []
    for part in re.split(r"\n(?=\S)", path.read_text(encoding="utf-8")):
        pinned = PINNED.match(part)
        if pinned is None:
            raise SystemExit(f"{path.name} holds what is no locked package: {part[:40]!r}")
        locked.append(Locked(pinned[1], pinned[2], pinned[3], tuple(HASHED.findall(part))))
    return locked


def licence_of(found: Distribution) -> str:
    """What a package's author says of its licence: an SPDX expression where there is one, else their own words."""
    told = found.metadata.get_all("License-Expression")
    if told:
        return str(told[0])
    field = next(iter(found.metadata.get_all("License") or []), "")
    classifiers = [line for line in found.metadata.get_all("Classifier") or [] if line.startswith("License")]
    names = ", ".join(line.rpartition(" :: ")[2] for line in classifiers)
    if "\n" in field or len(field) > SHORT:
        field = ""
    return f"{field} ({names})" if field and names else field or names


def texts_of(found: Distribution) -> list[str]:
    """The files of a package that hold its licence and its notices, as they are installed."""
    files = [str(file) for file in found.files or [] if ".dist-info/" in str(file)]
    return sorted(file for file in files if TEXTS.search(Path(file).name))


def needed_by(found: Distribution, locked: Mapping[str, Locked]) -> list[Locked]:
    """The locked packages that it asks for without being asked for an extra."""
    wanted = [Requirement(text) for text in found.requires or []]
    names = {str(canonicalize_name(each.name)) for each in wanted if "extra ==" not in str(each.marker or "")}
    return [locked[name] for name in sorted(names & locked.keys())]
