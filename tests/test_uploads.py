"""One multipart upload: its condition, its checksums, its end."""

import hashlib
import tracemalloc
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from awscrt.checksums import crc64nvme

from cinelake import land_files
from cinelake.lake.bucket import Bucket
from cinelake.lake.in_bucket import MAX_PARTS, PART_BYTES, part_bytes_for
from cinelake.lake.interface import KeyTakenError
from cinelake.lake.uploads import Upload
from landings import emptied
from projects import Place, ProjectFolder, S3Server

DATA = hashlib.shake_128(b"part").digest(6 << 20)
CHECKSUM = "x-amz-checksum-crc64nvme"
CRC = b64encode(crc64nvme(DATA).to_bytes(8, "big")).decode()


def bucket_of(folder: ProjectFolder, place: Place) -> Bucket:
    _, lake, _ = folder.open(place)
    lake.make()
    assert lake.bucket is not None
    return lake.bucket


def test_a_complete_upload_is_the_object(folder: ProjectFolder, bucket_place: Place) -> None:
    upload = Upload(bucket_of(folder, bucket_place), "Raw/x.csv", content_type="text/csv")
    e_tag = upload.send_part(1, bytearray(DATA), CRC)
    assert bucket_place.objects() == {}
    upload.complete([e_tag], crc64nvme=CRC, create=True)
    assert bucket_place.objects() == {"Raw/x.csv": DATA}


def test_an_upload_that_may_only_create_leaves_what_lies_there(folder: ProjectFolder, moto: S3Server) -> None:
    """Of the servers here moto alone knows this condition, as AWS does."""
    place = Place.on(moto)
    upload = Upload(bucket_of(folder, place), "Raw/x.csv", content_type="text/csv")
    e_tag = upload.send_part(1, bytearray(DATA), CRC)
    place.overwrite("Raw/x.csv", b"theirs")
    with pytest.raises(KeyTakenError):
        upload.complete([e_tag], crc64nvme=CRC, create=True)
    assert place.objects() == {"Raw/x.csv": b"theirs"}


def test_an_aborted_upload_is_gone_and_may_be_aborted_again(folder: ProjectFolder, bucket_place: Place) -> None:
    bucket = bucket_of(folder, bucket_place)
    upload = Upload(bucket, "Raw/x.csv", content_type="text/csv")
    upload.send_part(1, bytearray(DATA), CRC)
    assert [each.key for each in bucket.open_uploads()] == ["Raw/x.csv"]
    upload.abort()
    upload.abort()
    assert bucket.open_uploads() == []
    assert bucket_place.objects() == {}


def test_an_upload_of_others_is_left_alone_however_old(folder: ProjectFolder, bucket_place: Place) -> None:
    """Their keys may look much like ours."""
    folder.write_settings(lake="abandoned_uploads_hours = 0")
    bucket = bucket_of(folder, bucket_place)
    theirs, ours = "backups/postgres/dump/main/2024/01/01/base.tar", "Raw/Local/CSV/Movies/2022/05/02/x.csv"
    for key in (theirs, ours):
        bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key)
    land_files(*folder.open(bucket_place))
    assert [each.key for each in bucket.open_uploads()] == [theirs]


def test_more_open_uploads_than_a_page_holds_are_all_found(folder: ProjectFolder, ceph: S3Server) -> None:
    """Of the servers here Ceph alone gives them a page at a time, as AWS does."""
    with emptied(Place.on(ceph)) as place:
        bucket = bucket_of(folder, place)
        keys = [f"Raw/{number:04}.csv" for number in range(1001)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key), keys))
            found = bucket.open_uploads()
            list(pool.map(lambda upload: upload.abort(), found))
        assert sorted(each.key for each in found) == keys
        assert bucket.open_uploads() == []


def test_a_part_is_signed_and_sent_without_a_copy_of_it(folder: ProjectFolder, bucket_place: Place) -> None:
    bucket = bucket_of(folder, bucket_place)
    where: Any = {"Bucket": bucket.name, "Key": "Raw/x.csv"}
    upload = bucket.client.create_multipart_upload(**where)["UploadId"]
    part: Any = bytearray(PART_BYTES)
    for number in (1, 2):
        tracemalloc.start()
        e_tag = bucket.unsigned.upload_part(**where, UploadId=upload, PartNumber=number, Body=part)["ETag"]
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert e_tag.strip('"') == hashlib.md5(part).hexdigest()
    bucket.client.abort_multipart_upload(**where, UploadId=upload)
    assert peak_bytes < PART_BYTES / 8


def test_a_service_that_knows_no_crc_is_given_the_md5_of_what_follows(
    folder: ProjectFolder, bucket_place: Place
) -> None:
    bucket = bucket_of(folder, bucket_place)
    told: list[tuple[bytes | None, bytes | None]] = []
    bucket.unsigned.meta.events.register(
        "before-send.s3.UploadPart",
        lambda request, **_: told.append((request.headers.get(CHECKSUM), request.headers.get("Content-MD5"))),
    )
    upload = Upload(bucket, "Raw/x.csv", content_type="text/csv")
    upload.send_part(1, bytearray(DATA), CRC)
    upload.send_part(2, bytearray(DATA), CRC)
    upload.abort()
    assert told == [(CRC.encode(), None), (CRC.encode(), b64encode(hashlib.md5(DATA).digest()))]


@pytest.mark.parametrize("size_bytes", [1, 256 << 20, 1 << 30])
def test_the_parts_of_usual_files_are_of_8_to_16_mib(size_bytes: int) -> None:
    assert 8 << 20 <= part_bytes_for(size_bytes) <= 16 << 20


@pytest.mark.parametrize("size_bytes", [1, PART_BYTES * MAX_PARTS, PART_BYTES * MAX_PARTS + 1, 5 << 40])
def test_ten_thousand_parts_hold_any_file_that_s3_takes(size_bytes: int) -> None:
    part_bytes = part_bytes_for(size_bytes)
    assert 5 << 20 <= part_bytes <= 5 << 30
    assert part_bytes * MAX_PARTS >= size_bytes
