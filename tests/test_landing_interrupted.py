"""Landings that cannot go on: Ctrl-C while the network says nothing, and a disk that is full."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import missing
from faulty import Do, FaultyNetwork, Stall, faulty_network
from landings import (
    FILE,
    KEY,
    LARGER,
    MIDDLE,
    SMALL,
    collect_garbage,
    content,
    emptied,
    enlarge,
    forget_copies,
    land,
    make_bucket,
    manifests,
    open_uploads,
    raw_objects,
    small_disk,
    start_landing,
    write_project,
)
from projects import DATE, Place, S3Server
from refusals import refusal, refusal_in_words

AT_ONCE_S = 15.0
START_S = 60.0


@pytest.fixture(scope="module")
def network(ceph: S3Server) -> Iterator[FaultyNetwork]:
    """A network before Ceph."""
    with faulty_network(ceph) as network:
        yield network
    collect_garbage(ceph)


@pytest.fixture
def place(network: FaultyNetwork) -> Iterator[Place]:
    """A bucket that is there, behind that network."""
    network.forget()
    place = network.place()
    make_bucket(place)
    with emptied(place):
        yield place


def interrupted(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Presses Ctrl-C; the program must end soon."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=AT_ONCE_S)
    finally:
        process.kill()
        process.wait()
    assert time.monotonic() - began < AT_ONCE_S
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.mark.parametrize(
    ("size_bytes", "method", "part"),
    [
        (SMALL, "GET", "delimiter"),
        (SMALL, "GET", "prefix=_manifests%2Fland"),
        (SMALL, "GET", "prefix=Raw"),
        (SMALL, "PUT", FILE),
        (MIDDLE, "PUT", FILE),
        (LARGER, "POST", "?uploads"),
        (LARGER, "PUT", "partNumber=2"),
        (LARGER, "POST", "uploadId"),
    ],
    ids=["bucket", "manifests", "listing", "small", "middle", "opening", "part", "completing"],
)
def test_ctrl_c_while_the_service_says_nothing_leaves_no_object_and_no_upload(
    tmp_path: Path, network: FaultyNetwork, place: Place, size_bytes: int, method: str, part: str
) -> None:
    data = content(size_bytes)
    folder = write_project(tmp_path / "project", {FILE: data}, hours=24)
    network.fail(Stall(), method, part, times=None)
    with start_landing(folder, place) as process:
        assert network.stalled.wait(START_S)
        ended = interrupted(process)
    assert refusal_in_words(ended, code=130).what == "interrupted"
    assert ended.stdout == ""
    network.mend()
    assert place.objects() == {}
    assert open_uploads(place) == []
    assert land(folder, place).status == "done"
    assert raw_objects(place) == {KEY: data}


def test_ctrl_c_before_the_answer_to_an_opening_leaves_no_upload(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder = write_project(tmp_path / "project", {FILE: content(LARGER)}, hours=24)
    opened = threading.Event()

    def wait_a_moment() -> None:
        opened.set()
        threading.Event().wait(1)

    network.fail(Do(wait_a_moment, done=True), "POST", "?uploads")
    with start_landing(folder, place) as process:
        assert opened.wait(START_S)
        ended = interrupted(process)
    assert refusal_in_words(ended, code=130).what == "interrupted"
    assert open_uploads(place) == []


def test_ctrl_c_while_the_manifest_is_sent_leaves_the_object_to_the_next_landing(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder = write_project(tmp_path / "project", {FILE: content(SMALL)}, hours=24)
    network.fail(Stall(), "PUT", "_manifests", times=None)
    with start_landing(folder, place) as process:
        assert network.stalled.wait(START_S)
        ended = interrupted(process)
    assert refusal_in_words(ended, code=130).what == "interrupted"
    network.mend()
    assert manifests(place) == []
    landed = land(folder, place)
    assert (landed.status, [each.action for each in landed.objects]) == ("done", ["unchanged"])


def test_ctrl_c_while_a_bucket_is_made_waits_until_it_is_safe(tmp_path: Path, network: FaultyNetwork) -> None:
    """A bucket that was left half-made would count as one that was there before, and stay as it is."""
    network.forget()
    folder, place = write_project(tmp_path / "project", {FILE: content(SMALL)}, hours=24), network.place()
    with emptied(place), start_landing(folder, place) as process:
        network.fail(Do(lambda: process.send_signal(signal.SIGINT), done=True), "PUT", "versioning")
        _, told = process.communicate(timeout=START_S)
        assert process.returncode == 130, told
        assert place.server is not None
        client = place.server.client()
        assert client.get_bucket_versioning(Bucket=place.name).get("Status") == "Enabled"
        [rule] = client.get_bucket_lifecycle_configuration(Bucket=place.name)["Rules"]
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
        assert place.objects() == {}


def test_ctrl_c_while_a_manifest_is_read_ends_at_once(tmp_path: Path, network: FaultyNetwork, place: Place) -> None:
    folder = write_project(tmp_path / "project", {FILE: content(SMALL)}, hours=24)
    land(folder, place)
    forget_copies(folder)
    network.fail(Stall(), "GET", "_manifests/land/2022", times=None)
    with start_landing(folder, place) as process:
        assert network.stalled.wait(START_S)
        ended = interrupted(process)
    assert refusal_in_words(ended, code=130).what == "interrupted"


def test_ctrl_c_while_a_file_is_compared_ends_at_once(tmp_path: Path) -> None:
    folder, place = write_project(tmp_path / "project", {FILE: b""}, hours=24), Place.in_folder(tmp_path / "lake")
    there = tmp_path / "lake" / KEY
    there.parent.mkdir(parents=True)
    for path in (folder.path / FILE, there):
        with path.open("wb") as file:
            file.truncate(1 << 40)  # takes no room, and many minutes to read
    with start_landing(folder, place, "-v") as process:
        assert process.stderr is not None
        assert any("comparing files" in line for line in process.stderr)
        ended = interrupted(process)
    assert ended.returncode == 130
    assert "interrupted" in ended.stderr


def test_a_missing_file_is_told_at_once_though_the_service_says_nothing(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder = write_project(tmp_path / "project", {}, hours=24)
    network.fail(Stall(), "GET", "", times=None)
    began = time.monotonic()
    told = refusal(folder, "land", "--date", DATE, code=2, place=place)
    assert time.monotonic() - began < AT_ONCE_S
    assert f"{FILE} is missing" in told.what


# A full disk


@pytest.fixture
def disk() -> Iterator[Path]:
    """A disk with room for 8 MiB."""
    with small_disk(8) as path:
        if path is None:
            missing("no file system may be mounted here: the tests are not run by root, or in a bare container")
        yield path


@pytest.mark.parametrize("sizes", [[LARGER], [MIDDLE] * 4, [SMALL] * 20 + [LARGER]], ids=["large", "middle", "mixed"])
def test_a_full_disk_is_told_and_nothing_half_written_stays(tmp_path: Path, disk: Path, sizes: list[int]) -> None:
    files = {f"{number:02}.csv": content(size, str(number)) for number, size in enumerate(sizes)}
    folder = write_project(tmp_path / "project", files, source="*.csv", hours=24)
    place = Place.in_folder(disk / "lake")
    told = refusal(folder, "land", "--date", DATE, code=1, place=place)
    assert "the disk is full" in told.what
    assert "make room" in told.hint
    landed = {key.rpartition("/")[2]: data for key, data in raw_objects(place).items()}
    assert landed.items() <= files.items()
    assert (manifests(place), open_uploads(place)) == ([], [])
    enlarge(disk, 64)
    folder.document("land", "--date", DATE, place=place)
    assert {key.rpartition("/")[2]: data for key, data in raw_objects(place).items()} == files
    assert open_uploads(place) == []
