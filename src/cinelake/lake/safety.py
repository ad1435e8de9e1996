"""Making a new bucket safe, on services of which some lack a setting, and some take one against their own owner.

What a service knows is asked before it is told: one that does not know a setting may read its request as another, such
as the making or the listing of a bucket (seen of rclone's). Nothing is ever undone by a DELETE but a policy: Ceph 16
reads the removal of an encryption as that of the bucket.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from cinelake.errors import AccessError
from cinelake.lake.bucket import Bucket
from cinelake.lake.failures import code_of, lake_failures

ABANDONED_DAYS = 7
"""After which the service itself drops the parts of an upload that was never completed."""
TRIAL = "_manifests/.trial"
"""Key of the small object that is put and removed to see whether its owner may still write."""
OnStep = Callable[[str, Literal["step", "warning"]], None]


@dataclass(frozen=True)
class Setting:
    """One thing that makes a bucket safe."""

    name: str
    """As a report tells it."""
    document: str
    """A word in the root of the XML in which services describe it; empty for a policy, which is JSON."""
    absent: str
    """The service's error code where it knows the setting and nothing is set; empty where it then has a document."""
    ask: Callable[[], Any]
    tell: Callable[[], Any]


def settings_of(bucket: Bucket) -> list[Setting]:
    """What is set on a new bucket, in this order."""
    client, name = bucket.client, bucket.name
    settings = [
        Setting(
            "the block of public access",
            "PublicAccessBlock",
            "NoSuchPublicAccessBlockConfiguration",
            lambda: client.get_public_access_block(Bucket=name),
            lambda: _block_public_access(bucket, acls=True, policies=True),
        ),
        Setting(
            "versioning",
            "Versioning",
            "",
            lambda: client.get_bucket_versioning(Bucket=name),
            lambda: client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"}),
        ),
        Setting(
            "default encryption",
            "ServerSideEncryption",
            "ServerSideEncryptionConfigurationNotFoundError",
            lambda: client.get_bucket_encryption(Bucket=name),
            lambda: client.put_bucket_encryption(
                Bucket=name,
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
            ),
        ),
        Setting(
            f"the removal of abandoned uploads after {ABANDONED_DAYS} days",
            "Lifecycle",
            "NoSuchLifecycleConfiguration",
            lambda: client.get_bucket_lifecycle_configuration(Bucket=name),
            lambda: client.put_bucket_lifecycle_configuration(
                Bucket=name,
                LifecycleConfiguration={
                    "Rules": [
                        {
                            "ID": "abandoned-uploads",
                            "Status": "Enabled",
                            "Filter": {"Prefix": ""},
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_DAYS},
                        }
                    ]
                },
            ),
        ),
    ]
    if client.meta.endpoint_url.startswith("https://"):
        # On plain HTTP it would lock its owner out.
        settings.append(
            Setting(
                "the refusal of plain HTTP",
                "",
                "NoSuchBucketPolicy",
                lambda: client.get_bucket_policy(Bucket=name),
                lambda: client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy_against_plain_http(bucket))),
            )
        )
    return settings


def policy_against_plain_http(bucket: Bucket) -> dict[str, Any]:
    """The bucket policy that AWS gives for its rule s3-bucket-ssl-requests-only."""
    partition = next((each for each in ("aws-cn", "aws-us-gov") if bucket.region.startswith(each[4:] + "-")), "aws")
    resource = f"arn:{partition}:s3:::{bucket.name}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RefusePlainHTTP",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [resource, f"{resource}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def make_safe(bucket: Bucket, on_step: OnStep) -> None:
    """Sets all that the service knows on a bucket that was just made, and makes sure that it can still be written to.

    Args:
        bucket: new and empty.
        on_step: told each step, and as a warning what the service lacks or denies.

    Raises:
        AccessError: its owner may not write to it, whatever is undone.
    """
    with _Roots(bucket) as roots:
        for setting in settings_of(bucket):
            if not roots.known(setting):
                on_step(f"this service lacks {setting.name}", "warning")
                continue
            try:
                setting.tell()
            except ClientError as error:
                on_step(f"not set: {setting.name} (the service answered {code_of(error)[0]})", "warning")
            else:
                on_step(f"set {setting.name}", "step")
    _try_out(bucket, on_step)


def _try_out(bucket: Bucket, on_step: OnStep) -> None:
    """Puts and removes a small object; what denies it is undone, the least first, and what did not is set again."""
    if _may_write(bucket):
        return
    client, name = bucket.client, bucket.name
    suspects: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        (
            "the block of public ACLs",
            lambda: _block_public_access(bucket, acls=False, policies=True),
            lambda: _block_public_access(bucket, acls=True, policies=True),
        ),
        (
            "the refusal of plain HTTP",
            lambda: client.delete_bucket_policy(Bucket=name),
            lambda: client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy_against_plain_http(bucket))),
        ),
        (
            "the block of public access",
            lambda: _block_public_access(bucket, acls=False, policies=False),
            lambda: _block_public_access(bucket, acls=True, policies=True),
        ),
    ]
    for told, undo, redo in suspects:
        try:
            undo()
        except ClientError:
            continue
        if _may_write(bucket):
            on_step(f"undone: {told}; with it this service denies the bucket's own owner", "warning")
            return
        with suppress(ClientError):
            redo()
    raise AccessError(
        f"cannot write to bucket {bucket.name}, which was just made: access is denied",
        "use credentials with s3:PutObject and s3:DeleteObject on it",
    )


def _may_write(bucket: Bucket) -> bool:
    with lake_failures(f"cannot try out bucket {bucket.name}"):
        try:
            put = bucket.client.put_object(Bucket=bucket.name, Key=TRIAL, Body=b"")
        except ClientError as error:
            if code_of(error)[1] == 403:
                return False
            raise
        version = put.get("VersionId")
        if version:
            bucket.client.delete_object(Bucket=bucket.name, Key=TRIAL, VersionId=version)
        else:
            bucket.client.delete_object(Bucket=bucket.name, Key=TRIAL)
    return True


def _block_public_access(bucket: Bucket, *, acls: bool, policies: bool) -> None:
    bucket.client.put_public_access_block(
        Bucket=bucket.name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": acls,
            "IgnorePublicAcls": acls or policies,
            "BlockPublicPolicy": policies,
            "RestrictPublicBuckets": policies,
        },
    )


class _Roots:
    """Sees which document a service answers with, which boto3 itself reads as whatever it had asked for."""

    def __init__(self, bucket: Bucket) -> None:
        self._events = bucket.client.meta.events
        self._root = ""

    def __enter__(self) -> "_Roots":
        self._events.register("before-parse.s3", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._events.unregister("before-parse.s3", self._note)

    def _note(self, response_dict: dict[str, Any], **_: Any) -> None:
        body = response_dict.get("body") or b""
        found = re.search(rb"<([A-Za-z]+)[\s/>]", body) if isinstance(body, bytes) else None
        self._root = found[1].decode() if found else ""

    def known(self, setting: Setting) -> bool:
        """Asks for a setting, and looks at what kind of answer comes."""
        try:
            setting.ask()
        except ClientError as error:
            return code_of(error)[0] == setting.absent
        except ValueError:
            return False  # what came is no such document
        return setting.document in self._root if setting.document else self._root == ""
