"""The boto3 session: it knows the services that a lake needs, and no others are looked for."""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.session
import pytest
from botocore import credentials, tokens
from botocore.exceptions import UnknownServiceError

from cinelake.lake.session import SERVICES, open_session
from landings import write_project
from projects import Place

PLACE = Place("s3://lake-test", {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "SECRETTEST"})


@pytest.fixture
def session(tmp_path: Path) -> Any:
    """A session of a project with keys. Any: the stubs want each service by its own name."""
    return open_session(write_project(tmp_path, {}).load(PLACE))


def services_asked_by(module: ModuleType) -> Iterator[str]:
    """The service of every client that a module of botocore makes."""
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name.endswith(("client_creator", "create_client")):
                yield str(node.args[0].value)


def test_every_service_that_the_chain_asks_for_credentials_is_known() -> None:
    asked = {name for module in (credentials, tokens) for name in services_asked_by(module)}
    assert {"sts", "sso"} <= asked <= set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_of_each_service_does_what_boto3_s_own_does(session: Any, service: str) -> None:
    ours = session.client(service, region_name="eu-west-3")
    usual = botocore.session.get_session().create_client(service, region_name="eu-west-3")
    assert ours.meta.service_model.operation_names == usual.meta.service_model.operation_names
    assert ours.meta.endpoint_url == usual.meta.endpoint_url


def test_another_service_is_refused_and_not_looked_for(session: Any) -> None:
    with pytest.raises(UnknownServiceError):
        session.client("ec2")
