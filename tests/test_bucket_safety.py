"""A new bucket is made safe as far as its service can; one that was there before is left exactly as it is."""

from collections.abc import Iterator
from typing import Any

import pytest

from cinelake import AccessError, ConfigurationError, Lake, LandOptions, ServiceError, land_files
from cinelake.lake.manifests import MAKING
from cinelake.lake.safety import policy_against_plain_http
from cinelake.lake.stores import open_store
from faulty import Answer, Fault, Reset, faulty_network
from landings import QUICK
from parts import moto_server
from projects import Place, ProjectFolder, S3Server


@pytest.fixture(scope="module")
def moto_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """moto behind TLS, with an authority of its own."""
    with moto_server(tmp_path_factory.mktemp("certificates")) as server:
        yield server


def make(folder: ProjectFolder, place: Place) -> list[tuple[str, str]]:
    """Makes the lake; returns what was told on the way."""
    told: list[tuple[str, str]] = []
    _, lake, _ = folder.open(place)
    lake.make(lambda step, kind: told.append((kind, step)))
    return told


def client_of(place: Place) -> Any:
    assert place.server is not None
    return place.server.client()


def settings_of(place: Place) -> dict[str, Any]:
    """What the service says of the bucket."""
    client, name = client_of(place), place.name
    lifecycle = client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    return {
        "public": client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
        "versions": client.get_bucket_versioning(Bucket=name).get("Status"),
        "abandoned": [rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for rule in lifecycle],
    }


BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
STEPS = [
    ("step", "set the block of public access"),
    ("step", "set versioning"),
    ("step", "set default encryption"),
    ("step", "set the removal of abandoned uploads after 7 days"),
]
OVER_PLAIN_HTTP = ("step", "not set: the refusal of plain HTTP, which is how this endpoint is reached")


