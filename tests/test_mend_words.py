"""Each text that the doctor has copied, to the letter, and which finding and error leads to it."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cinelake import Finding, Mend, examine, land_files
from cinelake.config.environment import VariableError
from cinelake.config.settings import Settings
from cinelake.doctor import mends
from cinelake.doctor.bucket import LeftBehindError, compare_regions
from cinelake.doctor.findings import IN_PROJECT
from cinelake.doctor.mends import Reader, mend_of
from cinelake.errors import AccessError
from cinelake.lake.failures import lake_failures
from mending import HARMFUL, examined
from projects import ProjectFolder
from test_errors import client_error, made

KEYS_TEXT = "AWS_ACCESS_KEY_ID=YOUR_KEY_ID\nAWS_SECRET_ACCESS_KEY=YOUR_SECRET"
TOKEN_TEXT = f"{KEYS_TEXT}\nAWS_SESSION_TOKEN=YOUR_SESSION_TOKEN"
POLICY_TEXT = (
    "cinelake doctor --policy > policy.json && aws iam put-user-policy --user-name YOUR_USER "
    "--policy-name cinelake --policy-document file://policy.json"
)
CLOCK_TEXT = "sudo timedatectl set-ntp true"


def test_what_mends_by_code_and_by_name_is_this() -> None:
    """Each word of it is pasted by somebody, so each is told here."""
    assert {code: (mend.text, mend.place) for code, mend in mends.BY_CODE.items()} == {
        "SignatureDoesNotMatch": (KEYS_TEXT, ".env"),
        "InvalidAccessKeyId": (KEYS_TEXT, ".env"),
        "InvalidToken": (TOKEN_TEXT, ".env"),
        "ExpiredToken": (TOKEN_TEXT, ".env"),
        "ExpiredTokenException": (TOKEN_TEXT, ".env"),
        "RequestTimeTooSkewed": (CLOCK_TEXT, None),
        "AccessDenied": (POLICY_TEXT, None),
    }
    assert {name: (mend.text, mend.place) for name, mend in mends.BY_NAME.items()} == {
        "lake.toml": ('"${EDITOR:-vi}" lake.toml', IN_PROJECT),
        ".env": ('"${EDITOR:-vi}" .env', IN_PROJECT),
        "variables": ('"${EDITOR:-vi}" .env', IN_PROJECT),
        "lake": ('uri = "file:lake"', "lake.toml, under [lake]"),
        "sources": ('"${EDITOR:-vi}" lake.toml', IN_PROJECT),
        "TMDB": ("curl --silent --show-error --head https://api.themoviedb.org", None),
        "disk": ("df -h .", IN_PROJECT),
        "disk of the lake": ("cinelake expire --builds", None),
        "credentials": (KEYS_TEXT, ".env"),
        "identity": (KEYS_TEXT, ".env"),
        "clock": (CLOCK_TEXT, None),
        "bucket": ('uri = "s3://ANOTHER-NAME"', "lake.toml, under [lake]"),
        "bucket settings": (POLICY_TEXT, None),
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CINELAKE_LAKE", "CINELAKE_LAKE=file:lake"),
        ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID=YOUR_KEY_ID"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY=YOUR_SECRET"),
        ("AWS_SESSION_TOKEN", "AWS_SESSION_TOKEN=YOUR_SESSION_TOKEN"),
        ("AWS_CA_BUNDLE", "AWS_CA_BUNDLE=/PATH/TO/authority.pem"),
        ("AWS_REGION", "AWS_REGION=us-east-1"),
        ("TMDB_TOKEN", "TMDB_TOKEN=YOUR_READ_ACCESS_TOKEN"),
        ("TMDB_API_KEY", "TMDB_API_KEY=YOUR_API_KEY"),
        ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_S3=http://127.0.0.1:9000"),
    ],
)
def test_a_variable_is_mended_by_a_line_of_env(name: str, text: str) -> None:
    assert mend_of(VariableError(name, "is wrong", "mend it")) == Mend(text, ".env")


def test_no_mend_removes_or_gives_away_all_that_lies_below_a_folder() -> None:
    """Of those that tests provoke `examined` looks at each; here at all that the program can tell."""
    package = Path(mends.__file__).parents[1]
    modules = [*package.glob("doctor/*.py"), package / "lake" / "safety.py"]
    assert len(modules) > 8
    assert [module.name for module in modules if HARMFUL.search(module.read_text(encoding="utf-8"))] == []
    for command in ("rm -rf .cinelake", "rm -fr /", 'sudo chown -R "$(id -u)" /', "chmod -R u+w ."):
        assert HARMFUL.search(command)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (KEYS_TEXT, "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"),
        ("AWS_REGION=us-east-1\nTMDB_TOKEN=YOUR_READ_ACCESS_TOKEN", "TMDB_TOKEN"),
        ("AWS_CA_BUNDLE=/PATH/TO/authority.pem", "AWS_CA_BUNDLE"),
        ("AWS_REGION=REGION_OF_THE_BUCKET", "AWS_REGION"),
    ],
)
def test_an_example_that_was_pasted_and_not_filled_in_is_told(folder: ProjectFolder, text: str, names: str) -> None:
    folder.path.joinpath(".env").write_text(f"{text}\n", encoding="utf-8")
    found = examined(folder.path)[".env"]
    assert (found["ok"], found["detail"]) == (False, f"still holds an example in the place of {names}")
    assert found["mend"] == {"run": '"${EDITOR:-vi}" .env'}


def test_a_token_that_tmdb_s_api_lacks_is_told_to_the_end(folder: ProjectFolder) -> None:
    folder.write_settings(tmdb='source = "api"')
    found = examined(folder.path)["TMDB"]
    assert (found["ok"], found["mend"]) == (None, {"in": ".env", "write": "TMDB_TOKEN=YOUR_READ_ACCESS_TOKEN"})
    assert found["hint"]
    ended = folder.cinelake("doctor")
    assert ended.returncode == 0
    assert ended.stdout.endswith("\nnothing is wrong; see the hint at TMDB, lake\n")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("SignatureDoesNotMatch", KEYS_TEXT),
        ("InvalidClientTokenId", KEYS_TEXT),
        ("ExpiredToken", TOKEN_TEXT),
        ("PermanentRedirect", "AWS_REGION=REGION_OF_THE_BUCKET"),
        ("RequestTimeTooSkewed", "sudo timedatectl set-ntp true"),
        ("AccessDenied", POLICY_TEXT),
    ],
)
def test_what_a_service_refuses_is_mended_by_its_code(code: str, text: str) -> None:
    with pytest.raises(AccessError) as raised, lake_failures("cannot ask"):
        raise client_error(code)
    mend = mend_of(raised.value)
    assert mend is not None
    assert mend.text == text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ProfileNotFound", "aws configure --profile word"),
        ("SSOTokenLoadError", "aws sso login"),
        ("InvalidRegionError", "AWS_REGION=us-east-1"),
        ("SSLError", "AWS_CA_BUNDLE=/PATH/TO/authority.pem"),
    ],
)
def test_what_boto3_raises_is_mended_by_its_kind(kind: str, text: str) -> None:
    from botocore import exceptions as aws

    with pytest.raises(Exception, match="cannot ask") as raised, lake_failures("cannot ask"):
        raise made(getattr(aws, kind))
    mend = mend_of(raised.value)  # type: ignore[arg-type]
    assert mend is not None
    assert mend.text == text


def test_a_wrong_region_and_an_upload_left_behind_are_mended_by_what_they_tell() -> None:
    reader = Reader("cinelake", Path(), None, {"AWS_REGION": "us-east-1"})
    region = reader.mended(compare_regions("sa-east-1", "us-east-1", on_aws=True))
    assert region.mend == Mend("export AWS_REGION=sa-east-1")
    assert "--upload-id 2~id" in LeftBehindError("lake", "2~id", "AccessDenied").command


DENIED = Finding("may write", False, "access is denied", "ask for it")


@pytest.mark.parametrize(
    ("filed", "endpoint_url", "told"),
    [
        (
            False,
            None,
            "cinelake doctor --project 'a folder' --policy > policy.json && aws iam put-user-policy "
            "--user-name YOUR_USER --policy-name cinelake --policy-document file://policy.json",
        ),
        (
            True,
            None,
            "cinelake doctor --project 'a folder' --policy > policy.json && (set -a; . 'a folder'/.env; "
            "aws iam put-user-policy --user-name YOUR_USER --policy-name cinelake "
            "--policy-document file://policy.json)",
        ),
        (True, "http://127.0.0.1:7480", "cinelake doctor --project 'a folder' --policy"),
    ],
)
def test_only_aws_is_told_a_policy_of_its_iam(filed: bool, endpoint_url: str | None, told: str) -> None:
    reader = Reader("cinelake", Path("a folder"), None, {}, endpoint_url, filed)
    assert reader.mended(replace(DENIED, mend=mends.POLICY)).mend == Mend(told)


def test_an_endpoint_in_a_command_is_one_word() -> None:
    reader = Reader("cinelake", Path(), None, {}, "http://a;b$(c)")
    found = reader.mended(replace(DENIED, mend=Mend("aws s3api list-buckets")))
    assert found.mend == Mend("aws s3api list-buckets --endpoint-url 'http://a;b$(c)'")


@pytest.mark.parametrize("name", [*mends.BY_NAME, "endpoint", "may write"])
def test_whatever_is_wrong_has_something_to_copy(name: str) -> None:
    for endpoint_url in (None, "http://127.0.0.1:9"):
        found = Reader("cinelake", Path("a folder"), None, {}, endpoint_url).mended(Finding(name, False, "it", "do"))
        assert found.mend is not None
        assert found.mend.text.strip()
        if found.mend.place is None:
            assert subprocess.run(["sh", "-n", "-c", found.mend.text], check=False, timeout=60).returncode == 0


def test_what_is_right_and_what_waits_for_something_else_has_nothing_to_copy(folder: ProjectFolder) -> None:
    land_files(*folder.open())
    result = examine(folder.path, variables={})
    assert [finding.name for finding in result.findings if finding.mend] == []


def test_a_setting_s_example_is_one_that_lake_toml_takes() -> None:
    from cinelake.config.project import EXAMPLES, TABLES

    assert set(TABLES) == set(Settings.model_fields) - {"questions"}
    for table, model in TABLES.items():
        for key in EXAMPLES.keys() & model.model_fields.keys():
            needed = {"dataset": "Movies", "path": "x.csv"} if table == "source" else {}
            model.model_validate({**needed, key: EXAMPLES[key]})
