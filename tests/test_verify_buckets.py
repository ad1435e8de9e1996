"""Whatever was done to a bucket behind cinelake's back is found from listings, or from its bytes."""

import pytest

from cinelake import VerifyOptions, land_files, verify_lake
from projects import SMALL_MOVIES, Place, ProjectFolder, S3Server
from tables import make_all

MOVIES = "Raw/Local/CSV/Movies/2022/05/02/movies.csv"
SERIES = "Raw/Local/CSV/Series/2022/05/02/series.csv"
LARGE_BYTES = 9 << 20


@pytest.fixture
def landed(folder: ProjectFolder, bucket_place: Place) -> ProjectFolder:
    """A project whose files lie in a bucket, one of them sent in parts."""
    folder.path.joinpath("movies.csv").write_bytes(b"m" * LARGE_BYTES)
    land_files(*folder.open(bucket_place))
    return folder


def failed(folder: ProjectFolder, place: Place, *, deep: bool = False) -> dict[str, str]:
    """What fails of the objects and sources, with its detail; nothing was built here."""
    checks = verify_lake(*folder.open(place), VerifyOptions(deep=deep)).checks
    kinds = ("object", "version", "foreign", "source")
    return {check.name: check.detail for check in checks if not check.ok and check.name.startswith(kinds)}


def test_what_was_landed_holds_by_its_listing_and_by_its_bytes(landed: ProjectFolder, bucket_place: Place) -> None:
    assert failed(landed, bucket_place) == {}
    assert failed(landed, bucket_place, deep=True) == {}
    checks = {check.name: check.detail for check in verify_lake(*landed.open(bucket_place)).checks}
    assert "listed with its ETag" in checks[f"object {SERIES}"]


def test_deep_reads_every_byte(landed: ProjectFolder, bucket_place: Place) -> None:
    checks = verify_lake(*landed.open(bucket_place), VerifyOptions(deep=True)).checks
    assert all("every byte read" in check.detail for check in checks if check.name.startswith("object"))


@pytest.mark.parametrize("key", [MOVIES, SERIES])
def test_a_missing_object_is_found(landed: ProjectFolder, bucket_place: Place, key: str) -> None:
    assert bucket_place.server is not None
    bucket_place.server.client().delete_object(Bucket=bucket_place.name, Key=key)
    assert failed(landed, bucket_place) == {f"object {key}": "is missing"}


