"""Where a lake is: a folder or a bucket, told apart once, here."""

import re
from dataclasses import dataclass
from pathlib import Path

from cinelake.config.redaction import redacted
from cinelake.errors import ConfigurationError

BUCKET_NAME = re.compile(r"(?!.*\.\.)(?!(\d+\.){3}\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
"""See Amazon S3 user guide, "General purpose bucket naming rules"."""
ALLOWED = "write file:FOLDER (for instance file:lake) or s3://BUCKET"


@dataclass(frozen=True)
class FolderLake:
    """A lake in a folder of this machine."""

    path: Path
    """Absolute."""
    written: str
    """As it was given, which is how it is told: a report need not say where its reader's home is."""

    def __str__(self) -> str:
        return self.written


@dataclass(frozen=True)
class BucketLake:
    """A lake in an S3 bucket."""

    bucket: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}"


LakeURI = FolderLake | BucketLake


def parse_lake_uri(text: str, *, directory: Path, said_in: str) -> LakeURI:
    """Reads `file:lake`, `file:/srv/lake`, `file:///srv/lake` or `s3://bucket`.

    Args:
        text: the URI.
        directory: what a relative folder is relative to: the project folder.
        said_in: where the URI was written, for the error ("lake.toml: lake.uri").

    Raises:
        ConfigurationError: any other form, or a bucket name that S3 does not allow.
    """
    scheme, separator, rest = text.partition(":")
    if separator and scheme == "file" and rest.strip("/"):
        if rest.startswith("//") and not rest.startswith("///"):
            raise ConfigurationError(f"{said_in} is {redacted(text)!r}: a file URI has one slash or three", ALLOWED)
        return FolderLake((directory / re.sub("^/+", "/", rest)).resolve(), text)
    if separator and scheme == "s3" and rest.startswith("//"):
        if "@" in rest:
            raise ConfigurationError(
                f"{said_in} is {redacted(text)!r}: a lake's address has no user", "put the keys into .env"
            )
        bucket, _, prefix = rest[2:].partition("/")
        if prefix:
            raise ConfigurationError(
                f"{said_in} is {redacted(text)!r}: a lake is a whole bucket, not a prefix in one",
                f"write s3://{redacted(bucket)}",
            )
        reserved = bucket.startswith(RESERVED_STARTS) or bucket.endswith(RESERVED_ENDS)
        if reserved or not BUCKET_NAME.fullmatch(bucket):
            raise ConfigurationError(
                f"{said_in}: {redacted(bucket)!r} is no valid bucket name",
                "use 3 to 63 lower-case letters, digits, hyphens or dots, with a letter or digit at both ends",
            )
        return BucketLake(bucket)
    raise ConfigurationError(f"{said_in} is {redacted(text)!r}: that is no lake", ALLOWED)
