"""What obstore, boto3 and the file system raise, mapped to our errors in this one place."""

import errno
import os
import re
import sys
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore import exceptions as store

from cinelake.errors import AccessError, CinelakeError, ConfigurationError, ServiceError
from cinelake.lake.interface import KeyTakenError

if TYPE_CHECKING:
    from botocore import exceptions as aws


class DamagedError(ServiceError):
    """What arrived is not what was sent; sending it again may mend that."""


class BusyError(ServiceError):
    """Somebody else is writing the same key at this moment."""


CONFLICT = "ConditionalRequestConflict"
LOGIN = "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN in .env or in the environment"
WORDS_BY_CODE: dict[str, tuple[type[CinelakeError], str, str]] = {
    "SignatureDoesNotMatch": (AccessError, "the secret access key is wrong", LOGIN),
    "InvalidAccessKeyId": (AccessError, "the access key is unknown", LOGIN),
    "InvalidToken": (AccessError, "the session token is not valid", LOGIN),
    "ExpiredToken": (AccessError, "the session token has expired", "get new credentials and put them in .env"),
    "ExpiredTokenException": (AccessError, "the session token has expired", "get new credentials and put them in .env"),
    "RequestTimeTooSkewed": (AccessError, "this machine's clock is wrong", "set the clock, then run again"),
    "AccessDenied": (AccessError, "access is denied", "use credentials that may do this, or another bucket"),
    "AllAccessDisabled": (AccessError, "access is disabled", "use another bucket"),
    "BucketAlreadyExists": (AccessError, "the name belongs to somebody else", "choose another bucket name"),
    "NoSuchBucket": (ConfigurationError, "there is no such bucket", "run cinelake land, which creates it"),
    "InvalidBucketName": (ConfigurationError, "the bucket's name is not valid", "choose another bucket name"),
    "PermanentRedirect": (AccessError, "the bucket is in another region", "set AWS_REGION to its region"),
    "AuthorizationHeaderMalformed": (
        AccessError,
        "the bucket is in another region",
        "set AWS_REGION to its region",
    ),
    "IllegalLocationConstraintException": (
        AccessError,
        "the bucket cannot be made in this region",
        "set AWS_REGION to the region of your endpoint",
    ),
    "SlowDown": (ServiceError, "the service asks to slow down", "run again later"),
    CONFLICT: (BusyError, "another run is writing the same at this moment", "run again"),
    "ServiceUnavailable": (ServiceError, "the service is not available", "run again later"),
    "InternalError": (ServiceError, "the service failed", "run again later"),
    "BadDigest": (DamagedError, "the data were damaged on their way", "run again; if it repeats, check the network"),
}
SYNONYMS = {
    "InvalidClientTokenId": "InvalidAccessKeyId",
    "UnrecognizedClientException": "InvalidAccessKeyId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "AccessDeniedException": "AccessDenied",
    "Throttling": "SlowDown",
    "ThrottlingException": "SlowDown",
    "TooManyRequests": "SlowDown",
    "RequestTimeout": "ServiceUnavailable",
    "OperationTimeoutException": "ServiceUnavailable",
    "InternalServiceException": "InternalError",
    "InternalFailure": "InternalError",
    "IncompleteBody": "BadDigest",
    "InvalidDigest": "BadDigest",
    "XAmzContentChecksumMismatch": "BadDigest",
    "XAmzContentSHA256Mismatch": "BadDigest",
}
CODE_BY_STATUS = {
    401: "AccessDenied",
    403: "AccessDenied",
    429: "SlowDown",
    500: "InternalError",
    502: "ServiceUnavailable",
    503: "ServiceUnavailable",
    504: "ServiceUnavailable",
}
REFUSED_CREDENTIALS = frozenset(
    {
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
        "InvalidToken",
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestTimeTooSkewed",
    }
)
"""Codes that refuse whoever asks, whatever is asked."""
S3_ENDPOINT = "AWS_ENDPOINT_URL_S3"
SETTINGS_OF_AWS = "mend AWS_REGION, AWS_ENDPOINT_URL_S3 or ~/.aws/config"
TELL_ALL = "run again with -vv for the whole story"
UNTRUSTED = (
    "its TLS certificate cannot be trusted",
    "check the endpoint's name; name the file of its certificate authority in AWS_CA_BUNDLE",
)
NO_CREDENTIALS = (
    "there are no AWS credentials",
    "put AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) in .env, or name AWS_PROFILE",
)


