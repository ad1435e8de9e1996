"""What boto3 raises for the AWS Glue Data Catalog, mapped to our errors in this one place."""

from botocore.exceptions import ClientError

from cinelake.errors import AccessError, CinelakeError
from cinelake.lake.failures import S3_ENDPOINT, SYNONYMS, BusyError, code_of, lake_failures

GLUE_ENDPOINT = "AWS_ENDPOINT_URL_GLUE"
MEANWHILE = frozenset({"AlreadyExistsException", "ConcurrentModificationException", "EntityNotFoundException"})
"""Codes by which what was just asked for is another by now."""


class catalog_failures(lake_failures):  # noqa: N801 as `lake_failures`
    """`lake_failures` of the catalogue; told what is tried and to what, and the operation that does it.

    Raises:
        AccessError: the credentials are refused, or may not do that operation, which is named.
        ConfigurationError, ServiceError, CinelakeError: by what the reader must do.
    """

    __slots__ = ("_operation",)

    def __init__(self, told: str, operation: str) -> None:
        """Gets ready; an operation's name is that of the IAM action, too."""
        super().__init__(told)
        self._operation = operation

    def _failure_for(self, error: BaseException) -> CinelakeError | None:
        failure = super()._failure_for(error)
        if failure is None:
            return None
        code = code_of(error)[0] if isinstance(error, ClientError) else ""
        if code in MEANWHILE:
            return BusyError(f"{self._told}: it was changed at this moment ({code})", "run again")
        if SYNONYMS.get(code, code) == "AccessDenied":
            action = f"glue:{self._operation}"
            return AccessError(f"{failure.what}; it takes {action}", f"ask for {action}; docs/catalog.md has a policy")
        return type(failure)(failure.what, failure.hint.replace(S3_ENDPOINT, GLUE_ENDPOINT))
