"""`.env` and the environment: who wins, what is never mixed, and what stays secret."""

import json
from pathlib import Path

import pytest

from cinelake import ConfigurationError, ExitCode, Project
from cinelake.cli.app import app
from cinelake.cli.failures import exit_code_of
from cinelake.config.environment import Environment

KEY, SECRET, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
WHOLE = f"{KEY}=AKIAFILE\n{SECRET}=secret-of-file\n{TOKEN}=token-of-file\n"


def load(directory: Path, env: str | bytes, **variables: str) -> Project:
    """The project with this `.env`, in this environment."""
    directory.joinpath("lake.toml").write_text("", encoding="utf-8")
    directory.joinpath(".env").write_bytes(env.encode() if isinstance(env, str) else env)
    return Project.load(directory, variables=variables)


def read(directory: Path, env: str | bytes, **variables: str) -> Environment:
    """What that project takes from them."""
    return load(directory, env, **variables).environment


def trio(environment: Environment) -> tuple[str | None, str | None, str | None]:
    """The key, the secret and the token, in the open."""
    secret, token = environment.secret_access_key, environment.session_token
    return (
        environment.access_key_id,
        secret.get_secret_value() if secret else None,
        token.get_secret_value() if token else None,
    )


# What is refused


@pytest.mark.parametrize(("there", "lacking"), [(KEY, SECRET), (SECRET, KEY)])
def test_half_a_pair_of_keys_names_the_other_half(tmp_path: Path, there: str, lacking: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, f"{there}=half-a-pair\n")
    assert raised.value.exit_code == ExitCode.USAGE
    assert f"{lacking} is not set" in raised.value.what
    assert "half-a-pair" not in raised.value.what + raised.value.hint


def test_half_a_pair_is_not_completed_from_the_other_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"{SECRET} is not set"):
        load(tmp_path, f"{SECRET}=of-file\n", AWS_ACCESS_KEY_ID="AKIASHELL")
    with pytest.raises(ConfigurationError, match=f"{KEY} is not set"):
        load(tmp_path, WHOLE, AWS_SECRET_ACCESS_KEY="of-shell")


def test_an_env_file_that_is_not_utf8_says_so_and_shows_none_of_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not UTF-8") as raised:
        load(tmp_path, f"{SECRET}=segredo-ção\n".encode("utf-16"))
    assert ".env" in raised.value.what
    assert "segredo" not in raised.value.what + raised.value.hint


def test_an_env_line_that_is_no_assignment_is_told_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="line 2") as raised:
        load(tmp_path, f"{KEY}=AKIAFILE\naws configure: secret-pasted\n{SECRET}=secret-of-file\n")
    assert "secret-pasted" not in raised.value.what + raised.value.hint


@pytest.mark.parametrize("end", ["\n", "\r\nmore", "\x00", "\x7f", "…"], ids=repr)
@pytest.mark.parametrize("name", [KEY, SECRET, TOKEN, "TMDB_TOKEN", "TMDB_API_KEY"])
def test_a_credential_with_a_character_that_none_has_is_named_and_not_shown(
    tmp_path: Path, name: str, end: str
) -> None:
    variables = {KEY: "AKIASHELL", SECRET: "secret-of-shell", name: f"value-of-shell{end}"}
    with pytest.raises(ConfigurationError, match=f"{name} holds") as raised:
        load(tmp_path, "", **variables)
    assert "of-shell" not in raised.value.what + raised.value.hint


@pytest.mark.parametrize(
    "address", ["https://user:TOPSECRET@host:9000", "user:TOP/SECRET@host", "http://host/?key=TOPSECRET", "h#TOPSECRET"]
)
def test_an_endpoint_s_user_and_query_are_not_repeated(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"AWS_ENDPOINT_URL_S3 is .* no address") as raised:
        load(tmp_path, "", AWS_ENDPOINT_URL_S3=address)
    assert "SECRET" not in raised.value.what + raised.value.hint
    assert "h" in raised.value.what


# Who wins


def test_the_real_environment_wins_over_the_file(tmp_path: Path) -> None:
    read_one = read(tmp_path, "AWS_REGION=eu-west-1\nAWS_ENDPOINT_URL_S3=http://file:1\n", AWS_REGION="us-west-2")
    assert read_one.region == "us-west-2"
    assert read_one.endpoint_url == "http://file:1"


def test_an_empty_value_counts_as_none(tmp_path: Path) -> None:
    assert read(tmp_path, "AWS_REGION=eu-west-1\n", AWS_REGION="").region == "eu-west-1"
    assert trio(read(tmp_path, WHOLE, **{KEY: "", SECRET: "", TOKEN: ""})) == trio(read(tmp_path, WHOLE))
    assert trio(read(tmp_path, f"{KEY}=\n{SECRET}=''\n{TOKEN}=  \n")) == (None, None, None)


