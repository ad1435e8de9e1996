"""Local files → Raw: whole, unchanged, once, on every kind of store."""

import hashlib
import json
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cinelake import CinelakeError, LandOptions, LandResult, land_files
from cinelake.lake import Event, silent
from cinelake.lake.manifests import Manifest
from cinelake.land.plan import FoundFile, PlannedObject
from cinelake.land.send import send_files
from projects import SMALL_MOVIES, Place, ProjectFolder

MOVIES = "Raw/Local/CSV/Movies/2022/05/02/movies.csv"
SERIES = "Raw/Local/CSV/Series/2022/05/02/series.csv"
LARGE_BYTES = 20 << 20


def land(folder: ProjectFolder, place: Place, *, replace: bool = False, dry_run: bool = False) -> LandResult:
    return land_files(*folder.open(place), LandOptions(dry_run=dry_run, replace=replace))


def actions(result: LandResult) -> list[str]:
    return [landed.action for landed in result.objects]


def manifest_of(place: Place, result: LandResult) -> Manifest:
    assert result.manifest is not None
    return Manifest.model_validate_json(place.objects()[result.manifest])


def remove(place: Place, key: str) -> None:
    """Removes an object behind cinelake's back."""
    if place.server is None:
        Path(place.name, key).unlink()
    else:
        place.server.client().delete_object(Bucket=place.name, Key=key)


def make_bucket(place: Place, *, versions: bool = False) -> None:
    """A bucket that was there before cinelake."""
    assert place.server is not None
    client = place.server.client()
    client.create_bucket(Bucket=place.name)
    if versions:
        client.put_bucket_versioning(Bucket=place.name, VersioningConfiguration={"Status": "Enabled"})


def change_movies(folder: ProjectFolder) -> tuple[bytes, bytes]:
    """Adds a row; returns the file as it was and as it is."""
    path = folder.path / "movies.csv"
    before = path.read_bytes()
    folder.write_csv("movies.csv", [*SMALL_MOVIES, SMALL_MOVIES[0]])
    return before, path.read_bytes()


def large_file(path: Path, seed: int = 1) -> bytes:
    data = hashlib.shake_128(bytes([seed])).digest(LARGE_BYTES + 7)
    path.write_bytes(data)
    return data


# A changed file


def test_a_changed_file_is_refused_by_a_bucket_without_versions(folder: ProjectFolder, bucket_place: Place) -> None:
    make_bucket(bucket_place)
    land(folder, bucket_place)
    objects = bucket_place.objects()
    change_movies(folder)
    with pytest.raises(CinelakeError, match=f"movies.csv changed since it was landed at {MOVIES}") as caught:
        land(folder, bucket_place)
    assert "--replace" in caught.value.hint
    assert bucket_place.objects() == objects


def test_a_changed_file_replaces_its_object_where_replace_is_given(folder: ProjectFolder, bucket_place: Place) -> None:
    make_bucket(bucket_place)
    land(folder, bucket_place)
    _, changed = change_movies(folder)
    result = land(folder, bucket_place, replace=True)
    assert actions(result) == ["replaced", "unchanged"]
    assert bucket_place.objects()[MOVIES] == changed
    assert land(folder, bucket_place).status == "unchanged"


@pytest.mark.parametrize("server", ["moto", "ceph"])
def test_a_changed_file_is_a_new_version_where_versions_are_kept(
    folder: ProjectFolder, server: str, request: pytest.FixtureRequest
) -> None:
    place = Place.on(request.getfixturevalue(server))
    make_bucket(place, versions=True)
    first = land(folder, place)
    before, changed = change_movies(folder)
    second = land(folder, place)
    assert actions(second) == ["replaced", "unchanged"]
    versions = [landed.record.version_id for result in (first, second) for landed in result.objects[:1]]
    assert place.server is not None
    client = place.server.client()
    bodies = [
        client.get_object(Bucket=place.name, Key=MOVIES, VersionId=version or "")["Body"].read() for version in versions
    ]
    assert bodies == [before, changed]
    assert manifest_of(place, second).detail["replaced"][MOVIES]["sha256"] == hashlib.sha256(before).hexdigest()


def test_a_changed_file_leaves_the_old_one_aside_in_a_folder(folder: ProjectFolder, tmp_path: Path) -> None:
    place = Place.in_folder(tmp_path / "lake")
    land(folder, place)
    before, changed = change_movies(folder)
    result = land(folder, place)
    kept = f"_replaced/{MOVIES}/{hashlib.sha256(before).hexdigest()}"
    assert actions(result) == ["replaced", "unchanged"]
    assert {key: data for key, data in place.objects().items() if "movies" in key} == {MOVIES: changed, kept: before}
    assert manifest_of(place, result).detail["replaced"][MOVIES]["kept_as"] == kept


def test_every_file_that_was_replaced_stays(folder: ProjectFolder, tmp_path: Path) -> None:
    place = Place.in_folder(tmp_path / "lake")
    contents = []
    for rows in (SMALL_MOVIES, SMALL_MOVIES[:1], SMALL_MOVIES[:2], SMALL_MOVIES, SMALL_MOVIES[:1]):
        contents.append(folder.write_csv("movies.csv", rows).read_bytes())
        land(folder, place)
    assert {data for key, data in place.objects().items() if "movies" in key} == set(contents)


