"""What the doctor says mends credentials, tokens and buckets, at real services; what can be run here is run."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cinelake import land_files
from mending import KEYS, Fault, examined, filled, put_into, wrong
from projects import Place, ProjectFolder, S3Server
from tmdb import point_at, serving


def test_credentials_that_are_missing_are_mended_in_env(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    folder.path.joinpath(".env").write_text(f"AWS_ENDPOINT_URL_S3={moto.endpoint}\n", encoding="utf-8")
    before = examined(folder.path, "--lake", place.uri)
    assert wrong(before) == ["credentials"]
    mend = before["credentials"]["mend"]
    assert (mend["in"], len(mend["write"].splitlines())) == (".env", 2)
    put_into(folder.path, mend["in"], filled(mend["write"], Fault("", print, KEYS)))
    assert wrong(examined(folder.path, "--lake", place.uri)) == []


@pytest.mark.parametrize("name", ["rclone", "ceph"])
def test_a_wrong_secret_is_mended_in_env(folder: ProjectFolder, name: str, request: pytest.FixtureRequest) -> None:
    server: S3Server = request.getfixturevalue(name)
    place = Place.on(server)
    text = "".join(f"{name}={value}\n" for name, value in replace(server, secret_key="wrong-secret").variables.items())
    folder.path.joinpath(".env").write_text(text, encoding="utf-8")
    before = examined(folder.path, "--lake", place.uri)
    assert wrong(before) == ["identity"]
    mend = before["identity"]["mend"]
    put_into(folder.path, mend["in"], filled(mend["write"], Fault("", print, KEYS)))
    assert wrong(examined(folder.path, "--lake", place.uri)) == []


def test_a_file_of_certificates_that_is_not_there_is_mended_where_it_is_named(
    folder: ProjectFolder, moto: S3Server
) -> None:
    place = Place.on(moto)
    variables = {**moto.variables, "AWS_CA_BUNDLE": "/nowhere.pem"}
    before = examined(folder.path, "--lake", place.uri, variables=variables)
    assert wrong(before) == ["endpoint"]
    assert before["endpoint"]["mend"] == {"run": "export AWS_CA_BUNDLE=/PATH/TO/authority.pem"}


def test_a_token_that_tmdb_refuses_is_mended_in_env(folder: ProjectFolder) -> None:
    folder.write_records("tmdb.jsonl", [])
    folder.path.joinpath(".env").write_text("TMDB_TOKEN=a-wrong-one\n", encoding="utf-8")
    with serving(folder.path / "tmdb.jsonl", "--token", "the-right-one") as server:
        point_at(folder, server)
        before = examined(folder.path)
        assert wrong(before) == ["TMDB"]
        mend = before["TMDB"]["mend"]
        put_into(folder.path, mend["in"], filled(mend["write"], Fault("", print, {"YOUR_TOKEN": "the-right-one"})))
        assert wrong(examined(folder.path)) == []


@pytest.mark.parametrize("service", ["moto", "ceph"])
@pytest.mark.parametrize("filed", [True, False], ids=["keys in .env", "keys in the environment"])
def test_a_bucket_s_settings_are_mended_by_commands_of_aws_that_do_what_a_landing_does(
    folder: ProjectFolder, service: str, filed: bool, request: pytest.FixtureRequest
) -> None:
    """AWS's own command line is not at hand: a stand-in makes the call that it would make, through botocore."""
    server: S3Server = request.getfixturevalue(service)
    place = Place.on(server)
    server.client().create_bucket(Bucket=place.name)
    variables = dict(place.variables)
    if filed:
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        folder.path.joinpath(".env").write_text(text, encoding="utf-8")
        variables = {}
    before = examined(folder.path, "--lake", place.uri, variables=variables)
    asked = [each["mend"]["run"] for name, each in before.items() if name.startswith("bucket ") and each["mend"]]
    told = [name for name, each in before.items() if name.startswith("bucket ") and each["mend"]]
    # By the others an owner may be locked out: of a block of public access Ceph is known for it.
    encryption = ["bucket encryption"] if service == "moto" else []  # which Ceph lacks
    assert told == ["bucket versions", *encryption, "bucket abandoned uploads"]
    for command in asked:
        words = shlex.split(command.strip("()").rpartition("; ")[2])
        assert words[:2] == ["aws", "s3api"]
        options = dict(zip(words[3::2], words[4::2], strict=True))
        assert options.pop("--endpoint-url") == server.endpoint
        assert command.startswith("(set -a; . ./.env; ") is filed
        call(server, words[2], options)
    after = examined(folder.path, "--lake", place.uri, variables=variables)
    assert [name for name, each in after.items() if name.startswith("bucket ") and each["mend"]] == []
    assert land_files(*folder.open(place)).status == "done"


