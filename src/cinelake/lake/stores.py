"""The obstore behind a bucket, signed with boto3's session."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.store import S3Store

from cinelake.errors import ConfigurationError
from cinelake.lake.bucket import Bucket

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

CREDENTIALS_LIVE = timedelta(minutes=6)
"""boto3 renews credentials ten minutes before they end, so what it gives is good for longer than that."""


def open_store(bucket: Bucket) -> S3Store:
    """A bucket as a store.

    Each request carries a CRC64NVME of its body, which Amazon S3 checks before it keeps the object. That covers the
    body, so over TLS the signature need not cover it again; over plain HTTP it does.

    Raises:
        ConfigurationError: the file of certificates that the settings of AWS name cannot be read.
    """
    endpoint, patience = bucket.endpoint_url, bucket.patience
    plain = endpoint is not None and endpoint.startswith("http://")
    client: ClientConfig = {
        "allow_http": plain,
        "connect_timeout": timedelta(seconds=patience.connect_s),
        "timeout": timedelta(seconds=patience.silence_s),
    }
    if bucket.certificates is not None:
        try:
            client["root_certificate"] = Path(bucket.certificates).read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"the certificates in {bucket.certificates} cannot be read: {error.strerror}", "mend AWS_CA_BUNDLE"
            ) from error
    config: S3Config = {
        "region": bucket.region,
        "checksum_algorithm": "CRC64NVME",
        "unsigned_payload": not plain,
    }
    if endpoint is not None:
        config["endpoint"] = endpoint
    return S3Store(
        bucket.name,
        config=config,
        credential_provider=Boto3CredentialProvider(bucket.session, ttl=CREDENTIALS_LIVE),
        client_options=client,
        retry_config={"max_retries": patience.tries - 1, "retry_timeout": timedelta(seconds=patience.again_s)},
    )