class _Translation:
    """Raises another error for some that a block raises. A class, for it is entered for every object."""

    __slots__ = ("_told",)

    def __init__(self, told: str) -> None:
        """Gets ready; `told` is what the words of the errors are about."""
        self._told = told

    def __enter__(self) -> None:
        """Nothing yet."""

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if error is not None and (failure := self._failure_for(error)) is not None:
            raise failure from error

    def _failure_for(self, error: BaseException) -> CinelakeError | None:
        """What is raised in place of an error; None leaves it as it is."""
        raise NotImplementedError


class lake_failures(_Translation):  # noqa: N801 read as `with lake_failures(...)`
    """Turns what a store raises inside the block into our errors; told what is tried and to what.

    Raises:
        AccessError, ConfigurationError, ServiceError, CinelakeError: by what the reader must do.
    """

    __slots__ = ()

    def _failure_for(self, error: BaseException) -> CinelakeError | None:
        return _failure_of(self._told, error)


class taken_keys(_Translation):  # noqa: N801 as `lake_failures`
    """Turns a key that is taken, as obstore and S3 tell it, into a KeyTakenError; told the key."""

    __slots__ = ()

    def _failure_for(self, error: BaseException) -> CinelakeError | None:
        if isinstance(error, store.AlreadyExistsError | store.PreconditionError):
            # obstore takes every 409 for one; this one says that somebody else is just writing, and to ask again.
            taken = CONFLICT not in str(error)
        else:
            taken = _boto3_is_loaded() and _is_conflict(error)
        return KeyTakenError(self._told) if taken else None


def _failure_of(doing: str, error: BaseException) -> CinelakeError | None:
    """Our error for one of a store, of boto3 or of the file system; None for any other."""
    if _boto3_is_loaded() and (failure := _failure_of_boto3(doing, error)) is not None:
        return failure
    match error:
        case store.BaseError() | FileNotFoundError():
            return _failure_of_store(doing, error)
        case OSError():
            return _failure_of_disk(doing, error)
    return None


def _boto3_is_loaded() -> bool:
    """What is not loaded has raised nothing, and takes longer to load than a folder lake takes to do its work."""
    return "botocore" in sys.modules


def _failure_of_boto3(doing: str, error: BaseException) -> CinelakeError | None:
    from botocore import exceptions as aws
    from botocore.parsers import ResponseParserError

    match error:
        case aws.NoCredentialsError() | aws.PartialCredentialsError() | aws.CredentialRetrievalError():
            what, hint = NO_CREDENTIALS
            return AccessError(f"{doing}: {what}", hint)
        case aws.ProfileNotFound():
            return AccessError(f"{doing}: {error}", "name a profile of ~/.aws/config in AWS_PROFILE")
        case aws.TokenRetrievalError() | aws.SSOError() | aws.LoginError():
            return AccessError(f"{doing}: your session has ended", "run aws sso login, or aws login")
        case aws.InvalidRegionError() | aws.NoRegionError() | aws.ConfigParseError() | aws.ConfigNotFound():
            return ConfigurationError(f"{doing}: {error}", SETTINGS_OF_AWS)
        case aws.SSLError():
            return ServiceError(f"{doing}: {UNTRUSTED[0]}", UNTRUSTED[1])
        case aws.HTTPClientError() | aws.ConnectionError() | aws.IncompleteReadError():
            return _unreachable(doing, getattr(error, "kwargs", {}).get("endpoint_url"))
        case aws.ClientError():
            return failure_of_code(doing, *code_of(error))
        case ResponseParserError():  # whose words repeat all of the answer
            return ServiceError(
                f"{doing}: what answered is no such service", "check AWS_ENDPOINT_URL_S3, then run again"
            )
        case aws.BotoCoreError() | aws.UndefinedModelAttributeError():
            return CinelakeError(f"{doing}: {error}" if str(error) else f"{doing}: {type(error).__name__}", TELL_ALL)
    return None


