"""A lake in a folder: is it there, and may we write."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from cinelake.config import FolderLake
from cinelake.doctor.findings import Finding, Mend
from cinelake.doctor.project import nearest
from cinelake.lake.failures import lake_failures
from cinelake.lake.manifests import PREFIX


def look_at_folder(lake: FolderLake) -> Iterator[Finding]:
    """The folder, looked at and left alone."""
    yield Finding("credentials", None, "not needed: the lake is a folder")
    with lake_failures(f"cannot look at {lake}"):
        place = nearest(lake.path)
        blocked = next((each for each in (lake.path, *lake.path.parents) if each.exists()), place)
    if blocked != place:
        yield Finding(
            "lake",
            False,
            f"{blocked} is a file, where a folder must be",
            "move it away, or choose another folder as the lake",
            Mend(f"mv {shlex.quote(str(blocked))} {shlex.quote(f'{blocked}.moved')}"),
        )
        return
    if place == lake.path:
        yield Finding("lake", True, f"{lake} is there")
    else:
        yield Finding("lake", None, f"{lake} is not there yet", "cinelake land makes it", Mend("cinelake land"))
    if os.access(place, os.W_OK | os.X_OK):
        yield Finding("may write", True, f"to {place}")
    else:
        yield Finding(
            "may write",
            False,
            f"{place} may not be written to",
            "make the folder yours, or choose another lake",
            _make_writable(lake.path, place),
        )


def _make_writable(lake: Path, place: Path) -> Mend:
    """The lake alone becomes the reader's: never what lies in it, and never a folder above it.

    Args:
        lake: its folder.
        place: it, or the nearest folder above it that is there.
    """
    quoted = shlex.quote(str(lake))
    if place != lake:
        return Mend(f'sudo install -d -o "$(id -u)" {quoted}')
    if place.stat().st_uid == os.geteuid():
        return Mend(f"chmod u+rwx {quoted}")
    if _may_be_a_lake(lake):
        return Mend(f'sudo chown "$(id -u)" {quoted}')
    return Mend("cinelake doctor --lake file:lake")


def _may_be_a_lake(folder: Path) -> bool:
    """Whether it is empty or holds manifests: any other folder, such as /, is somebody else's."""
    try:
        held = [each.name for each in folder.iterdir()]
    except OSError:
        return False
    return not held or PREFIX in held
