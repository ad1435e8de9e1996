"""What boto3 raises for the Glue Data Catalog comes out as one of ours: with Glue's own actions and variable."""

from typing import Any

import pytest
from botocore import exceptions as aws

from cinelake.catalog.failures import MEANWHILE, catalog_failures
from cinelake.errors import AccessError, CinelakeError, ServiceError
from cinelake.lake.failures import BusyError

DOING = "cannot create the Glue table films.refined_fact_title"


def failure_of(error: BaseException) -> CinelakeError:
    with pytest.raises(CinelakeError) as raised, catalog_failures(DOING, "CreateTable"):
        raise error
    assert raised.value.__cause__ is error
    assert raised.value.what.startswith(f"{DOING}: ")
    return raised.value


def client_error(code: str, status: int = 400) -> aws.ClientError:
    """What boto3 raises for Glue's answer."""
    answer: Any = {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(answer, "CreateTable")


@pytest.mark.parametrize("code", sorted(MEANWHILE))
def test_what_changed_at_that_moment_is_to_be_run_again(code: str) -> None:
    failure = failure_of(client_error(code))
    assert type(failure) is BusyError
    assert (failure.what, failure.hint) == (f"{DOING}: it was changed at this moment ({code})", "run again")


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_the_action_that_may_not_be_done_is_named(code: str) -> None:
    failure = failure_of(client_error(code))
    assert type(failure) is AccessError
    assert failure.what.endswith("it takes glue:CreateTable")
    assert failure.hint.startswith("ask for glue:CreateTable;")


def test_credentials_that_are_refused_lack_no_action() -> None:
    failure = failure_of(client_error("ExpiredTokenException"))
    assert type(failure) is AccessError
    assert "glue:" not in failure.what + failure.hint


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceException", "OperationTimeoutException"])
def test_a_catalogue_that_cannot_just_now_is_one_to_ask_later(code: str) -> None:
    failure = failure_of(client_error(code))
    assert type(failure) is ServiceError
    assert failure.hint == "run again later"


def test_the_endpoint_to_check_is_the_catalogue_s() -> None:
    failure = failure_of(aws.EndpointConnectionError(endpoint_url="http://glue:1"))
    assert type(failure) is ServiceError
    assert "AWS_ENDPOINT_URL_GLUE" in failure.hint
    assert "AWS_ENDPOINT_URL_S3" not in failure.hint


def test_what_is_not_of_the_service_is_left_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), catalog_failures(DOING, "CreateTable"):
        raise ZeroDivisionError
