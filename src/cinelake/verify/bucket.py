"""The bucket as it is: whose, where, and how it is set. These are facts, not claims: notes."""

from collections.abc import Callable, Iterator

from cinelake.errors import CinelakeError
from cinelake.lake.bucket import WITHOUT_LOCATION, Bucket
from cinelake.lake.failures import lake_failures
from cinelake.lake.safety import find_settings
from cinelake.verify.checks import Check


def tell_bucket(bucket: Bucket) -> Iterator[Check]:
    """Its owner, region and safety settings, each as the service tells it, or that it does not."""
    yield Check("bucket owner", True, _told(lambda: _owner(bucket)), is_note=True)
    yield Check("bucket region", True, _told(lambda: _region(bucket)), is_note=True)
    try:
        for setting in find_settings(bucket):
            yield Check(f"bucket {setting.subject}", True, setting.detail, is_note=True)
    except CinelakeError as error:
        yield Check("bucket settings", True, f"not told: {error.what}", is_note=True)


def _told(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except CinelakeError as error:
        return f"not told: {error.what}"


def _owner(bucket: Bucket) -> str:
    with lake_failures(f"cannot ask whose {bucket.name} is"):
        answer = bucket.client.list_buckets()
    owner = answer.get("Owner", {})
    ours = bucket.name in [each["Name"] for each in answer.get("Buckets", [])]
    name = owner.get("DisplayName") or owner.get("ID")
    return f"{name}, whose credentials these are" if ours and name else "not told: it is not among our own buckets"


def _region(bucket: Bucket) -> str:
    with lake_failures(f"cannot ask for the region of {bucket.name}"):
        # The stubs do not know that one region has no location.
        location: str | None = bucket.client.get_bucket_location(Bucket=bucket.name).get("LocationConstraint")
    return location or WITHOUT_LOCATION
