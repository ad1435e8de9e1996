"""The project folder: is it as it must be, and has it room."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from cinelake.config import FolderLake, Project
from cinelake.config.environment import (
    DOTENV,
    Environment,
    find_slips,
    names_credentials,
    read_dotenv,
    read_environment,
)
from cinelake.config.project import CONFIGURATION, WORK_FOLDER, read_settings
from cinelake.config.redaction import redacted
from cinelake.config.settings import Settings, Tmdb
from cinelake.doctor.findings import IN_PROJECT, Finding, Mend, look, wrong
from cinelake.enrich.interface import WHERE_FROM
from cinelake.enrich.snapshot import Snapshot
from cinelake.errors import AccessError, CinelakeError, ConfigurationError
from cinelake.lake.failures import lake_failures
from cinelake.lake.keys import KeyTemplate
from cinelake.land.sources import find_files

LIBRARIES = ("boto3", "obstore", "duckdb")
OURS = re.compile(r"(AWS|CINELAKE|TMDB)_[A-Z0-9_]+")
"""Names of variables that may be told; any other word in `.env` may be a secret that lost its name."""
PLACEHOLDER = re.compile(r"YOUR_[A-Z_]+|/PATH/TO/.*|REGION_OF_THE_BUCKET")
"""Values of variables, as what mends a finding has them for the reader to replace."""
GIT_S = 10
DATA = "data"
A_SOURCE = '[[source]]\\ndataset = "Movies"\\npath = "movies.csv"\\n'
WITHOUT_TMDB = Mend('source = "off"', f"{CONFIGURATION}, under [tmdb]")
TMDB_ITSELF = Mend('base_url = "https://api.themoviedb.org"', f"{CONFIGURATION}, under [tmdb]")


@dataclass(frozen=True)
class SetUp:
    """What the project folder, `.env` and the environment say."""

    findings: tuple[Finding, ...]
    project: Project | None
    """None where no lake is known; with the defaults of `lake.toml` where that cannot be read."""
    settings_are_read: bool
    """Whether `lake.toml` could be."""


def read_set_up(folder: Path, lake_uri: str | None, variables: Mapping[str, str]) -> SetUp:
    """Reads what says where things are; each part that is wrong is a finding, and the others are read all the same."""
    settings, told_settings = _look_at_settings(folder)
    environment, told_environment = _look_at_environment(folder, variables)
    findings = [told_settings, _look_at_dotenv(folder, variables), _look_at_git(folder), told_environment]
    project = None
    if environment is not None and (settings or lake_uri or environment.lake_uri):
        try:
            project = Project.of(folder, settings or Settings(), environment, lake_uri=lake_uri)
        except ConfigurationError as error:
            findings.append(wrong("lake", error, _another_lake(lake_uri, environment)))
    else:
        first = f"mend {CONFIGURATION} first, or name a lake with --lake" if environment else "mend the variables first"
        findings.append(Finding("lake", None, f"not looked at: {first}"))
    return SetUp(tuple(findings), project, settings is not None)


def _another_lake(lake_uri: str | None, environment: Environment) -> Mend | None:
    """A lake that can be, where the one that cannot was named."""
    if lake_uri is not None:
        return Mend("cinelake doctor --lake file:lake")
    return Mend("CINELAKE_LAKE=file:lake", DOTENV) if environment.lake_uri else None


def _look_at_settings(folder: Path) -> tuple[Settings | None, Finding]:
    try:
        with lake_failures(f"cannot read {CONFIGURATION}"):
            settings = read_settings(folder)
        KeyTemplate(settings.lake.key)
    except CinelakeError as error:
        return None, wrong(CONFIGURATION, error, None if (folder / CONFIGURATION).exists() else _new_project(folder))
    return settings, Finding(CONFIGURATION, True, f"read: {folder / CONFIGURATION}")


def _new_project(folder: Path) -> Mend:
    """The command that makes a `lake.toml`; files of data that are there are kept."""
    return Mend("cinelake init" + (" --no-sample" if (folder / DATA).exists() else ""))


def _look_at_dotenv(folder: Path, variables: Mapping[str, str]) -> Finding:
    try:
        filed = read_dotenv(folder)
    except ConfigurationError as error:
        return wrong(DOTENV, error)
    if not (folder / DOTENV).exists():
        return Finding(DOTENV, None, "there is none: the environment alone counts")
    if unfilled := [name for name, value in filed.items() if PLACEHOLDER.fullmatch(value) and OURS.fullmatch(name)]:
        told = f"still holds an example in the place of {', '.join(unfilled)}"
        return Finding(DOTENV, False, told, f"write your own into {DOTENV}")
    if slips := find_slips(filed, variables):
        told = ", ".join(f"{name} (did you mean {meant}?)" for name, meant in slips)
        renames = " ".join(f"s/^(\\s*(export\\s+)?){re.escape(name)}(?=\\s*=)/$1{meant}/;" for name, meant in slips)
        mend = Mend(f"perl -i -pe '{renames}' {DOTENV}", IN_PROJECT)
        return Finding(DOTENV, False, f"sets what nobody reads: {told}", f"rename it in {DOTENV}", mend)
    unread = names_credentials(variables) and names_credentials(filed)
    return Finding(
        DOTENV,
        True,
        f"read: sets {_names(filed)}" + ("; its credentials do not count, the environment has some" if unread else ""),
    )


def _look_at_environment(folder: Path, variables: Mapping[str, str]) -> tuple[Environment | None, Finding]:
    try:
        environment = read_environment(folder, variables)
    except ConfigurationError as error:
        return None, wrong("variables", error)
    return environment, Finding("variables", True, f"the environment sets {_names(variables)}")


def _names(variables: Mapping[str, str]) -> str:
    return (
        ", ".join(sorted(name for name, value in variables.items() if value and OURS.fullmatch(name))) or "none of ours"
    )


def _look_at_git(folder: Path) -> Finding:
    """Whether git would take `.env` into its history."""
    if not (folder / DOTENV).exists():
        return Finding("git", None, f"there is no {DOTENV} that git could take")
    if not any((each / ".git").exists() for each in (folder, *folder.parents)):
        return Finding("git", None, f"the project is in no repository that could take {DOTENV}")
    try:
        asked = subprocess.run(  # noqa: S603
            ["git", "check-ignore", "--quiet", DOTENV],  # noqa: S607 whichever git the user has
            cwd=folder,
            capture_output=True,
            check=False,
            timeout=GIT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Finding("git", None, f"not told whether git would take {DOTENV}: it cannot be run")
    match asked.returncode:
        case 0:
            return Finding("git", True, f"leaves {DOTENV} alone")
        case 1:
            hint = f"write {DOTENV} into .gitignore; if it is in the history already, get new credentials"
            # What git has taken already it would take again, whatever .gitignore says.
            command = f"printf '\\n{DOTENV}\\n' >> .gitignore && git rm --cached --quiet --ignore-unmatch {DOTENV}"
            told = f"would take {DOTENV}, which holds secrets, into its history"
            return Finding("git", False, told, hint, Mend(command, IN_PROJECT))
        case _:
            return Finding("git", None, f"git does not tell whether it would take {DOTENV}")


def look_at_sources(project: Project, now: datetime) -> tuple[Finding, int | None]:
    """The files that a landing would take, and how many bytes they have in all."""
    try:
        with lake_failures("cannot look at the sources"):
            files = find_files(project, KeyTemplate(project.lake.key), project.processing_date(now))
    except CinelakeError as error:
        mend = None if project.sources else Mend(f"printf '{A_SOURCE}' >> {CONFIGURATION}", IN_PROJECT)
        told = error.what.removesuffix(". Nothing was sent")
        return Finding("sources", False, told, error.hint, mend, error), None
    size_bytes = sum(file.bytes for file in files)
    many = f"{len(files):,} files" if len(files) > 1 else files[0].source
    return Finding("sources", True, f"{many}, {size_bytes:,} bytes"), size_bytes


def look_at_tmdb(project: Project) -> Finding:
    """Where TMDB's records are to come from, and whether TMDB takes the token or key, if that can be told."""
    match project.tmdb.source:
        case "off":
            return Finding("TMDB", None, "is left out: money and popularity stay unknown")
        case "snapshot":
            try:
                files = Snapshot(project.directory, project.tmdb.snapshot or "").files
            except CinelakeError as error:
                return wrong("TMDB", error, WITHOUT_TMDB)
            return Finding("TMDB", True, f"a snapshot: {len(files):,} file{'s' if len(files) > 1 else ''}")
        case "api":
            given = project.environment
            name = "TMDB_TOKEN" if given.tmdb_token else "TMDB_API_KEY" if given.tmdb_api_key else None
            if name is None:
                told = "neither TMDB_TOKEN nor TMDB_API_KEY is set: run goes on without TMDB, enrich does not"
                hint = given.hint_at(WHERE_FROM, "TMDB_TOKEN", "TMDB_API_KEY")
                return Finding("TMDB", None, told, hint, Mend("TMDB_TOKEN=YOUR_READ_ACCESS_TOKEN", DOTENV))
            told = f"its API at {redacted(project.tmdb.base_url)}, with {name}"
            # It brings an HTTP library along.
            from cinelake.enrich.api import ask_whether_accepted

            try:
                ask_whether_accepted(project)
            except AccessError as error:
                return wrong("TMDB", error, Mend(f"{name}=YOUR_{name.removeprefix('TMDB_')}", DOTENV))
            except CinelakeError as error:
                mend = look(project.tmdb.base_url) if project.tmdb.base_url == Tmdb().base_url else TMDB_ITSELF
                return Finding("TMDB", None, f"{told}; whether it is accepted is not known: {error}", error.hint, mend)
            return Finding("TMDB", True, f"{told}, which it accepts")


