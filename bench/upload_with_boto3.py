"""The hand-written script: `upload_file` in a loop; again, it skips what is listed with its size and a newer time."""

import sys
from pathlib import Path
from typing import Any

import boto3

endpoint, bucket, prefix, folder, turn = sys.argv[1:]
client = boto3.client("s3", endpoint_url=endpoint)
there: dict[str, Any] = {}
if turn == "again":
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        there |= {entry["Key"]: entry for entry in page.get("Contents", [])}
for path in sorted(Path(folder).rglob("*")):
    if path.is_file():
        key = f"{prefix}/{path.relative_to(folder)}"
        found = there.get(key)
        status = path.stat()
        if not found or found["Size"] != status.st_size or found["LastModified"].timestamp() < status.st_mtime:
            client.upload_file(str(path), bucket, key)
