"""A multipart upload through boto3: its parts, its completion on a condition, and its end where it must be given up."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import Any

from botocore.exceptions import ClientError

from cinelake.errors import CinelakeError, ServiceError
from cinelake.lake.bucket import Bucket, OpenUpload, Written, condition_of, held_checksum, is_md5, version_of
from cinelake.lake.failures import DamagedError, code_of, lake_failures, taken_keys
from cinelake.lake.interface import UncertainError, bare
from cinelake.lake.patience import meets_another, persistently

PART_TRIES = 3
"""Of a part that was damaged on its way; what could not be sent at all, boto3 tries again itself."""


class Upload:
    """One multipart upload. Its parts may be sent from several threads."""

    def __init__(self, bucket: Bucket, key: str, *, content_type: str) -> None:
        """Opens it."""
        self._bucket = bucket
        self._key = key
        self._what = f"s3://{bucket.name}/{key}"
        self._checks_checksums = True
        """Until an answer shows otherwise."""
        self.token = token_hex(8)
        """In the metadata, by which the object is known as ours."""
        with lake_failures(f"cannot write {self._what}"):
            answer = bucket.client.create_multipart_upload(
                Bucket=bucket.name,
                Key=key,
                ContentType=content_type,
                ChecksumAlgorithm="CRC64NVME",
                ChecksumType="FULL_OBJECT",
                Metadata={"upload": self.token},
            )
        self._id = answer["UploadId"]

    def send_part(self, number: int, data: bytearray, crc64nvme: str) -> str:
        """Sends a part, with its checksum in base64; returns its ETag.

        A service that answers with the checksum has checked it. One that knows no such checksum gets the part's MD5 to
        check (RFC 1864), and its answer must be that MD5, where it is one.

        Raises:
            DamagedError: something else arrived.
        """
        what = f"part {number} of {self._what}"
        for attempt in range(PART_TRIES):
            try:
                return self._send_once(number, data, crc64nvme, what)
            except DamagedError:
                if attempt == PART_TRIES - 1:
                    raise
        raise AssertionError

    def _send_once(self, number: int, data: bytearray, crc64nvme: str, what: str) -> str:
        md5 = None if self._checks_checksums else hashlib.md5(data, usedforsecurity=False).digest()
        with lake_failures(f"cannot write {what}"):
            answer = self._bucket.unsigned.upload_part(
                Bucket=self._bucket.name,
                Key=self._key,
                UploadId=self._id,
                PartNumber=number,
                Body=data,  # type: ignore[arg-type]  # boto3 takes a bytearray, its stubs do not
                ChecksumCRC64NVME=crc64nvme,
                **({"ContentMD5": b64encode(md5).decode()} if md5 else {}),  # type: ignore[arg-type]
            )
        if held_checksum(answer.get("ChecksumCRC64NVME"), crc64nvme, what):
            return answer["ETag"]
        self._checks_checksums = False
        e_tag = bare(answer["ETag"])
        if is_md5(e_tag):
            held_checksum(e_tag, (md5 or hashlib.md5(data, usedforsecurity=False).digest()).hex(), what)
        elif md5 is None:
            return self._send_once(number, data, crc64nvme, what)
        return answer["ETag"]

    def complete(self, e_tags: Sequence[str], *, crc64nvme: str, create: bool, if_match: str | None = None) -> Written:
        """Makes the parts an object.

        Args:
            e_tags: of the parts, in their order.
            crc64nvme: of the whole, base64; the service checks it.
            create: only where no object lies under the key (KeyTakenError).
            if_match: only where the object of this ETag does (KeyTakenError).

        Raises:
            UncertainError: the service failed at it, time and again.
        """
        try:
            complete = partial(self._complete, e_tags, crc64nvme, condition_of(create=create, if_match=if_match))
            return persistently(complete, self._bucket.patience, where=meets_another)
        except DamagedError:
            raise
        except ServiceError as error:
            raise UncertainError(error.what, error.hint) from error

    def _complete(self, e_tags: Sequence[str], crc64nvme: str, condition: Any) -> Written:
        parts: Any = [{"PartNumber": number, "ETag": e_tag} for number, e_tag in enumerate(e_tags, start=1)]
        with lake_failures(f"cannot write {self._what}"), taken_keys(self._key):
            try:
                answer = self._bucket.client.complete_multipart_upload(
                    Bucket=self._bucket.name,
                    Key=self._key,
                    UploadId=self._id,
                    MultipartUpload={"Parts": parts},
                    ChecksumCRC64NVME=crc64nvme,
                    ChecksumType="FULL_OBJECT",
                    **condition,
                )
            except ClientError as error:
                # The first try may have been done, its answer lost: then the upload is gone, or the key is taken by it.
                code, status = code_of(error)
                found = self._bucket.head(self._key) if code == "NoSuchUpload" or status == 412 else None
                if found is None or found.metadata.get("upload") != self.token:
                    raise
                return Written(found.e_tag, None, found.crc64nvme)
        return Written(bare(answer["ETag"]), version_of(answer), answer.get("ChecksumCRC64NVME"))

    def abort(self) -> None:
        """Gives the upload up, as well as that can be done on the way out of something that went wrong."""
        with suppress(CinelakeError):
            OpenUpload(self._bucket, self._key, self._id, datetime.now(UTC)).abort()
