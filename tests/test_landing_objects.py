"""What lies in the lake after a landing, and what is left of a bucket that was there before."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cinelake import LandOptions, land_files
from projects import DATE, Place, ProjectFolder, S3Server

PREFIX = "Raw/Local/CSV/Movies/2022/05/02"


def bucket_names(place: Place) -> list[str]:
    assert place.server is not None
    return [bucket["Name"] for bucket in place.server.client().list_buckets()["Buckets"]]


def settings_of(server: S3Server, bucket: str) -> dict[str, Any]:
    """Every setting of a bucket that the server tells, or its refusal."""
    client: Any = server.client()
    told = {}
    for name in (
        *("get_bucket_versioning", "get_bucket_policy", "get_bucket_acl", "get_bucket_lifecycle_configuration"),
        *("get_bucket_encryption", "get_public_access_block", "get_bucket_tagging", "get_bucket_cors"),
    ):
        try:
            answer = getattr(client, name)(Bucket=bucket)
            told[name] = {field: value for field, value in answer.items() if field != "ResponseMetadata"}
        except ClientError as error:
            told[name] = {"refused": error.response["Error"]["Code"]}
    return told


def test_a_dry_run_writes_nothing_and_makes_no_lake(folder: ProjectFolder, place: Place) -> None:
    result = land_files(*folder.open(place), LandOptions(dry_run=True))
    assert (result.status, {landed.action for landed in result.objects}) == ("planned", {"planned"})
    assert place.name not in bucket_names(place) if place.server else not Path(place.name).exists()
    land_files(*folder.open(place))
    before = place.objects()
    folder.write_csv("movies.csv", [])
    planned = land_files(*folder.open(place), LandOptions(dry_run=True, replace=True))
    assert [landed.action for landed in planned.objects] == ["planned", "unchanged"]
    assert place.objects() == before


@pytest.mark.parametrize("server", ["moto", "ceph"])
@pytest.mark.parametrize("versioning", ["Enabled", "Suspended", None])
def test_a_bucket_that_is_there_keeps_its_settings(
    folder: ProjectFolder, server: str, versioning: Any, request: pytest.FixtureRequest
) -> None:
    place = Place.on(request.getfixturevalue(server))
    assert place.server is not None
    client = place.server.client()
    client.create_bucket(Bucket=place.name)
    client.put_bucket_tagging(Bucket=place.name, Tagging={"TagSet": [{"Key": "team", "Value": "ours"}]})
    if versioning:
        client.put_bucket_versioning(Bucket=place.name, VersioningConfiguration={"Status": versioning})
    client.put_object(Bucket=place.name, Key="ours.txt", Body=b"ours")
    before = settings_of(place.server, place.name)
    land_files(*folder.open(place))
    assert settings_of(place.server, place.name) == before
    assert place.objects()["ours.txt"] == b"ours"


@pytest.mark.parametrize("region", ["sa-east-1", "eu-central-1", "us-east-1"])
def test_a_new_bucket_lies_in_its_region(folder: ProjectFolder, moto: S3Server, region: str) -> None:
    folder.write_settings(lake=f'region = "{region}"')
    place = Place.on(moto)
    land_files(*folder.open(place))
    found = moto.client().get_bucket_location(Bucket=place.name)["LocationConstraint"]
    assert found == (None if region == "us-east-1" else region)


@pytest.mark.parametrize("size_bytes", [1, 8 << 20, 20 << 20])
def test_a_file_of_any_size_arrives_byte_by_byte(folder: ProjectFolder, place: Place, size_bytes: int) -> None:
    data = hashlib.shake_128(b"any").digest(size_bytes)
    folder.path.joinpath("movies.csv").write_bytes(data)
    landed, _ = land_files(*folder.open(place)).objects
    assert (landed.record.bytes, landed.record.sha256) == (size_bytes, hashlib.sha256(data).hexdigest())
    assert place.objects()[f"{PREFIX}/movies.csv"] == data
    assert land_files(*folder.open(place)).status == "unchanged"


def test_a_file_of_any_name_keeps_it(folder: ProjectFolder, place: Place) -> None:
    names = ["filmes de São Paulo.csv", "雨の町.csv", "100%+&=?[a]*'.csv", "a.tar.csv", "...csv", "É́.csv"]
    sources = []
    for name in names:
        folder.path.joinpath(name).write_text(name)
        sources.append(f'[[source]]\ndataset = "Movies"\npath = "{name}"\n')
    folder.path.joinpath("lake.toml").write_text("".join(sources), encoding="utf-8")
    land_files(*folder.open(place))
    objects = place.objects()
    assert {f"{PREFIX}/{name}": name for name in names}.items() <= {
        key: data.decode() for key, data in objects.items() if key.startswith(PREFIX)
    }.items()
    assert land_files(*folder.open(place)).status == "unchanged"


def test_a_manifest_tells_the_servers_own_tag_and_type(folder: ProjectFolder, bucket_place: Place) -> None:
    folder.path.joinpath("movies.csv").write_bytes(b"x" * (9 << 20))
    result = land_files(*folder.open(bucket_place))
    assert bucket_place.server is not None
    client = bucket_place.server.client()
    for landed in result.objects:
        head = client.head_object(Bucket=bucket_place.name, Key=landed.record.key)
        assert f'"{landed.record.e_tag}"' == head["ETag"]
        assert (landed.record.bytes, head["ContentType"]) == (head["ContentLength"], "text/csv")


def test_a_manifest_tells_the_tag_that_the_lake_lists(folder: ProjectFolder, place: Place) -> None:
    """By it, what is there is known for what was recorded, and not read again."""
    folder.path.joinpath("movies.csv").write_bytes(b"x" * (9 << 20))
    project, lake, run = folder.open(place)
    result = land_files(project, lake, run)
    listed = lake.list_objects("Raw")
    assert {each.record.e_tag for each in result.objects} == {each.e_tag for each in listed.values()}
    assert None not in {each.e_tag for each in listed.values()}


def test_each_date_has_its_own_object(folder: ProjectFolder, place: Place) -> None:
    land_files(*folder.open(place, DATE))
    land_files(*folder.open(place, "2022-12-31"))
    assert {key for key in place.objects() if key.startswith("Raw/")} == {
        f"Raw/Local/CSV/{dataset}/{day}/{dataset.lower()}.csv"
        for dataset in ("Movies", "Series")
        for day in ("2022/05/02", "2022/12/31")
    }