@pytest.mark.parametrize("size_bytes", [4, LARGE_BYTES], ids=["small", "large"])
@pytest.mark.parametrize("change", ["grown", "overwritten", "cut", "replaced", "gone"])
def test_a_source_that_changes_while_it_is_read_leaves_no_object(
    folder: ProjectFolder, place: Place, size_bytes: int, change: str
) -> None:
    land(folder, place)
    project, lake, _ = folder.open(place)
    path = project.directory / "changing.csv"
    path.write_bytes(b"a" * size_bytes)

    def change_it(_count: int) -> None:
        match change:
            case "grown":
                with path.open("ab") as file:
                    file.write(b"a")
            case "overwritten":
                times = path.stat()
                with path.open("r+b") as file:
                    file.write(uuid.uuid4().bytes[:size_bytes])  # other bytes at every look
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # its clock tells nothing
            case "cut":
                os.truncate(path, size_bytes // 2)
            case "replaced":
                fresh = path.with_name(f"fresh-{uuid.uuid4().hex}.csv")  # parts are sent by several threads
                fresh.write_bytes(b"c" * size_bytes)
                fresh.replace(path)
            case "gone":
                path.unlink(missing_ok=True)

    with pytest.raises(CinelakeError, match=r"changing\.csv changed while it was being read; nothing was written"):
        lake.put_file("Raw/x/x.csv", path, content_type="text/csv", on_bytes=change_it)
    assert not [key for key in place.objects() if key.startswith(("Raw/x", "_staging"))]
    assert open_uploads(place) == []


def test_a_source_that_is_touched_but_not_changed_is_landed(folder: ProjectFolder, place: Place) -> None:
    land(folder, place)
    project, lake, _ = folder.open(place)
    data = large_file(project.directory / "touched.csv")

    def touch(_count: int) -> None:
        os.utime(project.directory / "touched.csv")

    lake.put_file("Raw/x/x.csv", project.directory / "touched.csv", content_type="text/csv", on_bytes=touch)
    assert place.objects()["Raw/x/x.csv"] == data


def open_uploads(place: Place) -> list[Any]:
    if place.server is None:
        return list(Path(place.name).rglob("*#*"))
    client = place.server.client()
    try:
        return list(client.list_multipart_uploads(Bucket=place.name).get("Uploads", []))
    except client.exceptions.NoSuchUpload:
        return []  # as rclone says it


# Many files


def planned_file(number: int, size_bytes: int) -> PlannedObject:
    return PlannedObject(FoundFile(f"{number}.csv", f"Raw/x/{number:04}.csv", size_bytes), "upload")


@pytest.mark.parametrize("files", [1, 33, 400])
def test_many_small_files_all_arrive_as_they_are(folder: ProjectFolder, place: Place, files: int) -> None:
    land(folder, place)
    project, lake, _ = folder.open(place)
    contents = [hashlib.shake_128(str(number).encode()).digest(1 + number * 7) for number in range(files)]
    paths = [project.directory / f"{number}.csv" for number in range(files)]
    for path, data in zip(paths, contents, strict=True):
        path.write_bytes(data)
    events: list[Event] = []
    planned = [planned_file(number, len(data)) for number, data in enumerate(contents)]
    records = send_files(lake, planned, [str(path) for path in paths], events.append)
    sent = {key: data for key, data in place.objects().items() if key.startswith("Raw/x/")}
    assert sent == {each.file.key: data for each, data in zip(planned, contents, strict=True)}
    assert {key: record.sha256 for key, record in records.items()} == {
        key: hashlib.sha256(data).hexdigest() for key, data in sent.items()
    }
    assert (events[-1].done, events[-1].total) == (sum(map(len, contents)),) * 2
    assert events[-1].items == ()


def test_a_file_that_grew_since_it_was_listed_is_sent_in_parts(folder: ProjectFolder, place: Place) -> None:
    land(folder, place)
    project, lake, _ = folder.open(place)
    data = large_file(project.directory / "0.csv")
    records = send_files(lake, [planned_file(0, 5)], [str(project.directory / "0.csv")], silent)
    assert place.objects()["Raw/x/0000.csv"] == data
    assert records["Raw/x/0000.csv"].bytes == len(data)


def test_the_first_of_many_files_that_fails_ends_the_rest(folder: ProjectFolder, place: Place) -> None:
    land(folder, place)
    project, lake, _ = folder.open(place)
    path = project.directory / "same.csv"
    path.write_bytes(b"same")
    planned = [planned_file(number, 4) for number in range(3000)]
    paths = [str(path if number != 70 else project.directory / "gone.csv") for number in range(3000)]
    with pytest.raises(CinelakeError, match=r"gone\.csv cannot be read any more"):
        send_files(lake, planned, paths, silent)
    sent = [key for key in place.objects() if key.startswith("Raw/x/")]
    assert len(sent) < 1000


# Two at once


def demand_conditions(place: Place, *, in_parts: bool) -> None:
    if place.server and (place.server.name == "rclone" or in_parts):
        pytest.skip("rclone knows no conditions, Ceph 16 none on a multipart upload, and moto's takes two steps")
    if place.server:
        make_bucket(place)  # without versions: where it keeps them, Ceph 16 knows no conditions either


@pytest.mark.parametrize(
    ("writers", "size_bytes"), [(8, 1000), (8, 3 << 20), (3, LARGE_BYTES)], ids=["small", "middle", "large"]
)
def test_of_many_that_write_a_key_at_once_one_wins_whole(
    folder: ProjectFolder, place: Place, writers: int, size_bytes: int
) -> None:
    demand_conditions(place, in_parts=size_bytes == LARGE_BYTES)
    land(folder, place)
    project, lake, _ = folder.open(place)
    contents = [hashlib.shake_128(bytes([number])).digest(size_bytes) for number in range(writers)]
    for number, data in enumerate(contents):
        project.directory.joinpath(f"{number}.csv").write_bytes(data)

    def write(number: int) -> bytes | str:
        try:
            lake.put_file("Raw/x/x.csv", project.directory / f"{number}.csv", content_type="text/csv")
        except CinelakeError as error:
            return error.what
        return contents[number]

    with ThreadPoolExecutor(writers) as pool:
        ended = list(pool.map(write, range(writers)))
    won = [hashlib.sha256(each).hexdigest() for each in ended if isinstance(each, bytes)]
    assert won == [hashlib.sha256(place.objects()["Raw/x/x.csv"]).hexdigest()]
    assert all("is there already" in each for each in ended if isinstance(each, str))


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_key_that_another_landing_took_is_left_alone(folder: ProjectFolder, place: Place, size: str) -> None:
    if size == "small":
        demand_conditions(place, in_parts=False)
    land(folder, place)
    project, lake, _ = folder.open(place)
    path = project.directory / "mine.csv"
    data = large_file(path) if size == "large" else b"mine"
    path.write_bytes(data)
    place.overwrite(SERIES, b"theirs")
    with pytest.raises(CinelakeError, match=f"{SERIES} is there already, with other content"):
        lake.put_file(SERIES, path, content_type="text/csv")
    assert place.objects()[SERIES] == b"theirs"


# Killed, tampered, touched


def test_a_run_killed_before_its_manifest_is_finished_without_sending_again(
    folder: ProjectFolder, place: Place
) -> None:
    killed = land(folder, place)
    assert killed.manifest is not None
    remove(place, killed.manifest)
    again = land(folder, place)
    assert (again.status, actions(again)) == ("done", ["unchanged", "unchanged"])
    assert {record.key: record.sha256 for record in manifest_of(place, again).objects} == {
        key: hashlib.sha256(place.objects()[key]).hexdigest() for key in (MOVIES, SERIES)
    }
    assert land(folder, place).status == "unchanged"


def test_a_run_killed_between_two_files_sends_the_other(folder: ProjectFolder, place: Place) -> None:
    killed = land(folder, place)
    assert killed.manifest is not None
    remove(place, killed.manifest)
    remove(place, SERIES)
    assert actions(land(folder, place)) == ["unchanged", "uploaded"]


def test_an_object_that_somebody_removed_is_sent_again(folder: ProjectFolder, place: Place) -> None:
    first = land(folder, place)
    remove(place, MOVIES)
    again = land(folder, place)
    assert actions(again) == ["uploaded", "unchanged"]
    assert again.status == "done"
    assert again.manifest not in (None, first.manifest)
    assert place.objects()[MOVIES] == folder.path.joinpath("movies.csv").read_bytes()


def test_an_object_of_another_size_is_put_right(folder: ProjectFolder, place: Place) -> None:
    land(folder, place)
    place.overwrite(MOVIES, b"tampered")
    again = land(folder, place, replace=True)
    assert actions(again) == ["replaced", "unchanged"]
    assert again.manifest is not None
    replaced = json.loads(place.objects()[again.manifest])["detail"]["replaced"]
    assert replaced[MOVIES]["sha256"] == hashlib.sha256(b"tampered").hexdigest()
    assert place.objects()[MOVIES] == folder.path.joinpath("movies.csv").read_bytes()


def test_an_object_of_the_same_size_and_another_content_is_put_right(
    folder: ProjectFolder, bucket_place: Place
) -> None:
    land(folder, bucket_place)
    data = folder.path.joinpath("movies.csv").read_bytes()
    bucket_place.overwrite(MOVIES, data[:-2] + b"x\n")
    assert actions(land(folder, bucket_place, replace=True)) == ["replaced", "unchanged"]
    assert bucket_place.objects()[MOVIES] == data


def test_a_file_that_was_only_touched_is_not_sent(folder: ProjectFolder, place: Place) -> None:
    land(folder, place)
    before = place.objects()
    os.utime(folder.path / "movies.csv")
    result = land(folder, place)
    assert (result.status, actions(result)) == ("unchanged", ["unchanged", "unchanged"])
    assert place.objects() == before
