"""The program in a container: its project is a volume, which takes its files from a mounted folder.

    /input    the folder of the user, read-only
    /data     the volume: the project folder, where the program is run
    /report   another folder of the user, for the report; may be missing

Before a command what is new in `/input` is copied to `/data`, after it what is new of the report to `/report`.
"""

import filecmp
import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO

from cinelake import cli
from cinelake.cli.app import app
from cinelake.cli.streams import tell
from cinelake.config import CONFIGURATION, BucketLake, Project
from cinelake.config.project import read_settings
from cinelake.errors import AccessError
from cinelake.land.sources import list_named
from cinelake.report.run import FOLDER

INPUT, DATA, REPORT = Path("/input"), Path("/data"), Path("/report")
SHIPPED = Path("/opt/cinelake", CONFIGURATION)
"""For whoever has no `lake.toml` of their own."""
FALLBACK = "CINELAKE_WITHOUT_CREDENTIALS"
"""Names the variable with the lake to take where that of the project is a bucket without credentials."""
OWN = ("questions", "sql")
"""Folders with the user's own questions and models."""
SNAPSHOT = "tmdb*.json*"
"""The name of a file of TMDB records, as the shipped `lake.toml` has it."""
WHOSE = 'with echo "UID_GID=$(id -u):$(id -g)" >> .env the container is you'


def main() -> None:
    """`cinelake` with the container's arguments. A container is ended with SIGTERM: here it does what Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cli.main(_program)


def _program(arguments: Sequence[str], **how: Any) -> Any:
    bring_in(INPUT, DATA, SHIPPED, os.environ)
    elsewhere = any(each.startswith(("--lake", "--help", "--version")) for each in arguments)
    if os.environ.get(FALLBACK) and not elsewhere and lacks_credentials(DATA, os.environ):
        tell(f"warning: there are no AWS credentials: the lake is {os.environ[FALLBACK]}\n")
        os.environ["CINELAKE_LAKE"] = os.environ[FALLBACK]
    try:
        return app(arguments, **how)
    finally:
        hand_out(DATA / FOLDER, REPORT)


def lacks_credentials(project: Path, variables: Mapping[str, str]) -> bool:
    """Whether a project's lake is a bucket, and no credentials are anywhere that boto3 looks; a profile counts as some.

    Raises:
        ConfigurationError: the project's settings are not as they must be.
    """
    loaded = Project.load(project, variables=variables)
    given = loaded.environment
    if not isinstance(loaded.lake_uri, BucketLake) or given.access_key_id or given.profile:
        return False
    from cinelake.lake.session import open_session

    try:
        open_session(loaded)
    except AccessError:
        return True
    return False


def bring_in(source: Path, project: Path, shipped: Path, variables: Mapping[str, str]) -> None:
    """Makes a volume the project folder: `lake.toml`, what it leads to, the user's own questions and models.

    What is there with the same bytes is left alone, and nothing is removed.

    Args:
        source: the mounted folder; what is missing there is not missed here.
        project: the volume.
        shipped: the `lake.toml` to take where the user has none.
        variables: the environment, for whether TMDB can be asked.

    Raises:
        AccessError: a file cannot be read, or the volume not be written.
        ConfigurationError: the user's `lake.toml` is not as it must be.
    """
    own = source / CONFIGURATION
    try:
        if own.is_file():
            _copy(own, project / CONFIGURATION)
        else:
            written = shipped.read_text(encoding="utf-8").replace('"api"', f'"{_tmdb_source(source, variables)}"', 1)
            _write(written.encode(), project / CONFIGURATION)
        wanted = list(_wanted(source, project))
        for name in wanted:
            if (source / name).is_file():
                _copy(source / name, project / name)
        _tell_absent(source, project, wanted)
    except OSError as error:
        at = f"{error.filename}: " if error.filename else ""
        raise AccessError(
            f"what is in {source} cannot be copied to {project}: {at}{error.strerror}",
            f"let everybody read the files (chmod -R a+rX data), make room in the volume, or {WHOSE}",
        ) from error


def _tmdb_source(source: Path, variables: Mapping[str, str]) -> str:
    if variables.get("TMDB_TOKEN") or variables.get("TMDB_API_KEY"):
        return "api"
    return "snapshot" if any(source.glob(SNAPSHOT)) else "off"


def _wanted(source: Path, project: Path) -> Iterator[str]:
    """The files that the project's `lake.toml` leads to, and the user's own, relative to the mounted folder."""
    settings = read_settings(project)
    snapshot = [settings.tmdb.snapshot] if settings.tmdb.snapshot else []
    for path in (*(each.path for each in settings.source), *snapshot, *OWN):
        if not Path(path).is_absolute() and ".." not in Path(path).parts:  # it stays where it is
            yield from (file.told for file in list_named(str(source), path))


def _tell_absent(source: Path, project: Path, wanted: Sequence[str]) -> None:
    """Warns of files that are only there from an earlier run, where others were brought in."""
    absent = [name for name in wanted if not (source / name).exists() and (project / name).is_file()]
    if absent and any((source / name).is_file() for name in wanted):
        told = f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} not in {source} any more"
        tell(f"warning: {told}: the copy of an earlier run, in {project}, is taken\n")


def hand_out(report: Path, folder: Path) -> None:
    """Copies a report to a mounted folder. Where that cannot be written, a warning says where the report is."""
    if not folder.is_dir():
        return
    try:
        for path in report.rglob("*"):
            if path.is_file():
                _copy(path, folder / path.relative_to(report))
    except OSError as error:
        tell(
            f"warning: the report stays in the volume, at {report}: ./report cannot be written: {error.strerror}\n"
            f"hint:    docker cp cinelake:{report} . copies it; {WHOSE}\n"
        )


def _copy(source: Path, target: Path) -> None:
    """Copies a file that is new or has other bytes, whole or not at all."""
    with suppress(FileNotFoundError):
        if filecmp.cmp(source, target, shallow=False):
            return
    with source.open("rb") as file, _taking_its_place(target) as fresh:
        shutil.copyfileobj(file, fresh)


def _write(data: bytes, target: Path) -> None:
    if target.is_file() and target.read_bytes() == data:
        return
    with _taking_its_place(target) as fresh:
        fresh.write(data)


@contextmanager
def _taking_its_place(target: Path) -> Iterator[BinaryIO]:
    """A new file beside another, which takes its name once it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{token_hex(4)}")
    try:
        with fresh.open("xb") as file:
            yield file
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
