"""The bucket, through boto3: is it there, may we use it, make it, and what arrived in it."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from boto3 import Session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cinelake.config import BucketLake
from cinelake.errors import AccessError, CinelakeError, ConfigurationError
from cinelake.lake.checksums import sha256_of_blocks
from cinelake.lake.failures import DamagedError, code_of, failure_of_code, lake_failures, taken_keys
from cinelake.lake.interface import bare
from cinelake.lake.patience import Patience

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CreateBucketRequestTypeDef, MultipartUploadTypeDef

DEFAULT_REGION = WITHOUT_LOCATION = "us-east-1"
"""The one region whose name CreateBucket refuses as a location (Amazon S3 API reference, CreateBucket)."""
CONNECTIONS = 16
BODY = "cinelake_body"
"""In the context of a request: its body, while it is signed."""


@dataclass(frozen=True)
class Evidence:
    """What the service says of an object that lies there."""

    bytes: int
    e_tag: str
    """Without quotes."""
    crc64nvme: str | None
    """Base64, of the whole object; None where the service keeps none."""
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class StoredVersion:
    """One version of an object, as a listing shows it."""

    id: str
    bytes: int
    e_tag: str
    """Without quotes."""
    is_latest: bool


class Written(NamedTuple):
    """What the service answered to a write."""

    e_tag: str | None
    """Without quotes."""
    version_id: str | None = None
    crc64nvme: str | None = None
    """Base64, as the service has it; only where it answered with one."""


class Bucket:
    """One bucket. An existing one is never altered."""

    def __init__(
        self,
        uri: BucketLake,
        session: Session,
        *,
        endpoint_url: str | None = None,
        certificates: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Gets ready; nothing is asked of the network.

        Args:
            uri: which.
            session: whose credentials and region are used.
            endpoint_url: of another service than AWS; None leaves that to boto3's own chain, too.
            certificates: a file of certificate authorities to trust; None likewise.
            patience: with the service; the usual one if left out.
        """
        self.name = uri.bucket
        self.region = session.region_name or DEFAULT_REGION
        self.session = session
        self._endpoint_url = endpoint_url
        self.certificates: str | None = certificates or session._session.get_config_variable("ca_bundle")
        """A file of certificate authorities to trust beside the usual ones."""
        self.patience = patience or Patience()
        self.config = Config(
            connect_timeout=self.patience.connect_s,
            read_timeout=self.patience.silence_s,
            retries={"mode": "standard", "total_max_attempts": self.patience.tries},
            max_pool_connections=CONNECTIONS,
        )
        """How boto3 waits and tries again."""
        self._opening = Lock()
        """A session may not be asked for two clients at once (boto3's guide, "Multithreading")."""

    @cached_property
    def client(self) -> "S3Client":
        """boto3's own client."""
        return self._open_client(self.config)

    def _open_client(self, config: Config) -> "S3Client":
        with self._opening, lake_failures(f"cannot open s3://{self.name}"):
            # That of boto3's own session would load its transfers, too.
            client = self.session._session.create_client(
                "s3",
                region_name=self.region,
                endpoint_url=self._endpoint_url,
                verify=self.certificates,
                config=config,
            )
            return cast("S3Client", client)

    @property
    def endpoint_url(self) -> str | None:
        """Of the service, wherever boto3's chain has found it; None for AWS itself."""
        url = self._endpoint_url or self.client.meta.endpoint_url
        return None if is_of_aws(url) else url

    def is_there(self) -> bool:
        """Asks with HeadBucket.

        Raises:
            AccessError: the bucket is somebody else's, or the credentials are refused.
            AccessError: the bucket is in another region.
            ServiceError: the endpoint could not be reached.
        """
        doing = f"cannot use bucket {self.name}"
        with lake_failures(doing):
            try:
                self.client.head_bucket(Bucket=self.name)
            except ClientError as error:
                _, status = code_of(error)
                if status == 404:
                    return False
                if status == 301:
                    region = error.response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
                    raise AccessError(
                        f"{doing}: it is in region {region or 'other than ' + self.region}",
                        f"set AWS_REGION={region}" if region else "set AWS_REGION to the bucket's region",
                    ) from error
                if status in (400, 403):  # AWS answers a token that has expired with 400
                    raise self._why_denied(doing) from error
                raise
        return True

    def create(self) -> bool:
        """Creates the bucket in its region; False where another run has done so since it was asked for.

        Raises:
            AccessError: the name belongs to somebody else, or the credentials may not create buckets.
            ConfigurationError: the service takes the name of its own host for a bucket.
        """
        request: CreateBucketRequestTypeDef = {"Bucket": self.name}
        if self.region != WITHOUT_LOCATION:
            # The stubs list the regions they know; the service knows more.
            request["CreateBucketConfiguration"] = {"LocationConstraint": self.region}  # type: ignore[typeddict-item]
        with lake_failures(f"cannot create bucket {self.name}"):
            try:
                self.client.create_bucket(**request)
            except ClientError as error:
                code = code_of(error)[0]
                # rclone says of our own bucket, too, that it exists already; somebody else's we may not look into.
                if code == "BucketAlreadyOwnedByYou" or (code == "BucketAlreadyExists" and self._may_look_into()):
                    return False
                if code == "NoSuchBucket":  # Ceph, where it was not told its own name (rgw_dns_name)
                    raise ConfigurationError(
                        f"cannot create bucket {self.name}: {self.endpoint_url} takes its host's name for a bucket",
                        "write the endpoint with the IP address of its host",
                    ) from error
                raise
        return True

    def _may_look_into(self) -> bool:
        with suppress(CinelakeError):
            return self.is_there()
        return False

    def keeps_versions(self) -> bool:
        """Whether an object that is replaced stays as an older version. A service without versioning answers no."""
        try:
            return self.versioning() == "Enabled"
        except AccessError:
            raise
        except CinelakeError:
            return False

    def versioning(self) -> str | None:
        """`Enabled`, `Suspended`, or None where versions were never kept."""
        with lake_failures(f"cannot read the versioning of {self.name}"):
            return self.client.get_bucket_versioning(Bucket=self.name).get("Status")

    def head(self, key: str, *, version_id: str | None = None) -> Evidence | None:
        """What the service says of an object (HeadObject); None where there is no such object."""
        with lake_failures(f"cannot confirm s3://{self.name}/{key}"):
            try:
                answer = self.client.head_object(
                    Bucket=self.name,
                    Key=key,
                    ChecksumMode="ENABLED",
                    **({"VersionId": version_id} if version_id else {}),  # type: ignore[arg-type]
                )
            except ClientError as error:
                if code_of(error)[1] == 404:
                    return None
                raise
        return Evidence(
            answer["ContentLength"],
            bare(answer["ETag"]),
            # A service may keep the checksum of the parts' checksums, which is none of the whole.
            answer.get("ChecksumCRC64NVME") if answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT" else None,
            answer["Metadata"],
        )

    def read_sha256(self, key: str, *, version_id: str | None = None) -> str:
        """SHA-256 of an object from reading all of it."""
        with lake_failures(f"cannot read s3://{self.name}/{key}"):
            version = {"VersionId": version_id} if version_id else {}
            body = self.client.get_object(Bucket=self.name, Key=key, **version)["Body"]  # type: ignore[arg-type]
            return sha256_of_blocks(body.iter_chunks(1 << 20))[0]

    # Writing

    def put(
        self,
        key: str,
        data: bytes,
        *,
        crc64nvme: str,
        sha256: str,
        content_type: str,
        create: bool,
        if_match: str | None = None,
    ) -> "Written":
        """Writes an object in one request (PutObject).

        Args:
            key: the final key.
            data: its bytes.
            crc64nvme: of them, base64; the service checks it.
            sha256: of them; kept in the metadata.
            content_type: MIME type.
            create: only where no object lies there (KeyTakenError).
            if_match: only where the object of this ETag does (KeyTakenError).
        """
        with lake_failures(f"cannot write s3://{self.name}/{key}"), taken_keys(key):
            answer = self.client.put_object(
                Bucket=self.name,
                Key=key,
                Body=data,
                ChecksumCRC64NVME=crc64nvme,
                ContentType=content_type,
                Metadata={"sha256": sha256},
                **condition_of(create=create, if_match=if_match),
            )
        return Written(bare(answer["ETag"]), version_of(answer), answer.get("ChecksumCRC64NVME"))

    def take_back(self, key: str, e_tag: str | None, version_id: str | None) -> None:
        """Removes an object that this run wrote: that version of it, or what lies there if it is still of that ETag."""
        with lake_failures(f"cannot remove s3://{self.name}/{key}, which arrived damaged"):
            try:
                if version_id is not None:
                    self.client.delete_object(Bucket=self.name, Key=key, VersionId=version_id)
                elif e_tag and (found := self.head(key)) is not None and found.e_tag == e_tag:
                    # Not every service knows the condition.
                    self.client.delete_object(Bucket=self.name, Key=key, IfMatch=e_tag)
            except ClientError as error:
                if code_of(error)[1] not in (404, 412):
                    raise

    def remove(self, key: str) -> None:
        """Removes an object and every version of it, where the service keeps some."""
        with lake_failures(f"cannot remove s3://{self.name}/{key}"):
            self.client.delete_object(Bucket=self.name, Key=key)
            try:
                for page in self.client.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=key):
                    for each in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                        if each["Key"] == key:
                            self.client.delete_object(Bucket=self.name, Key=key, VersionId=each["VersionId"])
            except ClientError as error:
                if code_of(error)[0] != "NotImplemented":
                    raise

    def open_uploads(self) -> list["OpenUpload"]:
        """The multipart uploads that are neither complete nor aborted."""
        with lake_failures(f"cannot list the open uploads of {self.name}"):
            found: list[MultipartUploadTypeDef] = []
            after: dict[str, str] = {}
            while True:
                # One page is the rule: boto3's paginator takes longer to load than the service to answer.
                try:
                    page = self.client.list_multipart_uploads(Bucket=self.name, **after)  # type: ignore[arg-type]
                except ClientError as error:
                    if code_of(error)[0] == "NoSuchUpload":
                        return []  # as rclone says that there are none
                    raise
                found += page.get("Uploads", [])
                if not page.get("IsTruncated") or not page.get("NextKeyMarker"):
                    break
                after = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page.get("NextUploadIdMarker", "")}
        return [OpenUpload(self, each["Key"], each["UploadId"], each["Initiated"]) for each in found]

    def versions(self) -> dict[str, list[StoredVersion]]:
        """Every version of every object, the newest first, by key."""
        found: dict[str, list[StoredVersion]] = {}
        with lake_failures(f"cannot list the versions of {self.name}"):
            for page in self.client.get_paginator("list_object_versions").paginate(Bucket=self.name):
                for each in page.get("Versions", []):
                    version = StoredVersion(each["VersionId"], each["Size"], bare(each["ETag"]), each["IsLatest"])
                    found.setdefault(each["Key"], []).append(version)
        return found

    @cached_property
    def hasty(self) -> "S3Client":
        """For what is done on the way out: it waits for nobody."""
        return self._open_client(Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 1}))

    @cached_property
    def unsigned(self) -> "S3Client":
        """Leaves bodies out of the signature, where a checksum stands for them: each is hashed once less."""
        client = self._open_client(self.config.merge(Config(s3={"payload_signing_enabled": False})))
        # botocore copies a body before it signs a request, although its signature does not look at it.
        client.meta.events.register_last("before-sign.s3", _lay_body_aside)
        client.meta.events.register_last("request-created.s3", _put_body_back)
        return client

    @cached_property
    def anonymous(self) -> "S3Client":
        """Signs nothing, so it needs no credentials: for asking whether anybody answers."""
        return self._open_client(self.config.merge(Config(signature_version=UNSIGNED)))

    def _why_denied(self, doing: str) -> CinelakeError:
        """HEAD answers 403 without words; a GET of the same bucket has the service's reason."""
        try:
            self.client.list_objects_v2(Bucket=self.name, MaxKeys=1)
        except ClientError as error:
            reason, status = code_of(error)
            if reason != "AccessDenied":
                return failure_of_code(doing, reason, status)
        if self._lets_requesters_pay():
            return AccessError(
                f"{doing}: whoever asks it pays for it (requester pays), which cinelake does not promise to",
                "choose another name in lake.uri, or ask its owner to turn requester pays off",
            )
        return AccessError(
            f"{doing}: access is denied; it belongs to somebody else, or your credentials may not use it",
            "choose another name in lake.uri (all of AWS shares the names), or ask for s3:ListBucket on this one",
        )

    def _lets_requesters_pay(self) -> bool:
        try:
            return self.client.get_bucket_request_payment(Bucket=self.name).get("Payer") == "Requester"
        except (ClientError, BotoCoreError):
            return False


