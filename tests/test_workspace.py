"""Folders for temporary files: one's own while one works, and gone after that, however it ended."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cinelake import AccessError
from cinelake.engine.workspace import temporary_folder

BUSY = """
import sys, time
from pathlib import Path
from cinelake.engine.workspace import temporary_folder
until = time.monotonic() + 3
while time.monotonic() < until:
    with temporary_folder(Path(sys.argv[1])) as folder:
        (folder / "file").write_text("x")
        assert (folder / "file").read_text() == "x"
"""
KILLED = """
import os, sys
from pathlib import Path
from cinelake.engine.workspace import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("x")
    os.kill(os.getpid(), 9)
"""


def started(program: str, folder: Path, count: int) -> Sequence[subprocess.Popen[bytes]]:
    return [subprocess.Popen([sys.executable, "-c", program, str(folder)]) for _ in range(count)]


def test_many_at_once_never_lose_their_folder(tmp_path: Path) -> None:
    assert [process.wait(60) for process in started(BUSY, tmp_path, 4)] == [0, 0, 0, 0]
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next(tmp_path: Path) -> None:
    assert [process.wait(60) for process in started(KILLED, tmp_path, 2)] == [-9, -9]
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) >= 1
    with temporary_folder(tmp_path) as folder:
        assert [path for path in tmp_path.iterdir() if path.is_dir()] == [folder]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_works_in_stays(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as first, temporary_folder(tmp_path) as second:
        assert first.is_dir()
        assert second.is_dir()
        assert first != second


def test_a_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")
    with pytest.raises(AccessError, match="no work folder can be made"), temporary_folder(tmp_path / "file"):
        pass
