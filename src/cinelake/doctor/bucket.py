"""The bucket: is it there, how is it set, and what do the credentials permit. Nothing in it is changed."""

from collections.abc import Callable, Iterator

from botocore.exceptions import ClientError

from cinelake.config.environment import DOTENV
from cinelake.doctor.findings import Finding, Mend, wrong
from cinelake.errors import AccessError, CinelakeError, ServiceError
from cinelake.lake.bucket import WITHOUT_LOCATION, Bucket
from cinelake.lake.failures import code_of, lake_failures
from cinelake.lake.manifests import PREFIX
from cinelake.lake.safety import find_settings

TRIAL = f"{PREFIX}/.doctor"
"""Key of the upload that is begun and aborted to see whether we may write; no object ever lies there."""
LOOKED_AT = 10
"""Keys among which a manifest is looked for."""
GONE = 404


class LeftBehindError(CinelakeError):
    """An upload was begun to see whether we may write, and may not be given up."""

    def __init__(self, bucket: str, upload_id: str, code: str) -> None:
        self.command = f"aws s3api abort-multipart-upload --bucket {bucket} --key {TRIAL} --upload-id {upload_id}"
        """What removes it, of whoever may."""
        super().__init__(
            f"began an upload at {TRIAL}, which may not be aborted ({code}); it holds no bytes",
            f"ask for s3:AbortMultipartUpload, then: {self.command}",
        )


def look_at_bucket(bucket: Bucket) -> Iterator[Finding]:
    """One finding a question; none of them leaves anything behind."""
    try:
        there = bucket.is_there()
    except CinelakeError as error:
        yield wrong("bucket", error)
        return
    if not there:
        yield Finding(
            "bucket", None, f"{bucket.name} is not there yet", "cinelake land makes it", Mend("cinelake land")
        )
        return
    yield Finding("bucket", True, f"{bucket.name} is there")
    yield _look_at_region(bucket)
    try:
        for setting in find_settings(bucket):
            mend = Mend(setting.command) if setting.command else None
            yield Finding(f"bucket {setting.subject}", setting.holds or None, setting.detail, mend=mend)
    except CinelakeError as error:
        yield wrong("bucket settings", error)
    for name, action, ask in (
        ("may list", "s3:ListBucket", _list),
        ("may read", "s3:GetObject", _read),
        ("may see versioning", "s3:GetBucketVersioning", _see_versioning),
        ("may list uploads", "s3:ListBucketMultipartUploads", _list_uploads),
        ("may write", "s3:PutObject", _write),
    ):
        yield _try(name, action, bucket, ask)


def _look_at_region(bucket: Bucket) -> Finding:
    try:
        with lake_failures(f"cannot ask for the region of {bucket.name}"):
            location = bucket.client.get_bucket_location(Bucket=bucket.name).get("LocationConstraint")
    except CinelakeError as error:
        return Finding("bucket region", None, f"not told: {error.what}")
    except SyntaxError:  # of Python's XML reader, which botocore uses for this call alone
        return Finding("bucket region", None, "not told: the answer cannot be read")
    return compare_regions(location, bucket.region, on_aws=bucket.endpoint_url is None)


def compare_regions(location: str | None, ours: str, *, on_aws: bool) -> Finding:
    """Where a bucket is against where we ask for it; only AWS minds.

    Args:
        location: what GetBucketLocation tells: nothing of us-east-1, and `EU` of old buckets in Ireland.
        ours: the region that is set.
        on_aws: whether the endpoint is AWS's own.
    """
    region = {"EU": "eu-west-1"}.get(location or "", location or WITHOUT_LOCATION)
    if on_aws and region != ours:
        mend = Mend(f"AWS_REGION={region}", DOTENV)
        return Finding("bucket region", False, f"{region}, and {ours} is set", f"set AWS_REGION={region}", mend)
    return Finding("bucket region", True, region)


def _try(name: str, action: str, bucket: Bucket, ask: Callable[[Bucket], tuple[bool | None, str]]) -> Finding:
    """Does what the permission is for."""
    try:
        with lake_failures(f"cannot try {action} on {bucket.name}"):
            ok, detail = ask(bucket)
    except LeftBehindError as error:
        return wrong(name, error, Mend(error.command))
    except AccessError as error:
        hint = f"ask for {action}; cinelake doctor --policy prints all that is needed"
        return Finding(name, False, error.what, hint, cause=error)
    except ServiceError as error:
        return wrong(name, error)
    except CinelakeError as error:
        return Finding(name, None, f"not told: {error.what}")
    return Finding(name, ok, detail)


def _list(bucket: Bucket) -> tuple[bool, str]:
    bucket.client.list_objects_v2(Bucket=bucket.name, MaxKeys=1)
    return True, "listed"


def _read(bucket: Bucket) -> tuple[bool | None, str]:
    """Reads the first manifest, where there is one."""
    listed = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix=f"{PREFIX}/", MaxKeys=LOOKED_AT)
    keys = (entry.get("Key", "") for entry in listed.get("Contents", []))
    manifests = [key for key in keys if key.endswith(".json")]
    if not manifests:
        return None, "not tried: there is no manifest yet"
    bucket.client.get_object(Bucket=bucket.name, Key=manifests[0])["Body"].close()
    return True, f"read {manifests[0]}"


def _see_versioning(bucket: Bucket) -> tuple[bool, str]:
    bucket.client.get_bucket_versioning(Bucket=bucket.name)
    return True, "asked"


def _list_uploads(bucket: Bucket) -> tuple[bool, str]:
    return True, f"{len(bucket.open_uploads())} are open"


def _write(bucket: Bucket) -> tuple[bool | None, str]:
    """Begins an upload and gives it up, which leaves no object and no version."""
    begun = bucket.client.create_multipart_upload(Bucket=bucket.name, Key=TRIAL).get("UploadId")
    if not begun:
        return None, "not told: the service names no upload"
    try:
        bucket.client.abort_multipart_upload(Bucket=bucket.name, Key=TRIAL, UploadId=begun)
    except ClientError as error:
        code, status = code_of(error)
        if status != GONE:
            raise LeftBehindError(bucket.name, begun, code) from error
    return True, "an upload was begun and aborted; whether an object is taken shows when one is sent"
