"""The endpoint: does anybody answer, how fast, and is it the same time there."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cinelake.config.environment import DOTENV
from cinelake.doctor.findings import Finding, Mend, not_looked_at, wrong
from cinelake.errors import CinelakeError, ConfigurationError
from cinelake.lake.bucket import Bucket
from cinelake.lake.failures import code_of, lake_failures

SKEW_S = 300
"""Seconds between two clocks that are too many. AWS refuses at 900 (Amazon S3 API reference, RequestTimeTooSkewed)."""
AWS_REFUSES_S = 900
FAILED = 500


def look_at_endpoint(bucket: Bucket, clock: Callable[[], datetime]) -> list[Finding]:
    """Asks for the bucket without credentials: any answer is one, a refusal too.

    Args:
        bucket: of which the endpoint is asked.
        clock: this machine's.
    """
    try:
        _read_certificates(bucket.certificates)
    except ConfigurationError as error:
        told = wrong("endpoint", error, Mend("AWS_CA_BUNDLE=/PATH/TO/authority.pem", DOTENV))
        return [told, *not_looked_at(("clock",), "mend AWS_CA_BUNDLE first")]
    try:
        client = bucket.anonymous
        url = client.meta.endpoint_url
        sent_at, start = clock(), time.perf_counter()
        with lake_failures("cannot use the endpoint"):
            try:
                answer: Mapping[str, Any] = client.head_bucket(Bucket=bucket.name)
            except ClientError as error:
                if code_of(error)[1] >= FAILED:
                    raise
                answer = error.response
    except CinelakeError as error:
        return [wrong("endpoint", error), *not_looked_at(("clock",), "the endpoint does not answer")]
    took_s = time.perf_counter() - start
    tls = "TLS, its certificate checked" if url.startswith("https://") else "plain HTTP, no TLS"
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    return [
        Finding("endpoint", True, f"{url} answered in {took_s * 1000:,.0f} ms over {tls}"),
        compare_clocks(date, sent_at + timedelta(seconds=took_s / 2)),
    ]


def compare_clocks(date: str, here: datetime) -> Finding:
    """This machine's clock against the Date of an answer.

    Args:
        date: the header.
        here: what this clock said when the service wrote it.
    """
    try:
        there = parsedate_to_datetime(date)
    except ValueError:
        return Finding("clock", None, "the service tells no time")
    ahead_s = (here - (there if there.tzinfo else there.replace(tzinfo=UTC))).total_seconds()
    if abs(ahead_s) <= SKEW_S:
        return Finding("clock", True, f"{abs(ahead_s):,.0f} s from the service's")
    return Finding(
        "clock",
        False,
        f"{abs(ahead_s):,.0f} s {'ahead of' if ahead_s > 0 else 'behind'} the service's; AWS refuses {AWS_REFUSES_S}",
        "set this machine's clock (sudo timedatectl set-ntp true), or that of your store",
    )


def _read_certificates(path: str | None) -> None:
    try:
        if path is not None:
            Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"the certificates in {path} cannot be read: {error.strerror}", "mend AWS_CA_BUNDLE"
        ) from error
