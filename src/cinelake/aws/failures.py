"""What boto3 raises for AWS Secrets Manager, mapped to our errors."""

from botocore.exceptions import ClientError

from cinelake.errors import AccessError, CinelakeError, ConfigurationError
from cinelake.lake.failures import S3_ENDPOINT, SYNONYMS, code_of, lake_failures

SECRETS_ENDPOINT = "AWS_ENDPOINT_URL_SECRETS_MANAGER"


class secret_failures(lake_failures):  # noqa: N801 as `lake_failures`
    """`lake_failures` of a secret; told what is tried, and the hint where the secret is not there or not ours.

    Raises:
        ConfigurationError: there is no such secret.
        AccessError: the credentials are refused, or may not read it.
        ServiceError, CinelakeError: by what the reader must do.
    """

    __slots__ = ("_hint",)

    def __init__(self, told: str, hint: str) -> None:
        """Gets ready."""
        super().__init__(told)
        self._hint = hint

    def _failure_for(self, error: BaseException) -> CinelakeError | None:
        failure = super()._failure_for(error)
        if failure is None:
            return None
        code = code_of(error)[0] if isinstance(error, ClientError) else ""
        if code == "ResourceNotFoundException":
            return ConfigurationError(f"{self._told}: there is no such secret ({code})", self._hint)
        if SYNONYMS.get(code, code) == "AccessDenied":
            return AccessError(failure.what, self._hint)
        return type(failure)(failure.what, failure.hint.replace(S3_ENDPOINT, SECRETS_ENDPOINT))
