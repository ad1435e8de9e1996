"""Writes under which licences the packages are that cinelake runs with, and where their texts lie.

python tools/licence_notices.py THIRD_PARTY_LICENSES.md
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from locked import Locked, licence_of, read_lock, texts_of

HEAD = """\
# Licences of others

cinelake runs with the packages below, at the versions that `requirements/run.txt` locks. It holds none of their code:
pip installs each of them with its licence and its notices, in the folder that stands beside it, below `site-packages`;
the image keeps these, too. The licences are told in the words of the packages' own metadata.

Written by `make sbom`; a test holds it against what is installed.

| package | version | licence | its text |
|---|---|---|---|
"""


def notices() -> str:
    """The page."""
    return HEAD + "".join(f"| {' | '.join(_row(each))} |\n" for each in read_lock())


def _row(each: Locked) -> Iterator[str]:
    yield from (each.name, each.version)
    found = each.installed()
    if found is None:
        yield from ("not read", f"installed only where {each.marker}")
        return
    yield licence_of(found)
    yield "<br>".join(f"`{file}`" for file in texts_of(found)) or "its wheel holds none"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(notices(), encoding="utf-8")
