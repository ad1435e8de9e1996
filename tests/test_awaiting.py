"""One worker waits for the shares of others, and goes on when every file is there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cinelake import (
    CinelakeError,
    ConfigurationError,
    Event,
    LandOptions,
    LandResult,
    Shard,
    await_shards,
    land_files,
)
from projects import DATE, SERIES_HEADER, SMALL_MOVIES, SMALL_SERIES, Place, ProjectFolder

FILES = 12
SHARDS = 3


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
    result = await_shards(*files.open(place), on_event, look_s=0)
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

    await_shards(*files.open(place), on_event, look_s=0)
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
    result = await_shards(*files.open(), on_event, look_s=0)
    assert len(told) >= 2
    [object_] = [each for each in result.objects if each.source == "in/05.csv"]
    assert Path(files.path, "lake", object_.record.key).read_bytes() == changed.read_bytes()


def test_landings_of_another_date_do_not_count(files: ProjectFolder) -> None:
    project, lake, run = files.open(date="2022-05-01")
    land_files(project, lake, run)
    with pytest.raises(CinelakeError, match=r"13 files have not been landed by other workers, such as in/00\.csv"):
        await_shards(*files.open(date=DATE), look_s=0, news_s=0)


def test_it_gives_up_where_nothing_comes(files: ProjectFolder) -> None:
    shares = [land_share(files, index) for index in range(1, SHARDS)]
    left = FILES + 1 - sum(len(share.objects) for share in shares)
    with pytest.raises(CinelakeError) as caught:
        await_shards(*files.open(), look_s=0, news_s=0)
    assert caught.value.what.startswith(f"{left} file")
    assert caught.value.what.endswith("and for 0 s nothing came")
    assert caught.value.hint == "see why they ended, or run without --after-shards, which lands what is missing"


def test_a_file_that_is_missing_here_is_told_at_once(files: ProjectFolder) -> None:
    files.path.joinpath("series.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"series\.csv is missing"):
        await_shards(*files.open(), look_s=0, news_s=0)


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
