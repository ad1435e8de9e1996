"""The boto3 session: whose credentials are used, from the project or from boto3's own chain."""

import os
from pathlib import Path

import botocore.session
from boto3 import Session
from botocore.loaders import Loader
from pydantic import SecretStr

from cinelake.config import Project
from cinelake.config.environment import KEYS
from cinelake.errors import AccessError
from cinelake.lake.failures import NO_CREDENTIALS, lake_failures

SERVICES = ("glue", "s3", "secretsmanager", "signin", "sso", "sso-oidc", "sts")
"""The services of the lake, of its catalogue and, on Lambda, of TMDB's token; and those that boto3's chain may ask for
credentials."""


def open_session(project: Project) -> Session:
    """A boto3 session from the project's credentials, or from boto3's own chain where it has none.

    Raises:
        AccessError: no credentials anywhere.
    """
    given = project.environment
    with lake_failures(f"cannot open {project.lake_uri}"):
        session = Session(
            aws_access_key_id=given.access_key_id,
            aws_secret_access_key=_plain(given.secret_access_key),
            aws_session_token=_plain(given.session_token),
            region_name=project.region,
            profile_name=given.profile if not given.access_key_id else None,
            botocore_session=_open_core(),
        )
        if session.get_credentials() is None:
            what, hint = NO_CREDENTIALS
            raise AccessError(f"cannot open {project.lake_uri}: {what}", given.hint_at(hint, *KEYS, "AWS_PROFILE"))
    return session


def _open_core() -> botocore.session.Session:
    core = botocore.session.get_session()
    more = core.get_config_variable("data_path") or ""
    paths = [str(Path(path).expanduser()) for path in more.split(os.pathsep) if path]
    core.register_component("data_loader", _Loader(extra_search_paths=paths))
    return core


class _Loader(Loader):
    """Loads what boto3 knows of a service, which is not looked for among all that AWS has, folder by folder, first."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 all are of every type
        return list(SERVICES)


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
