"""A lake in a folder: is it there, and may we write."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from cinelake.config import FolderLake
from cinelake.doctor.findings import Finding, Mend
from cinelake.doctor.project import nearest
from cinelake.lake.failures import lake_failures


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
            Mend(_make_writable(place)),
        )


def _make_writable(place: Path) -> str:
    """The owner may allow it; whoever else must become the owner."""
    quoted = shlex.quote(str(place))
    return f"chmod u+rwx {quoted}" if place.stat().st_uid == os.geteuid() else f'sudo chown -R "$(id -u)" {quoted}'
