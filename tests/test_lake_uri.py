"""Where a lake is: the two forms of its URI, and how any other is refused."""

from pathlib import Path

import pytest

from cinelake import ConfigurationError, ExitCode, Project
from cinelake.config import BucketLake, FolderLake, LakeURI
from cinelake.config.uri import parse_lake_uri

NO_LAKES = (
    "", "lake", "data-lake-of-mine", "file:", "file:/", "file:///", "file://host/lake", "s3:bucket", "s3:/bucket",
    "S3://bucket", "gs://bucket", "https://bucket.s3.amazonaws.com", " s3://bucket",
)  # fmt: skip
BAD_BUCKETS = (
    "ab", "a" * 64, "Upper", "under_score", "-start", "end-", ".start", "end.", "two..dots", "sp ace", "ação",
    "xn--puny", "sthree-name", "amzn-s3-demo-name", "name-s3alias", "name--ol-s3", "192.168.5.4",
)  # fmt: skip
"""See Amazon S3 user guide, "General purpose bucket naming rules"."""


def parsed(text: str) -> LakeURI:
    """What a lake.toml in /project means by it."""
    return parse_lake_uri(text, directory=Path("/project"), said_in="lake.toml: lake.uri")


def refusal(text: str) -> ConfigurationError:
    """How it is refused."""
    with pytest.raises(ConfigurationError) as raised:
        parsed(text)
    assert raised.value.exit_code == ExitCode.USAGE
    assert raised.value.what.startswith("lake.toml: lake.uri")
    return raised.value


@pytest.mark.parametrize("text", NO_LAKES)
def test_another_form_is_refused_with_the_two_that_are_allowed(text: str) -> None:
    error = refusal(text)
    assert repr(text) in error.what
    assert "file:FOLDER" in error.hint
    assert "s3://BUCKET" in error.hint


def test_a_prefix_in_a_bucket_is_refused_with_the_bucket_alone() -> None:
    error = refusal("s3://bucket/prefix")
    assert "prefix" in error.what
    assert error.hint == "write s3://bucket"


@pytest.mark.parametrize("bucket", ["", *BAD_BUCKETS])
def test_a_bucket_name_that_s3_refuses_is_refused_here(bucket: str) -> None:
    assert f"{bucket!r} is no valid bucket name" in refusal(f"s3://{bucket}").what


@pytest.mark.parametrize(
    "text", ["s3://AKIA:TOP/SECRET@bucket", "s3://AKIA:TOPSECRET@bucket", "S3://AKIA:TOPSECRET@b", "AKIA:TOPSECRET@b"]
)
def test_a_key_in_the_address_of_a_lake_is_not_repeated(text: str) -> None:
    error = refusal(text)
    assert "SECRET" not in error.what + error.hint
    assert "AKIA" not in error.what + error.hint


@pytest.mark.parametrize("bucket", ["abc", "a" * 63, "data-lake.of-mine", "0zero9", "1.2.3", "1.2.3.4.5"])
def test_a_bucket_name_at_the_edge_is_taken(bucket: str) -> None:
    assert parsed(f"s3://{bucket}") == BucketLake(bucket)
    assert parsed(f"s3://{bucket}/") == BucketLake(bucket)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("file:lake", "/project/lake"),
        ("file:../lake", "/lake"),
        ("file:/srv/lake", "/srv/lake"),
        ("file:///srv/lake", "/srv/lake"),
        ("file:o meu lago", "/project/o meu lago"),
    ],
)
def test_a_folder_is_relative_to_the_project_and_told_as_it_was_written(text: str, path: str) -> None:
    lake = parsed(text)
    assert isinstance(lake, FolderLake)
    assert lake.path == Path(path)
    assert str(lake) == text


def test_a_lake_that_is_refused_says_where_it_was_named(tmp_path: Path) -> None:
    tmp_path.joinpath("lake.toml").touch()
    with pytest.raises(ConfigurationError, match="--lake is 'x'"):
        Project.load(tmp_path, lake_uri="x", variables={"CINELAKE_LAKE": "y"})
    with pytest.raises(ConfigurationError, match="CINELAKE_LAKE is 'y'"):
        Project.load(tmp_path, variables={"CINELAKE_LAKE": "y"})


def test_an_empty_lake_option_is_refused_and_not_overlooked(tmp_path: Path) -> None:
    tmp_path.joinpath("lake.toml").touch()
    with pytest.raises(ConfigurationError, match="--lake is ''"):
        Project.load(tmp_path, lake_uri="", variables={})