@dataclass(frozen=True)
class OpenUpload:
    """A multipart upload that was begun, by this run or another."""

    bucket: Bucket
    key: str
    id: str
    initiated: datetime

    def abort(self) -> None:
        """Gives it up; one that is gone already is fine."""
        with lake_failures(f"cannot abort an upload of s3://{self.bucket.name}/{self.key}"):
            try:
                self.bucket.hasty.abort_multipart_upload(Bucket=self.bucket.name, Key=self.key, UploadId=self.id)
            except ClientError as error:
                if code_of(error)[1] != 404:
                    raise


def _lay_body_aside(request: "AWSRequest", **_: object) -> None:
    request.context[BODY] = request.data
    request.data = b""


def _put_body_back(request: "AWSRequest", **_: object) -> None:
    if BODY in request.context:
        request.data = request.context.pop(BODY)


def condition_of(*, create: bool, if_match: str | None) -> Any:
    """The parameter of a conditional write: only where no object lies, or only where that of an ETag does."""
    if create:
        return {"IfNoneMatch": "*"}
    # Without quotes, as AWS writes it in its guide: Ceph 16 compares it with the bare ETag.
    return {"IfMatch": if_match} if if_match is not None else {}


def held_checksum(told: str | None, sent: str, what: str) -> str | None:
    """The checksum in an answer, where it has one: a service that answers with it has checked it.

    Raises:
        DamagedError: it is not that of what was sent.
    """
    if told is not None and told != sent:
        raise DamagedError(
            f"{what} did not arrive as it was sent: its checksum there is {told}, not {sent}", "run the command again"
        )
    return told


def is_of_aws(endpoint_url: str) -> bool:
    """Whether an endpoint is one of AWS itself."""
    return re.search(r"\.amazonaws\.com(\.cn)?/?$", endpoint_url) is not None


def is_md5(e_tag: str) -> bool:
    """Whether an ETag may be the MD5 of what it names; one of an object that was sent in parts is not."""
    return re.fullmatch("[0-9a-f]{32}", e_tag) is not None


def version_of(answer: Any) -> str | None:
    """The version's id in an answer; a bucket that keeps no versions has none, or one named null."""
    version = answer.get("VersionId")
    return str(version) if version and version != "null" else None
