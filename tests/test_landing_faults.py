"""Landing through a network that fails: what passes is tried again, what lasts is told, and nothing is left torn."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cinelake import CinelakeError, DataError, Lake, LandOptions, Run, ServiceError, land_files
from cinelake.config import parse_date
from cinelake.lake.failures import DamagedError
from cinelake.lake.interface import KeyTakenError, ReplacedMeanwhileError
from cinelake.lake.patience import Patience
from cinelake.verify import verify_lake
from faulty import (
    CHECKSUM,
    Answer,
    Do,
    Fault,
    FaultyNetwork,
    Flip,
    Reset,
    Stall,
    Tell,
    TellChecksum,
    Truncate,
    faulty_network,
)
from landings import (
    FILE,
    KEY,
    LARGE,
    LARGER,
    MIDDLE,
    PREFIX,
    QUICK,
    SMALL,
    collect_garbage,
    content,
    emptied,
    forget_copies,
    land,
    make_bucket,
    manifests,
    open_uploads,
    raw_objects,
    versions,
    write_project,
)
from projects import DATE, Place, ProjectFolder
from refusals import refusal

SIZES = {"small": SMALL, "middle": MIDDLE, "large": LARGE, "larger": LARGER}
FAILED, SLOW_DOWN = Answer(500, "InternalError"), Answer(503, "SlowDown")
LOST = Reset(done=True)
"""The server did it, and its answer never came."""
A_LITTLE_S = 8.0
"""For what a command does beside waiting."""


@dataclass(frozen=True)
class Step:
    """One kind of request of a landing into a bucket that is there."""

    name: str
    size_bytes: int
    method: str
    part: str
    without: str = ""
    first: int = 1

    def fail(self, network: FaultyNetwork, fault: Fault, *, times: int | None = 1) -> None:
        """Makes it fail."""
        network.fail(fault, self.method, self.part, without=self.without, first=self.first, times=times)


BUCKET = Step("asking for the bucket", SMALL, "GET", "delimiter")
LIST = Step("listing", SMALL, "GET", "prefix=Raw")
MANIFEST = Step("the manifest", SMALL, "PUT", "_manifests")
SMALL_PUT = Step("a small object", SMALL, "PUT", FILE)
MIDDLE_PUT = Step("a middle object", MIDDLE, "PUT", FILE)
OPEN = Step("opening an upload", LARGE, "POST", "?uploads")
PART = Step("a part", LARGE, "PUT", "partNumber=2")
COMPLETE = Step("completing an upload", LARGE, "POST", "uploadId")
CONFIRM = Step("confirming an upload", LARGE, "HEAD", FILE, first=2)
OBJECT_STEPS = [SMALL_PUT, MIDDLE_PUT, OPEN, PART, COMPLETE]
STEPS = [BUCKET, LIST, *OBJECT_STEPS, CONFIRM, MANIFEST]


def named(value: object) -> str:
    """The name of a parameter."""
    return value.name if isinstance(value, Step) else str(value)


only_on_ceph = pytest.mark.parametrize("network", ["ceph"], indirect=True)
"""Where a second server would show nothing else."""
only_on_moto = pytest.mark.parametrize("network", ["moto"], indirect=True)


@pytest.fixture(scope="module", params=["moto", "ceph"])
def network(request: pytest.FixtureRequest) -> Iterator[FaultyNetwork]:
    """A network that fails, before either server."""
    with faulty_network(request.getfixturevalue(request.param)) as network:
        yield network
    collect_garbage(network.server)


@pytest.fixture
def place(network: FaultyNetwork) -> Iterator[Place]:
    """A bucket that is there, behind that network, which fails in nothing yet."""
    network.forget()
    place = network.place()
    make_bucket(place)
    with emptied(place):
        yield place
        network.mend()


def project_of(path: Path, size_bytes: int) -> tuple[ProjectFolder, bytes]:
    """A project of one file."""
    data = content(size_bytes)
    return write_project(path / "project", {FILE: data}), data


def assert_landed(place: Place, data: bytes) -> None:
    """The file lies there byte by byte, recorded once, and nothing lies half-written."""
    assert raw_objects(place) == {KEY: data}
    [manifest] = manifests(place)
    [record] = manifest.objects
    assert (record.key, record.bytes) == (KEY, len(data))
    assert open_uploads(place) == []


# What passes


@pytest.mark.parametrize(
    ("network", "step", "fault"),
    [
        (server, step, fault)
        for server, faults in (("ceph", (FAILED, SLOW_DOWN, Reset(), LOST, Stall())), ("moto", (LOST,)))
        for step in STEPS
        for fault in faults
        if (step, fault) != (OPEN, LOST)  # nobody can know that upload; see below
    ],
    indirect=["network"],
    ids=named,
)
def test_a_fault_that_passes_is_tried_again(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step, fault: Fault
) -> None:
    folder, data = project_of(tmp_path, step.size_bytes)
    step.fail(network, fault)
    assert land(folder, place).status == "done"
    assert network.met == 1
    assert_landed(place, data)
    assert land(folder, place).status == "unchanged"


@pytest.mark.parametrize("step", [LIST, COMPLETE], ids=named)
def test_an_answer_that_breaks_off_is_asked_for_again(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step
) -> None:
    folder, data = project_of(tmp_path, step.size_bytes)
    step.fail(network, Truncate())
    assert land(folder, place).status == "done"
    assert_landed(place, data)


def test_a_manifest_that_breaks_off_is_read_again(tmp_path: Path, network: FaultyNetwork, place: Place) -> None:
    folder, data = project_of(tmp_path, SMALL)
    land(folder, place)
    forget_copies(folder)
    network.fail(Truncate(), "GET", "_manifests/land/2022")
    assert land(folder, place).status == "unchanged"
    assert network.met == 1
    assert_landed(place, data)


@only_on_ceph
def test_a_listing_of_many_pages_that_breaks_off_goes_on_where_it_stood(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder, _ = project_of(tmp_path, SMALL)
    _, lake, _ = folder.open(place)
    keys = [f"{PREFIX}/{number:04}.csv" for number in range(1003)]
    lake.put_all(dict.fromkeys(keys, b"x"), content_type="text/csv")
    network.fail(Truncate(), "GET", "list-type", first=2)
    assert sorted(lake.list_objects(PREFIX)) == keys
    assert network.met == 1


def test_a_service_that_is_slow_for_a_while_gets_every_file(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    files = {f"films/{number:02}.csv": content(SMALL, str(number)) for number in range(30)}
    folder = write_project(tmp_path / "project", files, source="films")
    network.fail(SLOW_DOWN, "PUT", "Raw/", first=5, times=25)
    assert land(folder, place, patience=None).status == "done"
    assert network.met == 25
    assert raw_objects(place) == {f"{PREFIX}/{name.removeprefix('films/')}": data for name, data in files.items()}


# Answers that were lost


def test_what_had_arrived_before_a_denial_in_a_new_bucket_is_not_sent_again(
    tmp_path: Path, network: FaultyNetwork
) -> None:
    """Another run is just making the bucket safe; Ceph, with versions, would keep what is sent twice as two."""
    files = {f"in/{number:03}.csv": content(SMALL, str(number)) for number in range(100)}
    folder = write_project(tmp_path / "project", files, source="in")
    place = network.place()
    make_bucket(place)
    network.fail(Answer(403, "AccessDenied"), "PUT", "/Raw/", first=40)
    assert land(folder, place).status == "done"
    sent = Counter(asked.key for asked in network.writes if asked.path.startswith(f"/{place.name}/Raw/"))
    assert len(sent) == len(files)
    assert sorted(sent.values())[-2:] == [1, 2], "only what was denied"


@pytest.mark.parametrize("step", [SMALL_PUT, MIDDLE_PUT, MANIFEST], ids=named)
def test_an_object_whose_answer_was_lost_is_known_for_our_own(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step
) -> None:
    folder, data = project_of(tmp_path, step.size_bytes)
    step.fail(network, LOST)
    land(folder, place)
    puts = [asked for asked in network.writes if step.part in asked.path]
    assert [asked.method for asked in puts] == ["PUT", "PUT"]
    assert len({asked.path for asked in puts}) == 1
    assert_landed(place, data)


@pytest.mark.parametrize("fault", [LOST, Answer(500, "InternalError", done=True)], ids=named)
def test_a_completion_whose_answer_was_lost_is_known_for_our_own_without_reading_it(
    tmp_path: Path, network: FaultyNetwork, place: Place, fault: Fault
) -> None:
    folder, data = project_of(tmp_path, LARGE)
    COMPLETE.fail(network, fault)
    land(folder, place)
    asked = [(each.method, each.query.partition("=")[0]) for each in network.log if each.key == KEY]
    assert asked.count(("POST", "uploads")) == 1
    assert asked.count(("POST", "uploadId")) == 2
    assert not [method for method, _ in asked if method == "GET"]
    assert_landed(place, data)


@pytest.mark.parametrize("whose", ["ours", "another run's"])
def test_a_completion_that_only_ever_fails_is_good_where_the_object_lies_there(
    tmp_path: Path, network: FaultyNetwork, place: Place, whose: str
) -> None:
    folder, data = project_of(tmp_path, LARGE)
    if whose == "ours":
        COMPLETE.fail(network, Answer(500, "InternalError", done=True), times=None)
    else:
        client = network.server.client()
        COMPLETE.fail(network, Do(lambda: client.put_object(Bucket=place.name, Key=KEY, Body=data)))
        COMPLETE.fail(network, FAILED, times=None)
    assert land(folder, place).status == "done"
    assert_landed(place, data)
    assert land(folder, place).status == "unchanged"


def test_an_object_that_appears_a_moment_after_its_completion_failed_is_good(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder, data = project_of(tmp_path, LARGE)
    client = network.server.client()
    COMPLETE.fail(network, Do(lambda: client.put_object(Bucket=place.name, Key=KEY, Body=data)))
    COMPLETE.fail(network, FAILED, times=None)
    network.fail(Answer(404, "NoSuchKey"), "GET", FILE)
    assert land(folder, place).status == "done"
    assert [each.method for each in network.log if each.key == KEY].count("GET") == 2
    assert_landed(place, data)


def test_a_completion_that_only_ever_fails_is_told_where_something_else_lies_there(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder, _ = project_of(tmp_path, LARGE)
    client = network.server.client()
    COMPLETE.fail(network, Do(lambda: client.put_object(Bucket=place.name, Key=KEY, Body=b"something else")))
    COMPLETE.fail(network, FAILED, times=None)
    with pytest.raises(ServiceError, match="the service failed"):
        land(folder, place)
    network.mend()
    assert raw_objects(place) == {KEY: b"something else"}
    assert manifests(place) == []
    assert open_uploads(place) == []


def test_an_upload_whose_opening_was_told_to_nobody_is_removed_by_the_next_landing(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder, data = project_of(tmp_path, LARGE)
    OPEN.fail(network, LOST)
    land(folder, place)
    assert open_uploads(place) == [KEY]
    assert land(folder, place).status == "unchanged"
    assert_landed(place, data)


# What lasts


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (FAILED, "the service failed"),
        (SLOW_DOWN, "the service "),
        (Reset(), "could not be reached"),
        (Stall(), "could not be reached"),
    ],
    ids=named,
)
@pytest.mark.parametrize("step", STEPS, ids=named)
@only_on_ceph
def test_a_fault_that_lasts_is_told_within_the_bound_and_leaves_nothing_torn(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step, fault: Fault, words: str
) -> None:
    folder, data = project_of(tmp_path, step.size_bytes)
    step.fail(network, fault, times=None)
    began = time.monotonic()
    with pytest.raises(ServiceError, match=words) as caught:
        land(folder, place)
    assert time.monotonic() - began < QUICK.bound_s + A_LITTLE_S
    assert place.name in caught.value.what
    assert "?" not in caught.value.what
    assert "again" in caught.value.hint
    network.mend()
    assert raw_objects(place) == ({} if step in (BUCKET, LIST, *OBJECT_STEPS) else {KEY: data})
    assert manifests(place) == []
    assert open_uploads(place) == []
    assert land(folder, place).status == "done"
    assert_landed(place, data)


def test_a_service_that_cannot_tell_its_open_uploads_is_landed_in_all_the_same(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder, data = project_of(tmp_path, SMALL)
    network.fail(FAILED, "GET", "uploads", without="list-type", times=None)
    assert land(folder, place).status == "done"
    network.mend()
    assert_landed(place, data)


@pytest.mark.parametrize("step", [SMALL_PUT, PART], ids=named)
@only_on_ceph
def test_the_program_says_in_words_that_the_service_fails(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step
) -> None:
    folder, _ = project_of(tmp_path, step.size_bytes)
    step.fail(network, SLOW_DOWN, times=None)
    told = refusal(folder, "land", "--date", DATE, code=5, place=place)
    assert f"{place.uri}/{KEY}: the service asks to slow down (SlowDown)" in told.what
    assert "run again later" in told.hint
    network.mend()
    assert raw_objects(place) == {}
    assert open_uploads(place) == []


def test_the_usual_patience_ends_within_minutes() -> None:
    assert 60 < Patience().bound_s < 10 * 60


# Somebody else


@pytest.mark.parametrize("step", [SMALL_PUT, MIDDLE_PUT, COMPLETE], ids=named)
def test_a_conflict_with_somebody_who_is_writing_too_is_tried_again(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step
) -> None:
    folder, data = project_of(tmp_path, step.size_bytes)
    step.fail(network, Answer(409, "ConditionalRequestConflict"))
    assert land(folder, place).status == "done"
    assert_landed(place, data)


def test_what_somebody_wrote_a_moment_after_us_is_left_alone(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder, _ = project_of(tmp_path, LARGE)
    client = network.server.client()
    COMPLETE.fail(network, Do(lambda: client.put_object(Bucket=place.name, Key=KEY, Body=b"theirs"), done=True))
    with pytest.raises(KeyTakenError):
        land(folder, place)
    assert "DELETE" not in [asked.method for asked in network.log]
    assert raw_objects(place) == {KEY: b"theirs"}
    assert manifests(place) == []


@pytest.mark.parametrize("step", [SMALL_PUT, MIDDLE_PUT, COMPLETE], ids=named)
def test_what_somebody_put_in_the_place_of_what_was_to_be_replaced_is_left_alone(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step
) -> None:
    if step is COMPLETE or network.server.name == "moto":
        pytest.skip("moto knows no If-Match on what is written, Ceph 16 none on a completion")
    folder, _ = project_of(tmp_path, step.size_bytes)
    land(folder, place)
    folder.path.joinpath(FILE).write_bytes(content(step.size_bytes, "changed"))
    client = network.server.client()
    step.fail(network, Do(lambda: client.put_object(Bucket=place.name, Key=KEY, Body=b"theirs")))
    project = folder.load(place)
    lake = Lake.open(project, patience=QUICK)
    with pytest.raises(ReplacedMeanwhileError):
        land_files(project, lake, Run.start(parse_date(DATE)), LandOptions(replace=True))
    assert raw_objects(place) == {KEY: b"theirs"}


def test_a_small_object_whose_answer_proves_nothing_is_held_against_the_listing(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder, _ = project_of(tmp_path, SMALL)
    client = network.server.client()
    network.fail(Tell("ETag", '"of-parts-2"'), "PUT", FILE)
    network.fail(Do(lambda: client.put_object(Bucket=place.name, Key=KEY, Body=b"theirs"), done=True), "PUT", FILE)
    with pytest.raises(CinelakeError, match="is not what was sent"):
        land(folder, place)
    assert manifests(place) == []


def test_what_arrived_before_a_denial_is_held_against_the_listing_too(tmp_path: Path, network: FaultyNetwork) -> None:
    folder, _ = project_of(tmp_path, SMALL)
    place = network.place()
    make_bucket(place)
    client = network.server.client()
    network.fail(Tell("ETag", '"of-parts-2"'), "PUT", FILE)
    network.fail(Do(lambda: client.put_object(Bucket=place.name, Key=KEY, Body=b"theirs"), done=True), "PUT", FILE)
    network.fail(Answer(403, "AccessDenied"), "GET", "Raw", first=2)  # the listing that confirms
    with pytest.raises(CinelakeError, match="is not what was sent"):
        land(folder, place)
    assert manifests(place) == []


# What arrives damaged


TRUE = TellChecksum()
"""A service that keeps what arrived, and tells the checksum of that."""


@pytest.mark.parametrize("told", [None, TRUE], ids=["checks nothing", "tells what arrived"])
@pytest.mark.parametrize("step", [SMALL_PUT, MIDDLE_PUT, PART, MANIFEST], ids=named)
def test_a_byte_that_changed_on_its_way_is_found_and_sent_again(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step, told: Fault | None
) -> None:
    folder, data = project_of(tmp_path, step.size_bytes)
    step.fail(network, Flip())
    if told is not None:
        step.fail(network, told, times=None)
    assert land(folder, place).status == "done"
    assert_landed(place, data)


@pytest.mark.parametrize("step", [SMALL_PUT, MIDDLE_PUT, PART], ids=named)
def test_bytes_that_always_change_on_their_way_never_count_as_uploaded(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step
) -> None:
    folder, data = project_of(tmp_path, step.size_bytes)
    step.fail(network, Flip(), times=None)
    told = refusal(folder, "land", "--date", DATE, code=5, place=place)
    assert "uploaded" not in told.words
    assert f"{place.uri}/{KEY}" in told.what
    network.mend()
    assert raw_objects(place) == {}
    assert open_uploads(place) == []
    assert manifests(place) == []
    land(folder, place)
    assert_landed(place, data)


@only_on_moto
def test_a_damaged_version_is_removed_and_the_one_before_it_stays(tmp_path: Path, network: FaultyNetwork) -> None:
    """Ceph takes nothing that does not fit its signature."""
    network.forget()
    with emptied(network.place()) as place:
        make_bucket(place, versions=True)
        folder, before = project_of(tmp_path, SMALL)
        land(folder, place)
        folder.path.joinpath(FILE).write_bytes(content(SMALL, "changed"))
        SMALL_PUT.fail(network, Flip(), times=None)
        with pytest.raises(DamagedError):
            land(folder, place)
        network.mend()
        assert list(versions(place, KEY).values()) == [before]
        assert raw_objects(place) == {KEY: before}


@pytest.mark.parametrize(
    ("step", "header"),
    [(MIDDLE_PUT, CHECKSUM), (PART, CHECKSUM), (PART, "ETag"), (CONFIRM, CHECKSUM)],
    ids=named,
)
def test_a_service_that_always_tells_another_checksum_is_not_believed(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step, header: str
) -> None:
    folder, _ = project_of(tmp_path, step.size_bytes)
    wrong = "AAAAAAAAAAA=" if header == CHECKSUM else f'"{"0" * 32}"'
    network.fail(Tell(header, wrong), step.method, step.part, times=None)
    with pytest.raises(DamagedError, match=r"did not arrive as it was sent|is not what was sent"):
        land(folder, place)
    network.mend()
    assert raw_objects(place) == {}
    assert open_uploads(place) == []
    assert manifests(place) == []


@pytest.mark.parametrize("step", [MIDDLE_PUT, PART], ids=named)
def test_a_checksum_that_was_told_wrongly_once_is_asked_for_again(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step
) -> None:
    folder, data = project_of(tmp_path, step.size_bytes)
    step.fail(network, Tell(CHECKSUM, "AAAAAAAAAAA="))
    assert land(folder, place).status == "done"
    assert_landed(place, data)


@pytest.mark.parametrize("step", [SMALL_PUT, MIDDLE_PUT], ids=named)
def test_an_object_whose_tag_is_none_of_its_content_is_read_to_be_sure(
    tmp_path: Path, network: FaultyNetwork, place: Place, step: Step
) -> None:
    """As where a service encrypts it; the reading breaks off once, too."""
    folder, data = project_of(tmp_path, step.size_bytes)
    step.fail(network, Tell("ETag", f'"{"0" * 32}"'), times=None)
    network.fail(Truncate(), "GET", FILE)
    assert land(folder, place).status == "done"
    assert [asked.method for asked in network.log if asked.key == KEY] == ["PUT", "HEAD", "GET", "GET"]
    assert raw_objects(place) == {KEY: data}


def test_a_part_of_which_an_answer_tells_nothing_is_sent_again_with_its_md5(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    """As where a service encrypts it and keeps no checksums."""
    folder, data = project_of(tmp_path, LARGE)
    network.fail(Tell(CHECKSUM, None), "PUT", "partNumber", times=None)
    network.fail(Tell("ETag", '"of-a-part"'), "PUT", "partNumber=1", times=1)
    assert land(folder, place).status == "done"
    assert_landed(place, data)
    assert len([asked for asked in network.log if "partNumber=1" in asked.query]) == 2


# What is asked


def test_a_manifest_is_not_read_again_by_whom_has_its_very_bytes(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder, _ = project_of(tmp_path, SMALL)
    manifest = land(folder, place).manifest

    def reads() -> int:
        """How often a landing with nothing to do asks for the manifest."""
        before = len(network.log)
        assert (landed := land(folder, place)).status == "unchanged"
        assert landed.manifest == manifest
        return sum(asked.key == manifest for asked in network.log[before:])

    assert reads() == 0
    for copy in (folder.load(place).work_directory / "copies").iterdir():
        copy.write_bytes(b"spoilt")
    assert [reads(), reads()] == [1, 0]
    forget_copies(folder)
    assert [reads(), reads()] == [1, 0]


def test_a_manifest_that_was_altered_is_read_as_it_lies_there(
    tmp_path: Path, network: FaultyNetwork, place: Place
) -> None:
    folder, _ = project_of(tmp_path, SMALL)
    manifest = land(folder, place).manifest
    assert manifest is not None
    place.overwrite(manifest, b"{}")
    with pytest.raises(DataError, match=f"manifest {manifest} cannot be read"):
        land(folder, place)


def test_verify_reads_every_manifest_in_the_lake(tmp_path: Path, network: FaultyNetwork, place: Place) -> None:
    folder, _ = project_of(tmp_path, SMALL)
    manifest = land(folder, place).manifest
    before = len(network.log)
    assert verify_lake(*folder.open(place)).status == "done"
    assert [asked.method for asked in network.log[before:] if asked.key == manifest] == ["GET"]


@pytest.mark.parametrize("size", SIZES)
def test_a_bucket_that_is_there_is_sent_no_write_but_the_objects_and_the_manifest(
    tmp_path: Path, network: FaultyNetwork, place: Place, size: str
) -> None:
    folder, data = project_of(tmp_path, SIZES[size])
    landed = land(folder, place, dry_run=True)
    assert (landed.status, network.writes) == ("planned", [])
    landed = land(folder, place)
    *of_object, of_manifest = network.writes
    assert {(asked.key, asked.method) for asked in of_object} <= {(KEY, "PUT"), (KEY, "POST")}
    assert (of_manifest.key, of_manifest.method) == (landed.manifest, "PUT")
    before = len(network.writes)
    assert land(folder, place).status == "unchanged"
    assert land(folder, place, dry_run=True).status == "planned"
    assert len(network.writes) == before
    assert_landed(place, data)
