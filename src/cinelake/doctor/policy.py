"""The least that AWS must permit, as an IAM policy."""

from typing import Any

from cinelake.lake.manifests import MAKING
from cinelake.lake.safety import arn_of

ON_THE_BUCKET = (
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
)
ON_ITS_OBJECTS = (
    "s3:AbortMultipartUpload",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)
TO_MAKE_IT = (
    "s3:CreateBucket",
    "s3:DeleteBucketPolicy",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)
TO_TRY_IT = ("s3:DeleteObject", "s3:DeleteObjectVersion")
"""Of the one small object that shows that a new bucket can be written to."""


def least_policy(bucket: str, region: str) -> dict[str, Any]:
    """What cinelake needs of a bucket; the statements named `OnlyToMakeTheBucket…` may go once the bucket is there.

    Args:
        bucket: its name.
        region: its region, which tells the partition (`aws`, `aws-cn`, `aws-us-gov`).
    """
    arn = arn_of(bucket, region)
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("UseTheBucket", ON_THE_BUCKET, arn),
            _allow("UseItsObjects", ON_ITS_OBJECTS, f"{arn}/*"),
            _allow("OnlyToMakeTheBucket", TO_MAKE_IT, arn),
            _allow("OnlyToMakeTheBucketAndTryIt", TO_TRY_IT, f"{arn}/{MAKING}"),
        ],
    }


def _allow(name: str, actions: tuple[str, ...], resource: str) -> dict[str, Any]:
    return {"Sid": name, "Effect": "Allow", "Action": list(actions), "Resource": resource}