def test_the_service_s_own_endpoint_wins_over_that_of_all_services(tmp_path: Path) -> None:
    both = "AWS_ENDPOINT_URL=http://all:1\nAWS_ENDPOINT_URL_S3=http://s3:1\n"
    assert read(tmp_path, both).endpoint_url == "http://s3:1"
    assert read(tmp_path, "AWS_ENDPOINT_URL=http://all:1\n").endpoint_url == "http://all:1"


def test_each_service_s_own_endpoint_wins_over_the_one_for_all(tmp_path: Path) -> None:
    own = "AWS_ENDPOINT_URL_GLUE=http://glue:1\nAWS_ENDPOINT_URL_STS=http://sts:1\n"
    both = read(tmp_path, f"AWS_ENDPOINT_URL=http://all:1\n{own}")
    assert (both.endpoint_url, both.glue_endpoint_url, both.sts_endpoint_url) == (
        "http://all:1",
        "http://glue:1",
        "http://sts:1",
    )
    for_all = read(tmp_path, "AWS_ENDPOINT_URL=http://all:1\n")
    assert for_all.glue_endpoint_url == for_all.sts_endpoint_url == "http://all:1"
    assert read(tmp_path, "AWS_ENDPOINT_URL_S3=http://s3:1\n").glue_endpoint_url is None


def test_a_key_of_the_environment_never_takes_the_file_s_token(tmp_path: Path) -> None:
    assert trio(read(tmp_path, WHOLE, **{KEY: "AKIASHELL", SECRET: "secret-of-shell"})) == (
        "AKIASHELL",
        "secret-of-shell",
        None,
    )


@pytest.mark.parametrize("variable", ["AWS_PROFILE", TOKEN])
def test_a_profile_or_token_of_the_environment_leaves_the_file_s_keys_unread(tmp_path: Path, variable: str) -> None:
    key, secret, _ = trio(read(tmp_path, WHOLE, **{variable: "of-shell"}))
    assert (key, secret) == (None, None)


def test_a_key_of_the_environment_leaves_the_file_s_profile_unread(tmp_path: Path) -> None:
    assert read(tmp_path, "AWS_PROFILE=of-file\n", **{KEY: "AKIASHELL", SECRET: "s"}).profile is None


# How the file is read


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("'a$B{c}#d e'", "a$B{c}#d e"),
        ('"a$B ${HOME} #d"', "a$B ${HOME} #d"),
        ("a$HOME/b+c=", "a$HOME/b+c="),
        ("${AWS_ACCESS_KEY_ID}", "${AWS_ACCESS_KEY_ID}"),
        ("ab#cd", "ab#cd"),
        ("abcd # a comment", "abcd"),
    ],
)
def test_a_secret_is_taken_to_the_letter(tmp_path: Path, written: str, meant: str) -> None:
    assert trio(read(tmp_path, f"{KEY}=AKIAFILE\n{SECRET}={written}\n")) == ("AKIAFILE", meant, None)


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    assert trio(read(tmp_path, WHOLE.encode("utf-8-sig"))) == ("AKIAFILE", "secret-of-file", "token-of-file")


def test_windows_line_ends_and_export_are_not_part_of_a_value(tmp_path: Path) -> None:
    text = "".join(f"export {line}\r\n" for line in WHOLE.splitlines())
    assert trio(read(tmp_path, text)) == ("AKIAFILE", "secret-of-file", "token-of-file")


def test_a_folder_without_env_file_has_no_credentials_of_its_own(tmp_path: Path) -> None:
    tmp_path.joinpath("lake.toml").touch()
    assert trio(Project.load(tmp_path, variables={}).environment) == (None, None, None)


# What stays secret


def test_a_project_prints_no_secret(tmp_path: Path) -> None:
    for project in (
        load(tmp_path, WHOLE),
        load(tmp_path, "", **{KEY: "A", SECRET: "secret-of-x", TOKEN: "token-of-x"}),
    ):
        shown = repr(project) + str(project) + f"{project.environment!r} {vars(project.environment)}"
        assert "secret-of" not in shown
        assert "token-of" not in shown


def test_a_command_that_fails_for_its_credentials_prints_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.joinpath("lake.toml").touch()
    tmp_path.joinpath(".env").write_text(f"{SECRET}=secret-of-file\n{TOKEN}=token-of-file\n", encoding="utf-8")
    assert exit_code_of(app, ["land", "--project", str(tmp_path), "--json", "-vv"]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert KEY in json.loads(told.out)["error"]["what"]
    assert "secret-of" not in told.out + told.err
    assert "token-of" not in told.out + told.err
