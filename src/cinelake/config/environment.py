"""What the environment and `.env` say, merged: the real environment wins, and credentials are never mixed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import SecretStr

from cinelake.config.nearest import nearest
from cinelake.config.redaction import redacted
from cinelake.errors import ConfigurationError

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
CREDENTIALS = (*KEYS, "TMDB_TOKEN", "TMDB_API_KEY")
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
STS_ENDPOINTS = ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")
GLUE_ENDPOINTS = ("AWS_ENDPOINT_URL_GLUE", "AWS_ENDPOINT_URL")
DOTENV = ".env"
READ = (
    *CREDENTIALS,
    *ENDPOINTS,
    *STS_ENDPOINTS[:1],
    *GLUE_ENDPOINTS[:1],
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_CA_BUNDLE",
    "CINELAKE_LAKE",
)
"""What is read of `.env`."""
READ_BY_OTHERS = re.compile(
    r"AWS_ENDPOINT_URL_\w+|AWS_DEFAULT_PROFILE|AWS_SECURITY_TOKEN|AWS_CONFIG_FILE|UID_GID"
    r"|CINELAKE_(CONTAINER|DATABASE|FILES|IMAGE|IMDB_URL|SHARDS|SHARED|VOLUME|WITHOUT_CREDENTIALS)"
)
"""By Compose, by boto3 and by our own tools: alike, and no slip."""
SLIP = 0.8
"""How much a variable's name must be like one that is read to be taken for a slip."""


class VariableError(ConfigurationError):
    """A variable is not as it must be."""

    def __init__(self, name: str, fault: str, hint: str) -> None:
        super().__init__(f"{name} {fault}", hint)
        self.name = name


class DotenvError(ConfigurationError):
    """`.env` cannot be read."""

    def __init__(self, what: str, hint: str, line: int | None = None) -> None:
        super().__init__(what, hint)
        self.line = line
        """Which of its lines is none; None where none of it can be read."""


@dataclass(frozen=True)
class Environment:
    """The variables that cinelake reads. Secrets print as stars."""

    lake_uri: str | None
    """CINELAKE_LAKE."""
    region: str | None
    """AWS_REGION, or AWS_DEFAULT_REGION."""
    profile: str | None
    """AWS_PROFILE."""
    endpoint_url: str | None
    """AWS_ENDPOINT_URL_S3, or AWS_ENDPOINT_URL; None for AWS itself."""
    sts_endpoint_url: str | None
    """AWS_ENDPOINT_URL_STS, or AWS_ENDPOINT_URL: whom to ask whose credentials are; None for AWS itself."""
    glue_endpoint_url: str | None
    """AWS_ENDPOINT_URL_GLUE, or AWS_ENDPOINT_URL: where tables are catalogued; None for AWS itself."""
    certificates: str | None
    """AWS_CA_BUNDLE: a file of certificate authorities to trust."""
    access_key_id: str | None
    """AWS_ACCESS_KEY_ID; None leaves the search for credentials to boto3's own chain."""
    secret_access_key: SecretStr | None = field(repr=False)
    """AWS_SECRET_ACCESS_KEY."""
    session_token: SecretStr | None = field(repr=False)
    """AWS_SESSION_TOKEN."""
    tmdb_token: SecretStr | None = field(repr=False)
    """TMDB_TOKEN: a v4 read token."""
    tmdb_api_key: SecretStr | None = field(repr=False)
    """TMDB_API_KEY: a v3 key, used where there is no token."""
    slips: tuple[tuple[str, str], ...] = ()
    """Names in `.env` that nobody reads, each with the one that was probably meant and is not set."""

    def hint_at(self, hint: str, *names: str) -> str:
        """A hint for whoever lacks variables of these names: what was written in the place of one comes first."""
        return next((f"{_told_slip(*slip)} {hint}" for slip in self.slips if slip[1] in names), hint)