def _is_conflict(error: BaseException) -> bool:
    from botocore.exceptions import ClientError

    return isinstance(error, ClientError) and code_of(error)[1] == 412


def code_of(error: "aws.ClientError") -> tuple[str, int]:
    """The service's error code and the HTTP status of its answer (0 where there is none)."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return str(error.response.get("Error", {}).get("Code", "")), status


def failure_of_code(doing: str, code: str, status: int = 0) -> CinelakeError:
    """The error for a service's error code, or for the HTTP status where the code is not known."""
    known = WORDS_BY_CODE.get(SYNONYMS.get(code, code)) or WORDS_BY_CODE.get(CODE_BY_STATUS.get(status, ""))
    if known is None:
        return CinelakeError(
            f"{doing}: the service answered {code or status or 'with an error'}",
            TELL_ALL,
        )
    kind, what, hint = known
    return kind(f"{doing}: {what}{f' ({code})' if code else ''}", hint)


def _failure_of_store(doing: str, error: Exception) -> CinelakeError:
    # obstore's text goes on for pages and quotes the request; only the service's own code is taken from it.
    text = str(error)
    code = re.search(r"<Code>(\w+)</Code>", text)
    status = re.search(r"status code: (\d{3})", text)
    if isinstance(error, FileNotFoundError) and (code is None or code[1] != "NoSuchBucket"):
        return CinelakeError(f"{doing}: it is not there", "run cinelake verify to see what is missing")
    if code or status:
        return failure_of_code(doing, code[1] if code else "", int(status[1]) if status else 0)
    if isinstance(error, store.PermissionDeniedError | store.UnauthenticatedError):
        return AccessError(f"{doing}: access is denied", "use credentials that may do this")
    if re.search(r"certificate|UnknownIssuer", text):
        return ServiceError(f"{doing}: {UNTRUSTED[0]}", UNTRUSTED[1])
    if re.search(r"error sending request|HTTP error|[Cc]onnect|timed out|dns", text):
        where = re.search(r"performing \w+ (https?://[^/\s]+)", text)
        return _unreachable(doing, where[1] if where else None)
    number = re.search(r"\(os error (\d+)\)", text)
    if number:
        return _failure_of_disk(doing, OSError(int(number[1]), os.strerror(int(number[1]))))
    return CinelakeError(
        f"{doing}: {_first_words(text) or type(error).__name__}",
        TELL_ALL,
    )


def _first_words(text: str) -> str:
    """What stands before obstore's account of its own insides, on one line."""
    return " ".join(text.partition("Debug source:")[0].split())[:200]


def _failure_of_disk(doing: str, error: OSError) -> CinelakeError:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return AccessError(f"{doing}: permission denied", "make the folder yours, or choose another lake")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CinelakeError(f"{doing}: the disk is full", "make room, then run again; what was landed is kept")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return ConfigurationError(f"{doing}: a file stands where a folder must be", "choose another folder as the lake")
    return CinelakeError(f"{doing}: {error.strerror or error}", TELL_ALL)


def _unreachable(doing: str, endpoint: str | None) -> ServiceError:
    # What boto3 names is the address of the whole request, with the id of an upload.
    parts = urlsplit(endpoint or "")
    where = f"{parts.scheme}://{parts.netloc} " if endpoint else "the endpoint "
    return ServiceError(
        f"{doing}: {where}could not be reached", "check the network and AWS_ENDPOINT_URL_S3, then run again"
    )
