"""The bucket, through boto3: is it there, may we use it, make it, and what arrived in it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from boto3 import Session
from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic import SecretStr

from cinelake.config import BucketLake, Project
from cinelake.errors import AccessError, CinelakeError, ConfigurationError
from cinelake.lake.failures import NO_CREDENTIALS, code_of, failure_of_code, lake_failures

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CreateBucketRequestTypeDef

WITHOUT_LOCATION = "us-east-1"
"""The one region whose name CreateBucket refuses as a location (Amazon S3 API reference, CreateBucket)."""
CONNECT_TIMEOUT_S, READ_TIMEOUT_S, ATTEMPTS = 5, 60, 3


@dataclass(frozen=True)
class Evidence:
    """What the service says of an object that has arrived."""

    bytes: int
    sha256: str | None
    """The checksum that the uploader wrote in the object's metadata."""


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
        )
        if session.get_credentials() is None:
            what, hint = NO_CREDENTIALS
            raise AccessError(f"cannot open {project.lake_uri}: {what}", hint)
    return session


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


class Bucket:
    """One bucket. An existing one is never altered."""

    def __init__(self, uri: BucketLake, session: Session, *, region: str, endpoint_url: str | None) -> None:
        self.name = uri.bucket
        self.region = region
        config = Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        )
        with lake_failures(f"cannot open {uri}"):
            self._client: S3Client = session.client("s3", endpoint_url=endpoint_url, config=config)

    def is_there(self) -> bool:
        """Asks with HeadBucket.

        Raises:
            AccessError: the bucket is somebody else's, or the credentials are refused.
            ConfigurationError: the bucket is in another region.
            ServiceError: the endpoint could not be reached.
        """
        doing = f"cannot use bucket {self.name}"
        with lake_failures(doing):
            try:
                self._client.head_bucket(Bucket=self.name)
            except ClientError as error:
                _, status = code_of(error)
                if status == 404:
                    return False
                if status == 301:
                    region = error.response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
                    raise ConfigurationError(
                        f"{doing}: it is in region {region or 'other than ' + self.region}",
                        f"set AWS_REGION={region}" if region else "set AWS_REGION to the bucket's region",
                    ) from error
                if status == 403:
                    raise self._why_denied(doing) from error
                raise
        return True

    def create(self) -> None:
        """Creates the bucket in its region, with versioning where the service has it.

        Raises:
            AccessError: the name belongs to somebody else, or the credentials may not create buckets.
        """
        request: CreateBucketRequestTypeDef = {"Bucket": self.name}
        if self.region != WITHOUT_LOCATION:
            # The stubs list the regions they know; the service knows more.
            request["CreateBucketConfiguration"] = {"LocationConstraint": self.region}  # type: ignore[typeddict-item]
        with lake_failures(f"cannot create bucket {self.name}"):
            try:
                self._client.create_bucket(**request)
            except ClientError as error:
                # Another run created it between our question and now.
                if code_of(error)[0] != "BucketAlreadyOwnedByYou":
                    raise

    def keeps_versions(self) -> bool:
        """Whether an object that is replaced stays as an older version. A service without versioning answers no."""
        try:
            with lake_failures(f"cannot read the versioning of {self.name}"):
                return self._client.get_bucket_versioning(Bucket=self.name).get("Status") == "Enabled"
        except AccessError:
            raise
        except CinelakeError:
            return False

    def head(self, key: str) -> Evidence | None:
        """What the service says of an object (HeadObject); None where there is no such object."""
        with lake_failures(f"cannot confirm s3://{self.name}/{key}"):
            try:
                answer = self._client.head_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if code_of(error)[1] == 404:
                    return None
                raise
        return Evidence(answer["ContentLength"], answer["Metadata"].get("sha256"))

    def _why_denied(self, doing: str) -> CinelakeError:
        """HEAD answers 403 without words; a GET of the same bucket has the service's reason."""
        reason: Literal["AccessDenied"] | str = "AccessDenied"
        try:
            self._client.list_objects_v2(Bucket=self.name, MaxKeys=1)
        except ClientError as error:
            reason = code_of(error)[0]
        failure = failure_of_code(doing, reason, 403)
        if reason == "AccessDenied":
            return AccessError(
                f"{doing}: access is denied; it belongs to somebody else, or your credentials may not use it",
                "choose another name in lake.uri (all of AWS shares the names), or ask for s3:ListBucket on this one",
            )
        return failure
