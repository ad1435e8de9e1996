"""Buckets that cannot be used: no credentials, wrong ones, nobody there, somebody else's."""

import time
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from projects import DATE, Place, ProjectFolder, S3Server
from refusals import files_below, refusal, refusal_in_words

NOBODY = "http://127.0.0.1:1"
AT_ONCE_S = 30


def place_on(server: S3Server, *, access_key: str = "", secret_key: str = "") -> Place:
    """A bucket that does not exist yet, asked for with other credentials than the server's."""
    other = replace(server, access_key=access_key or server.access_key, secret_key=secret_key or server.secret_key)
    return replace(Place.on(other), server=server)


def assert_no_bucket(place: Place) -> None:
    """Nobody has made the bucket."""
    assert place.server is not None
    with pytest.raises(ClientError, match="404"):
        place.server.client().head_bucket(Bucket=place.name)


# No credentials, or half of them


def test_without_credentials_nobody_is_asked(folder: ProjectFolder) -> None:
    before = files_below(folder.path)
    told = refusal(folder, "run", "--lake", "s3://lake-of-mine", code=4, variables={"AWS_ENDPOINT_URL_S3": NOBODY})
    assert "s3://lake-of-mine: there are no AWS credentials" in told.what
    assert "AWS_ACCESS_KEY_ID" in told.hint
    assert ".env" in told.hint
    assert files_below(folder.path) == before


def test_a_profile_that_is_not_there_is_named(folder: ProjectFolder) -> None:
    told = refusal(folder, "run", "--lake", "s3://lake-of-mine", code=4, variables={"AWS_PROFILE": "my-lab"})
    assert "my-lab" in told.what
    assert "AWS_PROFILE" in told.hint


def test_half_a_pair_of_keys_is_refused_before_anything_else(folder: ProjectFolder) -> None:
    folder.path.joinpath(".env").write_text("AWS_ACCESS_KEY_ID=AKIAHALF\n", encoding="utf-8")
    assert "AWS_SECRET_ACCESS_KEY is not set" in refusal(folder, "run", code=2).what


# Credentials that are refused


@pytest.mark.parametrize("name", ["ceph", "rclone"])
def test_a_wrong_secret_is_refused_in_words_and_makes_nothing(
    name: str, folder: ProjectFolder, request: pytest.FixtureRequest
) -> None:
    place = place_on(request.getfixturevalue(name), secret_key="wrong-secret-of-mine")
    told = refusal(folder, "run", code=4, place=place)
    assert "the secret access key is wrong" in told.what
    assert "AWS_SECRET_ACCESS_KEY" in told.hint
    assert "wrong-secret-of-mine" not in told.words
    assert_no_bucket(place)


def test_an_unknown_access_key_is_refused_in_words_and_makes_nothing(folder: ProjectFolder, ceph: S3Server) -> None:
    place = place_on(ceph, access_key="AKIANOBODY")
    told = refusal(folder, "run", code=4, place=place)
    assert "the access key is unknown" in told.what
    assert "AWS_ACCESS_KEY_ID" in told.hint
    assert_no_bucket(place)


def test_a_refusal_in_words_alone_leaves_stdout_empty(folder: ProjectFolder, rclone: S3Server) -> None:
    ended = folder.cinelake("run", "--date", DATE, place=place_on(rclone, secret_key="wrong"))
    assert ended.stdout == ""
    assert "the secret access key is wrong" in refusal_in_words(ended, code=4).what


@pytest.mark.parametrize("command", ["build", "ask"])
def test_every_command_refuses_a_wrong_secret_alike(folder: ProjectFolder, rclone: S3Server, command: str) -> None:
    assert "secret access key" in refusal(folder, command, code=4, place=place_on(rclone, secret_key="wrong")).what


def test_a_secret_that_was_changed_since_the_landing_is_refused_too(folder: ProjectFolder, rclone: S3Server) -> None:
    good = Place.on(rclone)
    folder.document("land", "--date", DATE, place=good)
    before = good.objects()
    wrong = replace(good, variables={**good.variables, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert "secret access key" in refusal(folder, "run", "--date", DATE, code=4, place=wrong).what
    assert good.objects() == before


# Nobody there


@pytest.mark.parametrize("command", ["run", "verify"])
def test_an_endpoint_that_nobody_listens_on_is_named_at_once(folder: ProjectFolder, command: str) -> None:
    variables = {"AWS_ENDPOINT_URL_S3": NOBODY, "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}
    start = time.monotonic()
    told = refusal(folder, command, code=5, place=Place("s3://lake-of-mine", variables))
    assert time.monotonic() - start < AT_ONCE_S
    assert NOBODY in told.what
    assert "AWS_ENDPOINT_URL_S3" in told.hint


@pytest.mark.parametrize("endpoint", ["127.0.0.1:9000", "localhost", "http//127.0.0.1"])
def test_an_endpoint_that_is_no_address_is_named_with_its_variable(folder: ProjectFolder, endpoint: str) -> None:
    variables = {"AWS_ENDPOINT_URL_S3": endpoint, "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}
    told = refusal(folder, "run", code=2, place=Place("s3://lake-of-mine", variables))
    assert endpoint in told.what
    assert "AWS_ENDPOINT_URL_S3" in told.words


def test_a_gateway_that_takes_its_own_name_for_a_bucket_is_told_apart(folder: ProjectFolder, ceph: S3Server) -> None:
    """Ceph does where `rgw_dns_name` is not set: the bucket would be the first part of the path below it."""
    place = place_on(ceph)
    by_name = place.variables["AWS_ENDPOINT_URL_S3"].replace("127.0.0.1", "localhost")
    named = replace(place, variables={**place.variables, "AWS_ENDPOINT_URL_S3": by_name})
    told = refusal(folder, "land", code=2, place=named)
    assert told.what == f"cannot create bucket {place.name}: {by_name} takes its host's name for a bucket"
    assert told.hint == "write the endpoint with the IP address of its host"


def test_a_region_that_is_none_is_named_with_its_variable(folder: ProjectFolder, moto: S3Server) -> None:
    told = refusal(folder, "run", code=2, place=Place.on(moto), variables={"AWS_REGION": "us east"})
    assert "us east" in told.what
    assert "AWS_REGION" in told.words


# Somebody else's


@pytest.mark.parametrize("command", ["run", "land", "build", "verify"])
def test_a_bucket_of_somebody_else_is_refused_and_left_alone(
    folder: ProjectFolder, ceph: S3Server, stranger: S3Server, command: str
) -> None:
    theirs = Place.on(stranger)
    stranger.client().create_bucket(Bucket=theirs.name)
    stranger.client().put_object(Bucket=theirs.name, Key="theirs.txt", Body=b"theirs")
    told = refusal(folder, command, code=4, place=replace(theirs, variables=ceph.variables))
    assert theirs.name in told.what
    assert "somebody else" in told.what
    assert "another name" in told.hint
    assert theirs.objects() == {"theirs.txt": b"theirs"}


def test_a_bucket_that_lets_us_read_and_not_write_is_refused_and_left_alone(
    folder: ProjectFolder, ceph: S3Server, stranger: S3Server
) -> None:
    theirs = Place.on(stranger)
    stranger.client().create_bucket(Bucket=theirs.name)
    stranger.client().put_bucket_acl(Bucket=theirs.name, ACL="public-read")
    told = refusal(folder, "run", code=4, place=replace(theirs, variables=ceph.variables))
    assert "access is denied" in told.what
    assert theirs.objects() == {}
