"""Landings of files of any size, in this process or in one of their own, and a look at all that they leave."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cinelake import Lake, LandOptions, LandResult, Run, land_files
from cinelake.config import parse_date
from cinelake.lake.manifests import Manifest
from cinelake.lake.patience import Patience
from projects import DATE, PROGRAM, Place, ProjectFolder, S3Server

FILE = "movies.csv"
PREFIX = "Raw/Local/CSV/Movies/2022/05/02"
KEY = f"{PREFIX}/{FILE}"
SMALL, MIDDLE, LARGE, LARGER = 1000, 3 << 20, 9 << 20, 20 << 20
"""Sent by obstore in one request, by boto3 in one, and by boto3 in two parts and in three."""
QUICK = Patience(connect_s=2, silence_s=2, tries=2, again_s=3, rounds=2, wait_s=0.05, wait_at_most_s=0.1)
"""What lasts fails soon."""
CEPH_SETTINGS = Path("/var/tmp/ceph-rgw/ceph.conf")


def content(size_bytes: int, seed: str = "") -> bytes:
    """Bytes that no other seed gives."""
    return hashlib.shake_128(f"{seed}/{size_bytes}".encode()).digest(size_bytes)


def write_project(path: Path, files: dict[str, bytes], *, source: str = FILE, hours: int = 0) -> ProjectFolder:
    """A project folder whose one source is a file or a glob; what killed runs left counts as abandoned at once."""
    folder = ProjectFolder(path)
    folder.path.joinpath("lake.toml").write_text(
        f"[lake]\nabandoned_uploads_hours = {hours}\n[[source]]\ndataset = 'Movies'\npath = '{source}'\n"
    )
    for name, data in files.items():
        folder.path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        folder.path.joinpath(name).write_bytes(data)
    return folder


def land(
    folder: ProjectFolder, place: Place, *, patience: Patience | None = QUICK, date: str = DATE, dry_run: bool = False
) -> LandResult:
    """Lands in this process."""
    project = folder.load(place)
    lake = Lake.open(project, patience=patience)
    return land_files(project, lake, Run.start(parse_date(date)), LandOptions(dry_run=dry_run))


def start_landing(folder: ProjectFolder, place: Place, *arguments: str, date: str = DATE) -> subprocess.Popen[str]:
    """Lands in a process of its own, which need not come to its end."""
    return subprocess.Popen(
        [PROGRAM, "land", "--date", date, "--lake", place.uri, *arguments],
        cwd=folder.path,
        env={**os.environ, **place.variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def forget_copies(folder: ProjectFolder) -> None:
    """Leaves the project as on a machine that has not worked with its lake yet."""
    shutil.rmtree(folder.load().work_directory)


def make_bucket(place: Place, *, versions: bool = False) -> None:
    """A bucket that was there before cinelake."""
    assert place.server is not None
    client = place.server.client()
    client.create_bucket(Bucket=place.name)
    if versions:
        client.put_bucket_versioning(Bucket=place.name, VersioningConfiguration={"Status": "Enabled"})


# What is left


def open_uploads(place: Place) -> list[str]:
    """What lies half-written: the keys of open multipart uploads, or in a folder files without their final name."""
    if place.server is None:
        root = Path(place.name)
        found = [*root.rglob("*#*"), *(path for path in root.glob("_staging/*") if path.name != "lock")]
        return [str(path.relative_to(root)) for path in found]
    client = place.server.client()
    try:
        return [upload["Key"] for upload in client.list_multipart_uploads(Bucket=place.name).get("Uploads", [])]
    except client.exceptions.NoSuchUpload:
        return []  # as rclone says it


def raw_objects(place: Place) -> dict[str, bytes]:
    """What lies in Raw, by key."""
    return {key: data for key, data in place.objects().items() if key.startswith("Raw/")}


def manifests(place: Place) -> list[Manifest]:
    """All that landings have recorded, oldest first."""
    found = [data for key, data in place.objects().items() if key.startswith("_manifests/land/")]
    return sorted((Manifest.model_validate_json(data) for data in found), key=lambda each: each.run_id)


def versions(place: Place, key: str) -> dict[str, bytes]:
    """Every version of an object."""
    assert place.server is not None
    client = place.server.client()
    found = client.list_object_versions(Bucket=place.name, Prefix=key).get("Versions", [])
    return {
        each["VersionId"]: client.get_object(Bucket=place.name, Key=key, VersionId=each["VersionId"])["Body"].read()
        for each in found
    }


# Room for others


@contextmanager
def emptied(place: Place) -> Iterator[Place]:
    """Afterwards the bucket is gone, and what it held: the servers here keep it in memory."""
    try:
        yield place
    finally:
        if place.server is not None:
            with suppress(ClientError):
                _empty(place.server.client(), place.name)


def _empty(client: Any, bucket: str) -> None:
    for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            doomed = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            client.delete_objects(Bucket=bucket, Delete={"Objects": doomed})
    client.delete_bucket(Bucket=bucket)


def collect_garbage(server: S3Server) -> None:
    """Ceph removes parts of what was deleted hours later, if it is not told to."""
    program = shutil.which("radosgw-admin")
    if server.name == "ceph" and program is not None and CEPH_SETTINGS.is_file():
        command = [program, "-c", str(CEPH_SETTINGS), "-n", "client.rgw", "gc", "process", "--include-all"]
        subprocess.run(command, check=False, capture_output=True, timeout=120)


@contextmanager
def small_disk(size_mib: int) -> Iterator[Path | None]:
    """A file system of its own with so much room; None where none may be mounted here."""
    with tempfile.TemporaryDirectory() as path:
        mounted = _mount("-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", path)
        try:
            yield Path(path) if mounted else None
        finally:
            if mounted:
                subprocess.run(["umount", path], check=True, timeout=30)


def enlarge(disk: Path, size_mib: int) -> None:
    """Makes room."""
    assert _mount("-o", f"remount,size={size_mib}m", str(disk))


def _mount(*arguments: str) -> bool:
    program = shutil.which("mount")
    return (
        program is not None and not subprocess.run([program, *arguments], capture_output=True, check=False).returncode
    )
