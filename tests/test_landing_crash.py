"""A landing that is killed at any moment leaves no half object, and the next one finishes the work."""

import hashlib
import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from cinelake import Lake, Project, Run, land_files
from cinelake.config import parse_date
from projects import PROGRAM, Place, ProjectFolder

MOMENTS = 50
"""On each of the two stores."""
SMALL_FILES = 24
LARGE_BYTES = 9 << 20
"""Sent in two parts."""


@pytest.fixture
def many(folder: ProjectFolder) -> ProjectFolder:
    """A project of many small files and a large one, whose landings give up whatever others left open."""
    sources = folder.path / "in"
    sources.mkdir()
    for number in range(SMALL_FILES):
        data = hashlib.shake_128(bytes([number])).digest(1000 * (number + 1))
        sources.joinpath(f"{number:02}.csv").write_bytes(data)
    sources.joinpath("large.csv").write_bytes(hashlib.shake_128(b"large").digest(LARGE_BYTES))
    folder.path.joinpath("lake.toml").write_text(
        '[lake]\nabandoned_uploads_hours = 0\n[[source]]\ndataset = "Movies"\npath = "in"\n[tmdb]\nsource = "off"\n'
    )
    return folder


def landing(folder: ProjectFolder, place: Place, date: str) -> "subprocess.Popen[bytes]":
    """The program, at work."""
    command = [PROGRAM, "land", "--lake", place.uri, "--date", date, "--quiet"]
    environment = {**os.environ, **place.variables}
    return subprocess.Popen(
        command, cwd=folder.path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def kill_after(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Kills it at a moment; False where it had ended before."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def leftovers(place: Place) -> list[str]:
    """What a killed landing may leave: open uploads, files that are not whole."""
    if place.server is None:
        root = Path(place.name)
        return [str(path) for path in (*root.rglob("*#*"), *root.glob("_staging/*")) if path.name != "lock"]
    return [each["Key"] for each in place.server.client().list_multipart_uploads(Bucket=place.name).get("Uploads", [])]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("store", ["folder", "ceph"])
def test_whenever_a_landing_is_killed_the_next_one_finishes_it(
    many: ProjectFolder, store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = Place.in_folder(tmp_path / "lake") if store == "folder" else Place.on(request.getfixturevalue(store))
    project: Project = many.load(place)
    lake = Lake.open(project)
    sources = {path.name: path.read_bytes() for path in many.path.joinpath("in").iterdir()}
    assert landing(many, place, "2021-01-01").wait(60) == 0  # which makes the lake, too
    began = time.monotonic()
    assert landing(many, place, "2021-01-02").wait(60) == 0
    takes_s = time.monotonic() - began
    moments = random.Random(7)
    killed = 0
    for number in range(MOMENTS):
        date = f"2022-{number // 28 + 1:02}-{number % 28 + 1:02}"
        began = time.monotonic()
        if kill_after(landing(many, place, date), moments.uniform(0.2, 1) * takes_s):
            killed += 1
        else:  # the machine is faster now than when it was measured
            takes_s = min(takes_s, time.monotonic() - began)
        result = land_files(project, lake, Run.start(parse_date(date)))
        keys = {landed.record.key: landed.record.sha256 for landed in result.objects}
        start = f"Raw/Local/CSV/Movies/{date.replace('-', '/')}/"
        assert {key.removeprefix(start) for key in keys} == set(sources)
        assert set(lake.list_objects(start.rstrip("/"))) == set(keys)
        for key, sha256 in keys.items():
            assert sha256 == hashlib.sha256(sources[key.removeprefix(start)]).hexdigest()
            assert lake.checksum(key) == (sha256, len(sources[key.removeprefix(start)]))
        assert leftovers(place) == []
        assert land_files(project, lake, Run.start(parse_date(date))).status == "unchanged"
    # Some moments come after the end; most must not.
    assert killed > MOMENTS / 2