def test_what_a_landing_undid_since_it_locks_the_owner_out_is_not_told_to_be_set_again(
    folder: ProjectFolder, ceph: S3Server
) -> None:
    place = Place.on(ceph)
    land_files(*folder.open(place))
    found = examined(folder.path, "--lake", place.uri, variables=place.variables)
    assert [(name, each["mend"]) for name, each in found.items() if name.startswith("bucket ") and each["mend"]] == []
    folder.path.joinpath("movies.csv").write_bytes(folder.path.joinpath("movies.csv").read_bytes() + b"\n")
    assert land_files(*folder.open(place)).status == "done"


@pytest.fixture
def in_place_of_aws(moto: S3Server) -> Mapping[str, str]:
    """Variables by which moto is asked, as a proxy, for what is asked of an address of AWS."""
    keys = {name: moto.variables[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return {**keys, "AWS_ENDPOINT_URL_S3": "http://s3.amazonaws.com", "HTTP_PROXY": moto.endpoint, "NO_PROXY": ""}


def test_on_aws_public_access_is_blocked_by_a_command_unless_some_of_it_is(
    folder: ProjectFolder, moto: S3Server, in_place_of_aws: Mapping[str, str]
) -> None:
    place = Place.on(moto)
    client = moto.client()
    client.create_bucket(Bucket=place.name)
    found = examined(folder.path, "--lake", place.uri, variables=in_place_of_aws)["bucket public access"]
    assert (found["detail"], found["mend"]) == (
        "not blocked",
        {
            "run": f"aws s3api put-public-access-block --bucket {place.name} --public-access-block-configuration "
            '\'{"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, '
            '"RestrictPublicBuckets": true}\' --endpoint-url http://s3.amazonaws.com'
        },
    )
    client.put_public_access_block(
        Bucket=place.name, PublicAccessBlockConfiguration={"BlockPublicPolicy": True, "RestrictPublicBuckets": True}
    )
    found = examined(folder.path, "--lake", place.uri, variables=in_place_of_aws)["bucket public access"]
    assert (found["detail"], found["mend"]) == ("blocked in part: BlockPublicPolicy, RestrictPublicBuckets", None)


def call(server: S3Server, verb: str, options: Mapping[str, str]) -> None:
    """What `aws s3api VERB --NAME VALUE …` asks of a service."""
    client = server.client()
    operation = "".join(word.capitalize() for word in verb.split("-"))
    shape = client.meta.service_model.operation_model(operation).input_shape
    assert shape is not None
    names = {"--" + re.sub("(?<!^)(?=[A-Z])", "-", name).lower(): name for name in shape.members}
    told = {names[name]: json.loads(value) if value[0] in "{[" else value for name, value in options.items()}
    getattr(client, verb.replace("-", "_"))(**told)


def test_rules_and_a_policy_that_are_there_are_not_replaced_by_a_command(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    client = moto.client()
    client.create_bucket(Bucket=place.name)
    rule: Any = {"ID": "mine", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 9}}
    client.put_bucket_lifecycle_configuration(Bucket=place.name, LifecycleConfiguration={"Rules": [rule]})
    found = examined(folder.path, "--lake", place.uri, variables=place.variables)["bucket abandoned uploads"]
    assert (found["detail"], found["mend"]) == ("not dropped", None)