@pytest.mark.parametrize("key", [MOVIES, SERIES])
def test_a_byte_that_changed_is_found(landed: ProjectFolder, bucket_place: Place, key: str) -> None:
    data = bytearray(bucket_place.objects()[key])
    data[len(data) // 2] ^= 1
    bucket_place.overwrite(key, bytes(data))
    found = failed(landed, bucket_place)
    assert list(found) == [f"object {key}"]
    assert found[f"object {key}"].startswith("was changed: its SHA-256 is ")


def test_the_same_bytes_written_again_hold(landed: ProjectFolder, bucket_place: Place) -> None:
    bucket_place.overwrite(MOVIES, bucket_place.objects()[MOVIES])
    assert failed(landed, bucket_place) == {}


@pytest.mark.parametrize("server", ["moto", "ceph"])
@pytest.mark.parametrize("how", ["copied", "newer deleted"])
def test_an_older_version_that_was_restored_is_found(
    folder: ProjectFolder, server: str, how: str, request: pytest.FixtureRequest
) -> None:
    place = Place.on(request.getfixturevalue(server))
    old = land_files(*folder.open(place)).objects[0].record
    folder.write_csv("movies.csv", SMALL_MOVIES[:2])
    new = land_files(*folder.open(place)).objects[0].record
    assert failed(folder, place) == {}
    assert place.server is not None
    client = place.server.client()
    if how == "copied":
        before = client.get_object(Bucket=place.name, Key=MOVIES, VersionId=old.version_id or "")["Body"].read()
        place.overwrite(MOVIES, before)
    else:
        client.delete_object(Bucket=place.name, Key=MOVIES, VersionId=new.version_id or "")
    found = failed(folder, place)
    assert list(found) == [f"object {MOVIES}"]
    assert found[f"object {MOVIES}"].startswith("an older version lies there, that of _manifests/land/2022/05/02/")


@pytest.mark.parametrize("server", ["moto", "ceph"])
def test_a_replaced_version_that_is_gone_is_found(
    folder: ProjectFolder, server: str, request: pytest.FixtureRequest
) -> None:
    place = Place.on(request.getfixturevalue(server))
    old = land_files(*folder.open(place)).objects[0].record
    folder.write_csv("movies.csv", SMALL_MOVIES[:2])
    land_files(*folder.open(place))
    assert place.server is not None
    place.server.client().delete_object(Bucket=place.name, Key=MOVIES, VersionId=old.version_id or "")
    assert failed(folder, place) == {
        f"version {old.version_id} of {MOVIES}": "is missing: it was replaced, and should be kept"
    }


def test_a_foreign_object_is_found(landed: ProjectFolder, bucket_place: Place) -> None:
    bucket_place.overwrite("Raw/Local/CSV/Movies/2022/05/02/theirs.csv", b"x")
    assert failed(landed, bucket_place) == {
        "foreign object Raw/Local/CSV/Movies/2022/05/02/theirs.csv": "1 bytes that no manifest knows of; "
        "if a run was interrupted, run cinelake land --date 2022-05-02"
    }


def test_versions_that_are_kept_no_more_are_still_there(landed: ProjectFolder, moto: S3Server) -> None:
    """Versions were kept, then that was suspended."""
    place = Place.on(moto)
    land_files(*landed.open(place))
    landed.path.joinpath("movies.csv").write_bytes(b"n" * LARGE_BYTES)
    assert land_files(*landed.open(place)).status == "done"
    suspended = {"Status": "Suspended"}
    moto.client().put_bucket_versioning(Bucket=place.name, VersioningConfiguration=suspended)  # type: ignore[arg-type]
    assert failed(landed, place) == {}


def test_a_file_of_a_glob_that_is_gone_is_found(folder: ProjectFolder, bucket_place: Place) -> None:
    for name in ("a.csv", "b.csv"):
        folder.path.joinpath(name).write_bytes(name.encode())
    folder.path.joinpath("lake.toml").write_text('[[source]]\ndataset = "Movies"\npath = "[ab].csv"\n')
    land_files(*folder.open(bucket_place))
    folder.path.joinpath("b.csv").unlink()
    assert failed(folder, bucket_place) == {
        "source b.csv": "is gone; it was landed as Raw/Local/CSV/Movies/2022/05/02/b.csv"
    }


@pytest.mark.parametrize("template", ["company/{layer}/", "{origin}/{layer}/", "x-{layer}/"])
def test_foreign_objects_are_found_whatever_keys_begin_with(folder: ProjectFolder, template: str) -> None:
    rest = "{format}/{dataset}/{date:%Y/%m/%d}/{file}"
    key = template + (rest if "{origin}" in template else "{origin}/" + rest)
    folder.write_settings(lake=f'key = "{key}"')
    make_all(folder)
    project, lake, run = folder.open()
    names = {check.name for check in verify_lake(project, lake, run).checks}
    assert "records" in names
    assert any(name.startswith("rows") for name in names)
    [movies] = (folder.path / "lake").rglob("movies.csv")
    movies.with_name("theirs.csv").write_bytes(b"x")
    found = [check for check in verify_lake(project, lake, run).checks if not check.ok]
    assert [check.name.partition(" ")[0] for check in found if "theirs.csv" in check.name] == ["foreign"]


def test_a_changed_source_is_found(landed: ProjectFolder, bucket_place: Place) -> None:
    landed.path.joinpath("movies.csv").write_bytes(b"n" * LARGE_BYTES)
    assert failed(landed, bucket_place) == {"source movies.csv": f"changed since it was landed as {MOVIES}"}


def test_of_a_folder_each_file_is_checked(folder: ProjectFolder, bucket_place: Place) -> None:
    parts = folder.path / "movies.csv"
    parts.unlink()
    parts.mkdir()
    for name in ("a", "b", "c"):
        parts.joinpath(f"{name}.csv").write_text(name)
    land_files(*folder.open(bucket_place))
    assert failed(folder, bucket_place) == {}
    parts.joinpath("a.csv").write_text("changed")
    parts.joinpath("b.csv").unlink()
    parts.joinpath("d.csv").write_text("new")
    start = "Raw/Local/CSV/Movies/2022/05/02"
    assert failed(folder, bucket_place) == {
        "source movies.csv/a.csv": f"changed since it was landed as {start}/a.csv",
        "source movies.csv/b.csv": f"is gone; it was landed as {start}/b.csv",
        "source movies.csv/d.csv": "was not landed: run cinelake land",
    }
