"""The obstore behind a bucket, signed with boto3's session."""

from datetime import timedelta

from boto3 import Session
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.store import S3Store

from cinelake.config import BucketLake

RETRIES, RETRY_TIMEOUT = 4, timedelta(seconds=60)
CONNECT_TIMEOUT, READ_TIMEOUT = timedelta(seconds=5), timedelta(seconds=60)


def open_bucket(uri: BucketLake, session: Session, *, region: str, endpoint_url: str | None) -> S3Store:
    """A bucket as a store.

    Each request carries a CRC64NVME of its body, which Amazon S3 checks before it keeps the object. That covers the
    body, so over TLS the signature need not cover it again; over plain HTTP it does.
    """
    plain = endpoint_url is not None and endpoint_url.startswith("http://")
    return S3Store(
        uri.bucket,
        region=region,
        endpoint=endpoint_url,
        credential_provider=Boto3CredentialProvider(session),
        checksum_algorithm="CRC64NVME",
        unsigned_payload=not plain,
        client_options={"allow_http": plain, "connect_timeout": CONNECT_TIMEOUT, "timeout": READ_TIMEOUT},
        retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_TIMEOUT},
    )
