"""Whatever goes wrong, and however much is told of it, no secret is printed."""

import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import typer

from cinelake.cli.app import JsonOption, ProjectOption, VerboseOption
from cinelake.cli.failures import exit_code_of
from cinelake.config.redaction import masked, redacted, secret_values
from projects import Place, ProjectFolder, S3Server
from test_refused_by_aws import Answers, service

SECRET = "wJalrXUtn+FEMI/K7MDENG=bPx"
TOKEN = "FwoGZXIvYXdzEBYaD/session+token=="
TMDB = "eyJhbGciOiJIUzI1NiJ9.tmdb"
PASSWORD = "TOPSECRET"
ENV = f"AWS_ACCESS_KEY_ID=AKIATEST\nAWS_SECRET_ACCESS_KEY={SECRET}\nAWS_SESSION_TOKEN={TOKEN}\nTMDB_TOKEN={TMDB}\n"


def assert_nothing_is_told(told: str) -> None:
    """None of the secrets stands there, in whatever form."""
    for secret in (SECRET, TOKEN, TMDB, PASSWORD):
        for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
            assert form not in told


def assert_failure_tells_nothing(folder: ProjectFolder, *arguments: str, code: int, **variables: str) -> str:
    """Runs the program so that it tells as much as it can; returns what it told."""
    ended = folder.cinelake(*arguments, "-vv", "--json", variables=variables)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" in ended.stderr
    assert_nothing_is_told(ended.stdout + ended.stderr)
    return ended.stdout + ended.stderr


@pytest.fixture
def secretive(folder: ProjectFolder) -> ProjectFolder:
    """A project with secrets in its `.env`."""
    folder.path.joinpath(".env").write_text(ENV, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "more",
    [
        f'token = "{PASSWORD}"',
        f'base_url = "https://api.themoviedb.org/3?api_key={PASSWORD}"',
        f'base_url = "https://me:{PASSWORD}@api.themoviedb.org"',
        f'source = ["{PASSWORD}"]',
    ],
    ids=lambda more: more.partition(" ")[0],
)
def test_a_secret_at_the_wrong_place_of_lake_toml_is_not_shown(secretive: ProjectFolder, more: str) -> None:
    secretive.write_settings(tmdb=more)
    assert "tmdb." in assert_failure_tells_nothing(secretive, "land", code=2)


def test_a_secret_in_an_address_is_not_shown(secretive: ProjectFolder) -> None:
    endpoint = {"AWS_ENDPOINT_URL_S3": f"https://user:{PASSWORD}@host:9000"}
    assert "AWS_ENDPOINT_URL_S3" in assert_failure_tells_nothing(secretive, "land", code=2, **endpoint)
    for lake in (f"s3://AKIA:{PASSWORD}@bucket", f"s3://AKIA:{SECRET}@bucket", f"gs://{SECRET}"):
        assert "--lake" in assert_failure_tells_nothing(secretive, "land", "--lake", lake, code=2)


def test_a_secret_in_a_wrong_command_is_not_shown(secretive: ProjectFolder) -> None:
    assert_failure_tells_nothing(secretive, "land", f"s3://AKIA:{PASSWORD}@bucket", code=2)
    assert_failure_tells_nothing(secretive, "land", "--token", SECRET, code=2)
    assert_failure_tells_nothing(secretive, "land", f"--tmdb-token={TMDB}", code=2)


def test_a_credential_that_no_request_can_carry_is_not_shown(secretive: ProjectFolder) -> None:
    for name, value in (("AWS_SECRET_ACCESS_KEY", f"{SECRET}\n{SECRET}"), ("AWS_SESSION_TOKEN", f"{TOKEN}\n{TMDB}")):
        secretive.path.joinpath(".env").write_text(f'{ENV}{name}="{value}"\n', encoding="utf-8")
        endpoint = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}
        assert name in assert_failure_tells_nothing(secretive, "land", "--lake", "s3://a-lake", code=2, **endpoint)


def test_a_service_that_fails_shows_none(secretive: ProjectFolder, rclone: S3Server) -> None:
    for endpoint, code in ((rclone.endpoint, 4), ("http://127.0.0.1:1", 5)):
        told = {"AWS_ENDPOINT_URL_S3": endpoint}
        for command in ("land", "build", "verify"):
            assert_failure_tells_nothing(secretive, command, "--lake", "s3://a-lake", code=code, **told)


