"""Landings at once, in processes of their own: of the same files, and of different ones for the same keys."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from cinelake import land_files, verify_lake
from projects import PROGRAM, Place, ProjectFolder

MOVIES = "Raw/Local/CSV/Movies/2022/05/02/movies.csv"
LARGE_BYTES = 9 << 20


def land_at_once(folders: list[ProjectFolder], place: Place) -> list[tuple[int, str]]:
    """Starts a landing in each project folder before the first has ended; returns their codes and words."""
    command = [PROGRAM, "land", "--lake", place.uri, "--date", "2022-05-02", "--quiet"]
    environment = {**os.environ, **place.variables}
    processes = [
        subprocess.Popen(
            command, cwd=folder.path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for folder in folders
    ]
    words = [process.communicate(timeout=200)[1] for process in processes]
    return [(process.returncode, told) for process, told in zip(processes, words, strict=True)]


@pytest.mark.parametrize("landings", [2, 8])
def test_landings_of_the_same_files_at_once_all_succeed(folder: ProjectFolder, place: Place, landings: int) -> None:
    data = hashlib.shake_128(b"large").digest(LARGE_BYTES)
    folder.path.joinpath("movies.csv").write_bytes(data)
    ended = land_at_once([folder] * landings, place)
    assert [code for code, _ in ended] == [0] * landings, "\n".join(t for _, t in ended)
    assert place.objects()[MOVIES] == data
    assert [check for check in verify_lake(*folder.open(place)).checks if not check.ok] == []
    assert land_files(*folder.open(place)).status == "unchanged"


@pytest.mark.parametrize("landings", [2, 8])
def test_different_files_for_one_key_of_a_folder_are_all_kept(tmp_path: Path, landings: int) -> None:
    place = Place.in_folder(tmp_path / "lake")
    folders = different(tmp_path, landings)
    ended = land_at_once(folders, place)
    objects = place.objects()
    kept = {data for key, data in objects.items() if key == MOVIES or key.startswith(f"_replaced/{MOVIES}/")}
    landed = {
        folder.path.joinpath("movies.csv").read_bytes()
        for folder, (code, _) in zip(folders, ended, strict=True)
        if code == 0
    }
    assert landed == kept
    assert all("by another run" in told or "is there already" in told for code, told in ended if code)
    for key, data in objects.items():
        if key.startswith("_replaced/"):
            assert key.endswith(hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("server", ["moto", "ceph"])
def test_different_files_for_one_key_of_a_bucket_are_all_versions(
    tmp_path: Path, server: str, request: pytest.FixtureRequest
) -> None:
    place = Place.on(request.getfixturevalue(server))
    folders = different(tmp_path, 8)
    folders[0].open(place)[1].make()
    ended = land_at_once(folders, place)
    assert place.server is not None
    client = place.server.client()
    versions = client.list_object_versions(Bucket=place.name, Prefix=MOVIES)["Versions"]
    bodies = {
        client.get_object(Bucket=place.name, Key=MOVIES, VersionId=each["VersionId"])["Body"].read()
        for each in versions
    }
    landed = {
        folder.path.joinpath("movies.csv").read_bytes()
        for folder, (code, _) in zip(folders, ended, strict=True)
        if code == 0
    }
    assert landed
    assert landed <= bodies


def different(tmp_path: Path, count: int) -> list[ProjectFolder]:
    """Projects whose files have the same names and other content."""
    folders = []
    for number in range(count):
        folder = ProjectFolder(tmp_path / f"project-{number}")
        folder.write_small()
        folder.path.joinpath("movies.csv").write_bytes(f"content {number}\n".encode() * 10)
        folders.append(folder)
    return folders
