"""One worker waits for the shares of others, and goes on when every file is there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cinelake import (
    AccessError,
    CinelakeError,
    ConfigurationError,
    Event,
    LandOptions,
    LandResult,
    Shard,
    await_shards,
    land_files,
)
from faulty import Answer, FaultyNetwork, faulty_network
from projects import DATE, SERIES_HEADER, SMALL_MOVIES, SMALL_SERIES, Place, ProjectFolder, S3Server

FILES = 12
SHARDS = 3


@dataclass
class Clock:
    """Time that passes only while somebody waits, and as events take it to."""

    now: float = 0
    waited: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        """As `time` has it."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self.waited.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """That of the waiting."""
    clock = Clock()
    monkeypatch.setattr("cinelake.land.awaiting.time", clock)
    return clock


@pytest.fixture
def network(moto: S3Server) -> Iterator[FaultyNetwork]:
    """moto behind a proxy."""
    with faulty_network(moto) as network:
        yield network


@pytest.fixture
def files(folder: ProjectFolder) -> ProjectFolder:
    """A dozen files of films in one folder, and a file of series."""
    folder.path.joinpath("in").mkdir()
    for number in range(FILES):
        folder.write_csv(f"in/{number:02}.csv", [SMALL_MOVIES[0].replace("tt99000001", f"tt990001{number:02}")])
    folder.write_csv("series.csv", SMALL_SERIES, header=SERIES_HEADER)
    folder.path.joinpath("lake.toml").write_text(
        '[[source]]\ndataset = "Movies"\npath = "in"\n[[source]]\ndataset = "Series"\npath = "series.csv"\n'
        '[tmdb]\nsource = "off"\n'
    )
    return folder


def land_share(files: ProjectFolder, index: int, place: Place | None = None) -> LandResult:
    """What one worker does."""
    return land_files(*files.open(place), LandOptions(shard=Shard.parse(f"{index}/{SHARDS}")))


def landing_at_each_event(files: ProjectFolder, place: Place | None = None) -> tuple[list[Event], Callable[..., None]]:
    """Something to tell events, at each of which one more worker lands its share."""
    told: list[Event] = []
    shares: Iterator[int] = iter(range(1, SHARDS + 1))

    def on_event(event: Event) -> None:
        told.append(event)
        if (index := next(shares, None)) is not None:
            land_share(files, index, place)

    return told, on_event


def test_it_ends_once_every_share_is_landed(files: ProjectFolder, place: Place) -> None:
    told, on_event = landing_at_each_event(files, place)
    result = await_shards(*files.open(place), on_event)
    assert result.status == "unchanged"
    assert [each.source for each in result.objects] == [
        *(f"in/{number:02}.csv" for number in range(FILES)),
        "series.csv",
    ]
    assert {each.action for each in result.objects} == {"unchanged"}
    done = [event.done for event in told]
    assert done[0] == 0, "there is no lake yet"
    assert sorted(set(done)) == done
    assert (done[-1], told[-1].total) == (FILES + 1, FILES + 1)
    assert len(done) == 1 + SHARDS
    again = land_files(*files.open(place))
    assert {each.action for each in again.objects} == {"unchanged"}, "nothing of it was made up"


def test_objects_without_the_manifest_of_their_share_do_not_count(files: ProjectFolder, place: Place) -> None:
    results = [land_share(files, index, place) for index in range(1, SHARDS + 1)]
    remove(place, str(results[-1].manifest))
    told: list[Event] = []

    def on_event(event: Event) -> None:
        told.append(event)
        if len(told) == 1:
            land_share(files, SHARDS, place)

    await_shards(*files.open(place), on_event)
    assert [event.done for event in told] == [FILES + 1, FILES + 1], "all objects are there, and it waits"


def remove(place: Place, key: str) -> None:
    """Removes an object behind cinelake's back, as if its writer had been killed before it."""
    if place.server is None:
        Path(place.name, key).unlink()
    else:
        place.server.client().delete_object(Bucket=place.name, Key=key)


def test_a_file_that_changed_since_is_awaited(files: ProjectFolder) -> None:
    """The manifests of the morning name every file, but one of them is another now, of the same size."""
    for index in range(1, SHARDS + 1):
        land_share(files, index)
    changed = files.path / "in" / "05.csv"
    changed.write_bytes(changed.read_bytes().replace(b"One|One", b"Uno|Uno"))
    told, on_event = landing_at_each_event(files)
    result = await_shards(*files.open(), on_event)
    assert len(told) >= 2
    [object_] = [each for each in result.objects if each.source == "in/05.csv"]
    assert Path(files.path, "lake", object_.record.key).read_bytes() == changed.read_bytes()