def test_a_fault_that_quotes_them_shows_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.joinpath(".env").write_text(ENV, encoding="utf-8")
    program = typer.Typer()

    @program.command()
    def end(project: ProjectOption, json: JsonOption, verbose: VerboseOption) -> None:
        try:
            raise ValueError(f"Invalid header value {TOKEN.encode()!r}")
        except ValueError as error:
            raise RuntimeError(f"GET https://me:{PASSWORD}@host/?token={quote(TOKEN, safe='')}&key={SECRET}") from error

    assert exit_code_of(program, [f"--project={tmp_path}", "--json", "-vv"]) == 1
    told = capsys.readouterr()
    assert_nothing_is_told(told.out + told.err)
    assert "Invalid header value b'***'" in told.err
    assert json.loads(told.out)["error"]["what"].endswith("GET https://***@host/?token=***&key=***")


# What counts as secret, and how it is starred out


def test_the_secrets_at_hand_are_those_of_env_and_environment_by_their_names(tmp_path: Path) -> None:
    tmp_path.joinpath(".env").write_text(f"{ENV}no assignment here\nOTHER_API_KEY=0123456789\n", encoding="utf-8")
    found = secret_values(
        tmp_path,
        {
            "AWS_SECRET_ACCESS_KEY": "of-environment",
            "PGPASSWORD": "of-database",
            "HTTPS_PROXY": "http://me:of-proxy@host:3128",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/run/token",
            "AWS_REGION": "us-east-1",
            "SHORT_TOKEN": "abc",
            "LONG_TOKEN": "first-line\nsecond-line\n",
        },
    )
    assert found == {
        SECRET, TOKEN, TMDB, "0123456789", "of-environment", "of-database", "me:of-proxy", "of-proxy",
        "first-line\nsecond-line\n", "first-line", "second-line",
    }  # fmt: skip


def test_without_env_file_only_the_environment_is_asked(tmp_path: Path) -> None:
    assert secret_values(tmp_path, {}) == frozenset()
    tmp_path.joinpath(".env").write_bytes(ENV.encode("utf-16"))
    secret_values(tmp_path, {})


def test_a_secret_within_another_leaves_nothing_of_it() -> None:
    assert masked("abcdefghi and abcdef", {"abcdef", "abcdefghi"}) == "*** and ***"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://host:9000/path", "https://host:9000/path"),
        ("https://me:word@host", "https://***@host"),
        ("https://me:wo/rd@host", "https://***@host"),
        ("me:word@host", "***@host"),
        ("https://host?key=word", "https://host?***"),
        ("https://host#word", "https://host#***"),
        ("s3://me:w\no@bucket", "s3://***@bucket"),
        ("file:lake", "file:lake"),
    ],
)
def test_an_address_is_quoted_without_user_and_query(address: str, shown: str) -> None:
    assert redacted(address) == shown


@pytest.mark.parametrize("command", ["land", "verify", "doctor"])
def test_a_token_of_a_profile_is_shown_by_no_traceback(folder: ProjectFolder, command: str) -> None:
    """AWS repeats an expired token in its answer; cinelake reads that one nowhere itself."""
    token = "FwoGZXIvYXdzE-a-token-of-the-tests"
    profile = folder.path / "credentials"
    profile.write_text(
        f"[default]\naws_access_key_id = AKIATEST\naws_secret_access_key = S\naws_session_token = {token}\n"
    )
    answer = (
        f"<Error><Code>ExpiredToken</Code><Message>The token has expired.</Message><Token-0>{token}</Token-0></Error>"
    )
    with service(Answers(400, "ExpiredToken", more=answer)) as place:
        variables = {"AWS_ENDPOINT_URL_S3": place.variables["AWS_ENDPOINT_URL_S3"]}
        variables |= {"AWS_SHARED_CREDENTIALS_FILE": str(profile), "AWS_REGION": "us-east-1"}
        ended = folder.cinelake(command, "--lake", place.uri, "-vv", variables=variables)
    assert ended.returncode in (1, 4)
    assert "the session token has expired" in ended.stdout + ended.stderr
    assert token not in ended.stdout + ended.stderr


def test_no_manifest_holds_a_secret(folder: ProjectFolder, moto: S3Server) -> None:
    place = Place.on(moto)
    ended = folder.cinelake("run", "-vv", place=place, variables={"TMDB_TOKEN": "a-token-of-the-tests"})
    assert ended.returncode == 0, ended.stderr
    held = b"".join(place.objects().values()) + (ended.stdout + ended.stderr).encode()
    assert moto.secret_key.encode() not in held
    assert b"a-token-of-the-tests" not in held