def find_slips(filed: Mapping[str, str], real: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Names in `.env` that nobody reads, each with the one that was probably meant and is set nowhere."""
    unread = [name for name in filed if name not in READ and not READ_BY_OTHERS.fullmatch(name)]
    found = [(name, nearest(name, READ, like=SLIP)) for name in unread if re.fullmatch(r"[\w.-]+", name)]
    return tuple((name, meant) for name, meant in found if meant and meant not in filed and meant not in real)


def _told_slip(name: str, meant: str) -> str:
    return f"{DOTENV} sets {name}: did you mean {meant}?"


def read_environment(directory: Path, variables: Mapping[str, str]) -> Environment:
    """Merges `.env` of the project folder under the real environment.

    An empty value counts as none. The key, the secret and the token belong together: where the real environment
    names any of them or a profile, those of `.env` are left unread, since a key with another key's token is refused.

    Args:
        directory: the project folder; `.env` may be missing.
        variables: the real environment.

    Raises:
        ConfigurationError: `.env` cannot be read, a key is without its secret, a credential holds what none does, or
            an endpoint is no address.
    """
    real = {name: value for name, value in variables.items() if value}
    filed = read_dotenv(directory)
    if names_credentials(real):
        filed = {name: value for name, value in filed.items() if name not in (*KEYS, "AWS_PROFILE")}
    merged = {**filed, **real}
    slips = find_slips(filed, real)
    _check_credentials(merged)
    key, secret, token = (merged.get(name) for name in KEYS)
    if bool(key) != bool(secret):
        raise VariableError(
            KEYS[0] if secret else KEYS[1],
            f"is not set, but {KEYS[1] if secret else KEYS[0]} is",
            next(
                (_told_slip(*slip) for slip in slips if slip[1] in KEYS),
                "set both, in .env or in the environment, or neither",
            ),
        )
    return Environment(
        lake_uri=merged.get("CINELAKE_LAKE"),
        region=merged.get("AWS_REGION") or merged.get("AWS_DEFAULT_REGION"),
        profile=merged.get("AWS_PROFILE"),
        endpoint_url=_first_address(ENDPOINTS, merged),
        sts_endpoint_url=_first_address(STS_ENDPOINTS, merged),
        glue_endpoint_url=_first_address(GLUE_ENDPOINTS, merged),
        certificates=merged.get("AWS_CA_BUNDLE"),
        access_key_id=key,
        secret_access_key=SecretStr(secret) if secret else None,
        session_token=SecretStr(token) if token else None,
        tmdb_token=_secret(merged, "TMDB_TOKEN"),
        tmdb_api_key=_secret(merged, "TMDB_API_KEY"),
        slips=slips,
    )


def _secret(variables: Mapping[str, str], name: str) -> SecretStr | None:
    value = variables.get(name, "").strip()
    return SecretStr(value) if value else None


def _check_credentials(variables: Mapping[str, str]) -> None:
    """Refuses what no header of a request can carry: there it would be quoted in the error."""
    for name in CREDENTIALS:
        if not (variables.get(name, "").isascii() and variables.get(name, "").isprintable()):
            raise VariableError(
                name,
                "holds a line end, or another character that no credential has",
                "copy it anew, in one line, into .env or the environment",
            )


def names_credentials(variables: Mapping[str, str]) -> bool:
    """Whether these variables say whose credentials to use, wherever others are said."""
    return any(variables.get(name) for name in (*KEYS, "AWS_PROFILE"))


def _first_address(names: Sequence[str], variables: Mapping[str, str]) -> str | None:
    name = next((name for name in names if variables.get(name)), None)
    if name is None:
        return None
    if not re.fullmatch(r"https?://[^\s/?#@]+/?", variables[name]):
        raise VariableError(
            name,
            f"is {redacted(variables[name])!r}: that is no address",
            "write it as http://127.0.0.1:9000; keys stand in variables of their own",
        )
    return variables[name]


def read_dotenv(directory: Path) -> dict[str, str]:
    """The variables of a folder's `.env` that have a value; none where there is no such file.

    Raises:
        ConfigurationError: it cannot be read.
    """
    path = directory / DOTENV
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise DotenvError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}",
            "make it a text file of NAME=value lines that you may read; .env.example shows one",
        ) from error
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            line = binding.original.line
            raise DotenvError(f"{path.name}, line {line}, is no NAME=value", "mend that line, or start it with #", line)
    # Values are taken as they stand: a secret may hold a dollar sign.
    values = dotenv_values(stream=StringIO(text), interpolate=False)
    return {name: value.strip() for name, value in values.items() if value and value.strip()}