def test_landings_of_another_date_do_not_count(files: ProjectFolder) -> None:
    project, lake, run = files.open(date="2022-05-01")
    land_files(project, lake, run)
    with pytest.raises(CinelakeError, match="13 files have not been landed for 2022-05-02 by other workers"):
        await_shards(*files.open(date=DATE), news_s=0)


def test_it_gives_up_where_nothing_comes(files: ProjectFolder) -> None:
    shares = [land_share(files, index) for index in range(1, SHARDS)]
    left = FILES + 1 - sum(len(share.objects) for share in shares)
    with pytest.raises(CinelakeError) as caught:
        await_shards(*files.open(), news_s=0)
    assert caught.value.what.startswith(f"{left} file")
    assert caught.value.what.endswith("and for 0 s nothing came")
    assert caught.value.hint == (
        "see why they ended, and give all the same --date; without --after-shards run lands what is missing"
    )


def test_news_begin_the_waiting_anew(files: ProjectFolder, clock: Clock) -> None:
    """Each share takes fifty minutes, and all of them longer than nothing is waited for."""
    told, land_next = landing_at_each_event(files)

    def on_event(event: Event) -> None:
        clock.now += 3000
        land_next(event)

    await_shards(*files.open(), on_event)
    assert clock.now >= 9000
    assert len(told) == 1 + SHARDS


def test_between_two_looks_it_waits(files: ProjectFolder, clock: Clock) -> None:
    with pytest.raises(CinelakeError, match="for 3,600 s nothing came"):
        await_shards(*files.open())
    assert 3600 <= clock.now < 3700
    assert set(clock.waited) == {2.0}


def test_shares_that_land_anew_take_the_place_of_a_whole_landing(files: ProjectFolder) -> None:
    """Tables would be built of the shares that are there, so all of them are awaited."""
    land_files(*files.open())
    land_share(files, 1)
    with pytest.raises(CinelakeError, match="have not been landed"):
        await_shards(*files.open(), news_s=0)
    land_share(files, 2)
    land_share(files, 3)
    assert await_shards(*files.open(), news_s=0).status == "unchanged"


def test_a_bucket_that_denies_all_while_it_is_made_is_asked_again(files: ProjectFolder, network: FaultyNetwork) -> None:
    place = network.place()
    for index in range(1, SHARDS + 1):
        land_share(files, index, place)
    network.forget()
    network.fail(Answer(403, "AccessDenied"), "GET", times=3)
    assert await_shards(*files.open(place)).status == "unchanged"
    assert network.met == 3


def test_a_bucket_that_goes_on_denying_is_told(files: ProjectFolder, network: FaultyNetwork, clock: Clock) -> None:
    place = network.place()
    land_share(files, 1, place)
    network.fail(Answer(403, "AccessDenied"), "GET", times=None)
    with pytest.raises(AccessError):
        await_shards(*files.open(place))
    assert 20 <= clock.now < 30


@pytest.mark.parametrize("option", ["--dry-run", "--replace", "--no-create-bucket"])
def test_what_says_nothing_of_waiting_is_refused(files: ProjectFolder, option: str) -> None:
    refused = files.cinelake("run", "--after-shards", option)
    assert refused.returncode == 2
    assert "--after-shards lands nothing" in refused.stderr


def test_a_file_that_is_missing_here_is_told_at_once(files: ProjectFolder) -> None:
    files.path.joinpath("series.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"series\.csv is missing"):
        await_shards(*files.open(), news_s=0)


def test_the_program_goes_on_after_the_shares(files: ProjectFolder) -> None:
    for index in (1, 2):
        shared = files.cinelake("land", "--date", DATE, "--shard", f"{index}/2")
        assert shared.returncode == 0, shared.stderr
    before = {path: path.stat().st_mtime_ns for path in files.path.joinpath("lake", "Raw").rglob("*.csv")}
    document = files.document("run", "--after-shards", "--date", DATE)
    assert document["stages"][0]["stage"] == "land"
    assert document["stages"][0]["status"] == "unchanged"
    assert [stage["stage"] for stage in document["stages"]] == ["land", "enrich", "build", "ask", "report"]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    landings = list(files.path.joinpath("lake", "_manifests", "land").rglob("*.json"))
    assert len(landings) == 2, "it lands nothing itself"
