"""Credentials: where from, until when, and whose. Neither the secret nor the token is looked at."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from boto3 import Session
from botocore.exceptions import ClientError

from cinelake.config import Project
from cinelake.config.environment import DOTENV, KEYS
from cinelake.doctor.findings import Finding, wrong
from cinelake.errors import CinelakeError, ServiceError
from cinelake.lake.bucket import Bucket, is_of_aws
from cinelake.lake.failures import REFUSED_CREDENTIALS, SYNONYMS, code_of, lake_failures
from cinelake.lake.session import open_session

SHOWN = 4
"""Characters of an access key that are told."""
SOURCES = {
    "env": "the environment",
    "shared-credentials-file": "~/.aws/credentials",
    "config-file": "~/.aws/config",
    "custom-process": "the credential_process of ~/.aws/config",
    "assume-role": "a role of ~/.aws/config",
    "assume-role-with-web-identity": "a role by web identity",
    "sso": "SSO",
    "login": "aws login",
    "container-role": "the container's role",
    "iam-role": "the instance's role",
}
"""botocore's names of where credentials come from (the METHOD of each class in botocore/credentials.py), in words."""


def look_at_credentials(
    project: Project, variables: Mapping[str, str], now: datetime
) -> tuple[Session | None, Finding]:
    """Finds credentials as every command does, through boto3's chain; None where there are none."""
    try:
        session = open_session(project)
        with lake_failures("cannot get credentials"):
            credentials: Any = session.get_credentials()
            frozen = credentials.get_frozen_credentials()  # a role's or SSO's are fetched now
    except CinelakeError as error:
        return None, wrong("credentials", error)
    if project.environment.access_key_id:
        source = "the environment" if variables.get(KEYS[0]) else DOTENV
    else:
        profile = f" (profile {session.profile_name})" if "aws" in SOURCES.get(credentials.method, "") else ""
        source = SOURCES.get(credentials.method, credentials.method) + profile
    told = f"from {source}: access key {hide(frozen.access_key)}, "
    if not frozen.token:
        return session, Finding("credentials", True, told + "not temporary")
    until: datetime | None = getattr(credentials, "_expiry_time", None)
    if until is None:
        return session, Finding("credentials", True, told + "temporary; until when is not told")
    left_min = (until - now).total_seconds() / 60
    ends = f"temporary, until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({left_min:,.0f} minutes)"
    return session, Finding("credentials", True, told + ends)


def hide(access_key: str) -> str:
    """An access key with all but its last characters as stars."""
    hidden = max(len(access_key) - SHOWN, SHOWN)
    return "*" * hidden + access_key[hidden:]


def look_at_identity(bucket: Bucket, session: Session, sts_endpoint_url: str | None) -> Finding:
    """Whose the credentials are, as a service says that accepts them.

    AWS's STS is asked only where the lake is on AWS: who configured another store is not told of to AWS.
    """
    ways: list[Callable[[], str]] = []
    try:
        with lake_failures("cannot ask whose the credentials are"):
            sts: Any = session.client(
                "sts",
                region_name=bucket.region,
                endpoint_url=sts_endpoint_url,
                verify=bucket.certificates,
                config=bucket.config,
            )
        if bucket.endpoint_url is None or not is_of_aws(sts.meta.endpoint_url):
            ways.append(lambda: _ask_sts(sts))
    except CinelakeError as error:
        return wrong("identity", error)
    ways.append(lambda: _ask_owner(bucket))
    reasons = []
    for ask in ways:
        try:
            with lake_failures("cannot ask whose the credentials are"):
                return Finding("identity", True, ask())
        except CinelakeError as error:
            if _refuses(error):
                return wrong("identity", error)
            reasons.append(error.what)
    return Finding("identity", None, f"not told: {reasons[-1]}")


def _refuses(error: CinelakeError) -> bool:
    """Whether a service refused the credentials themselves, and not what was asked with them."""
    cause = error.__cause__
    code = code_of(cause)[0] if isinstance(cause, ClientError) else ""
    return SYNONYMS.get(code, code) in REFUSED_CREDENTIALS


def _ask_sts(sts: Any) -> str:
    try:
        answer = sts.get_caller_identity()
        return f"{answer['Arn']}, account {answer['Account']} (STS)"
    except KeyError as error:  # botocore's own, of an answer that is none of STS
        raise ServiceError("what answered is no STS", "check AWS_ENDPOINT_URL_STS and AWS_ENDPOINT_URL") from error


def _ask_owner(bucket: Bucket) -> str:
    """Whom the service names as the owner of the buckets that these credentials list."""
    owner = bucket.client.list_buckets().get("Owner", {})
    name = owner.get("DisplayName") or owner.get("ID")
    return f"{name} (the owner of the buckets that are listed)" if name else "accepted; the service names no owner"