def look_at_disks(folder: Path, project: Project | None, needed_bytes: int | None) -> Iterator[Finding]:
    """Room for what the sources have, in the project folder and, where that is on another disk, in a folder lake.

    Args:
        folder: of the project.
        project: None where it could not be read.
        needed_bytes: of the sources; None where that is not known.
    """
    with lake_failures("cannot look at the disk"):
        places, builds = {"disk": nearest(folder)}, "disk"
        if project is not None and isinstance(project.lake_uri, FolderLake):
            lake = nearest(project.lake_uri.path)
            if lake.stat().st_dev != places["disk"].stat().st_dev:
                places["disk of the lake"] = lake
                builds = "disk of the lake"
            has_builds = project.lake_uri.path.is_dir()
        else:
            has_builds = False
        for name, place in places.items():
            free_bytes = shutil.disk_usage(place).free
            told = f"{free_bytes:,} bytes free in {place}"
            if needed_bytes is None:
                yield Finding(name, None, f"{told}; how many the sources need is not known")
            else:
                room = free_bytes >= needed_bytes
                told = f"{told}; the sources have {needed_bytes:,}"
                yield Finding(name, True, told) if room else _full(name, place, told, has_builds and name == builds)


def _full(name: str, place: Path, told: str, has_builds: bool) -> Finding:
    """A disk without room: what may go is the reader's choice, so the command looks and removes nothing."""
    may_go = ["cinelake expire --builds removes superseded tables of the lake"] if has_builds else []
    if name == "disk":
        may_go.append(f"{WORK_FOLDER} may go while nothing runs, though IMDb's files in it would be fetched again")
    hint = "; ".join(["make room, or choose another folder", *may_go])
    return Finding(name, False, told, hint, Mend(f"du -x -h -d 1 {shlex.quote(str(place))} | sort -h"))


def look_at_versions() -> Finding:
    """What is installed."""
    libraries = (f"{library} {version(library)}" for library in LIBRARIES)
    return Finding(
        "versions", True, f"cinelake {version('cinelake')}, Python {python_version()}, {', '.join(libraries)}"
    )


def nearest(path: Path) -> Path:
    """A folder, or the nearest one above it that is there."""
    return next(each for each in (path, *path.parents) if each.is_dir())