def test_a_new_bucket_is_made_safe(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    assert make(folder, place) == [("step", f"created {place.uri} in us-east-1"), *STEPS, OVER_PLAIN_HTTP]
    assert settings_of(place) == {"public": BLOCKED, "versions": "Enabled", "abandoned": [7]}
    [rule] = client_of(place).get_bucket_encryption(Bucket=place.name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    with pytest.raises(client_of(place).exceptions.ClientError, match="NoSuchBucketPolicy"):
        client_of(place).get_bucket_policy(Bucket=place.name)


def test_over_tls_a_new_bucket_is_to_refuse_plain_http(folder: ProjectFolder, moto_tls: S3Server) -> None:
    """moto takes the policy and then denies everybody, whatever its condition; so it is undone, and nothing else is."""
    place = Place.on(moto_tls)
    assert make(folder, place)[-2:] == [
        ("step", "set the refusal of plain HTTP"),
        ("warning", "undone: the refusal of plain HTTP; with it this service denies the bucket's own owner"),
    ]
    assert settings_of(place) == {"public": BLOCKED, "versions": "Enabled", "abandoned": [7]}
    with pytest.raises(client_of(place).exceptions.ClientError, match="NoSuchBucketPolicy"):
        client_of(place).get_bucket_policy(Bucket=place.name)


@pytest.mark.parametrize(
    ("region", "partition"), [("sa-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_policy_denies_all_but_tls_on_the_bucket_and_its_objects(
    folder: ProjectFolder, moto: S3Server, region: str, partition: str
) -> None:
    place = Place.on(moto)
    _, lake, _ = folder.open(Place(place.uri, {**place.variables, "AWS_REGION": region}, moto))
    assert lake.bucket is not None
    [statement] = policy_against_plain_http(lake.bucket)["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [f"arn:{partition}:s3:::{place.name}", f"arn:{partition}:s3:::{place.name}/*"]


def test_files_land_over_tls(folder: ProjectFolder, moto_tls: S3Server) -> None:
    place = Place.on(moto_tls)
    data = b"m" * (9 << 20)
    folder.path.joinpath("movies.csv").write_bytes(data)
    assert land_files(*folder.open(place)).status == "done"
    assert place.objects()["Raw/Local/CSV/Movies/2022/05/02/movies.csv"] == data
    assert land_files(*folder.open(place)).status == "unchanged"


def test_a_certificate_that_nobody_vouches_for_has_its_own_words(folder: ProjectFolder, moto_tls: S3Server) -> None:
    place = Place.on(S3Server("moto", moto_tls.endpoint, "AKIATEST", "SECRETTEST"))
    with pytest.raises(ServiceError, match="its TLS certificate cannot be trusted") as caught:
        land_files(*folder.open(place))
    assert "AWS_CA_BUNDLE" in caught.value.hint


def test_ceph_lacks_encryption_and_denies_its_owner_under_one_block(folder: ProjectFolder, ceph: S3Server) -> None:
    place = Place.on(ceph)
    assert make(folder, place) == [
        ("step", f"created {place.uri} in us-east-1"),
        STEPS[0],
        STEPS[1],
        ("warning", "this service lacks default encryption"),
        STEPS[3],
        OVER_PLAIN_HTTP,
        ("warning", "undone: the block of public ACLs; with it this service denies the bucket's own owner"),
    ]
    assert settings_of(place) == {
        "public": {**BLOCKED, "BlockPublicAcls": False},
        "versions": "Enabled",
        "abandoned": [7],
    }
    assert land_files(*folder.open(place)).status == "done"


def left_half_made(place: Place) -> None:
    """A bucket whose maker was killed."""
    client_of(place).create_bucket(Bucket=place.name)
    client_of(place).put_object(Bucket=place.name, Key=MAKING, Body=b"")


def test_a_bucket_whose_maker_was_killed_is_made_safe_by_the_next_landing(
    folder: ProjectFolder, moto: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cinelake.lake.lake.MAKING_S", -1)
    place = Place.on(moto)
    left_half_made(place)
    assert land_files(*folder.open(place)).status == "done"
    assert settings_of(place) == {"public": BLOCKED, "versions": "Enabled", "abandoned": [7]}
    assert MAKING not in place.objects()
    assert land_files(*folder.open(place)).status == "unchanged"


def test_a_bucket_that_another_run_is_just_making_is_left_to_it(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    left_half_made(place)
    assert land_files(*folder.open(place)).status == "done"
    assert client_of(place).get_bucket_versioning(Bucket=place.name).get("Status") is None


@pytest.mark.parametrize("name", ["moto", "rclone", "ceph"])
def test_of_the_making_nothing_stays_in_a_bucket(
    folder: ProjectFolder, name: str, request: pytest.FixtureRequest
) -> None:
    place = Place.on(request.getfixturevalue(name))
    make(folder, place)
    assert place.objects() == {}
    if name != "rclone":
        found = client_of(place).list_object_versions(Bucket=place.name)
        assert found.get("Versions", []) == found.get("DeleteMarkers", []) == []


@pytest.mark.parametrize(
    ("method", "fault"), [("PUT", Reset()), ("GET", Answer(503, "SlowDown"))], ids=["setting resets", "asking 503"]
)
def test_a_service_that_fails_while_a_bucket_is_made_lacks_nothing(
    folder: ProjectFolder, moto: S3Server, method: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_network(moto) as network:
        place = network.place()
        network.fail(fault, method, "versioning", times=None)
        project, _, run = folder.open(place)
        with pytest.raises(ServiceError, match="cannot make bucket"):
            land_files(project, Lake.open(project, patience=QUICK), run)
        network.mend()
        monkeypatch.setattr("cinelake.lake.lake.MAKING_S", -1)
        assert land_files(*folder.open(place)).status == "done"
        assert settings_of(place)["versions"] == "Enabled"


def test_rclone_lacks_all_of_it_and_is_sent_no_call_that_it_misreads(folder: ProjectFolder, rclone: S3Server) -> None:
    place = Place.on(rclone)
    told = make(folder, place)
    assert told[0] == ("step", f"created {place.uri} in us-east-1")
    assert [kind for kind, _ in told[1:-1]] == ["warning"] * 4
    assert told[-1] == OVER_PLAIN_HTTP
    assert ("warning", "this service lacks the block of public access") in told
    assert ("warning", "not set: versioning (the service answered NotImplemented)") in told
    assert land_files(*folder.open(place)).status == "done"


def test_what_tries_a_new_bucket_out_leaves_nothing(folder: ProjectFolder, bucket_place: Place) -> None:
    make(folder, bucket_place)
    assert bucket_place.objects() == {}
    if bucket_place.server and bucket_place.server.versions:
        listed = client_of(bucket_place).list_object_versions(Bucket=bucket_place.name)
        assert (listed.get("Versions", []), listed.get("DeleteMarkers", [])) == ([], [])


@pytest.mark.parametrize("server", ["moto", "ceph"])
def test_a_bucket_that_was_there_is_left_as_it_is(
    folder: ProjectFolder, server: str, request: pytest.FixtureRequest
) -> None:
    place = Place.on(request.getfixturevalue(server))
    client_of(place).create_bucket(Bucket=place.name)
    assert land_files(*folder.open(place)).status == "done"
    assert client_of(place).get_bucket_versioning(Bucket=place.name).get("Status") is None
    for ask in ("get_bucket_lifecycle_configuration", "get_bucket_policy"):
        with pytest.raises(client_of(place).exceptions.ClientError, match="NoSuch"):
            getattr(client_of(place), ask)(Bucket=place.name)


def test_no_bucket_is_made_where_none_is_to_be(folder: ProjectFolder, bucket_place: Place) -> None:
    with pytest.raises(ConfigurationError, match=f"there is no lake at {bucket_place.uri}") as caught:
        land_files(*folder.open(bucket_place), LandOptions(create_lake=False))
    assert "--no-create-bucket" in caught.value.hint
    assert bucket_place.name not in [each["Name"] for each in client_of(bucket_place).list_buckets()["Buckets"]]


def test_a_bucket_is_made_in_its_region(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    place = Place(place.uri, {**place.variables, "AWS_REGION": "sa-east-1"}, moto)
    assert make(folder, place)[0] == ("step", f"created {place.uri} in sa-east-1")
    assert client_of(place).get_bucket_location(Bucket=place.name)["LocationConstraint"] == "sa-east-1"


def test_another_service_is_found_wherever_boto3_finds_it(
    folder: ProjectFolder, moto: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 and obstore must never talk to different services."""
    settings = folder.path / "aws"
    settings.write_text(f"[default]\nregion = sa-east-1\nendpoint_url = {moto.endpoint}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    place = Place.on(moto)
    place = Place(place.uri, {name: value for name, value in place.variables.items() if "ENDPOINT" not in name}, moto)
    assert land_files(*folder.open(place)).status == "done"
    assert min(place.objects()) == "Raw/Local/CSV/Movies/2022/05/02/movies.csv"
    assert client_of(place).get_bucket_location(Bucket=place.name)["LocationConstraint"] == "sa-east-1"


def test_aws_itself_is_an_endpoint_that_needs_no_setting(folder: ProjectFolder, moto: S3Server) -> None:
    """Nothing is asked of the network: the store is only made."""
    place = Place.on(moto)
    _, lake, _ = folder.open(Place(place.uri, {k: v for k, v in place.variables.items() if "ENDPOINT" not in k}))
    assert lake.bucket is not None
    assert lake.bucket.endpoint_url is None
    store = open_store(lake.bucket)
    assert "endpoint" not in store.config
    assert store.config["region"] == "us-east-1"


def test_somebody_elses_bucket_is_not_touched(folder: ProjectFolder, ceph: S3Server) -> None:
    place = Place.on(S3Server("ceph", ceph.endpoint, "AKIATEST", "WRONG"))
    with pytest.raises(AccessError, match="the secret access key is wrong"):
        make(folder, place)
