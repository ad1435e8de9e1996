"""obstore by itself, in six threads; again, it skips what is listed with its size. It hashes and records nothing."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
from obstore.store import S3Store

endpoint, bucket, prefix, folder, turn = sys.argv[1:]
store = S3Store(
    bucket,
    endpoint=endpoint,
    region="us-east-1",
    access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
    secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
    client_options={"allow_http": True},
)
there = {}
if turn == "again":
    there = {entry["path"]: entry["size"] for page in obstore.list(store, prefix=prefix) for entry in page}
paths = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]


def send(share: list[Path]) -> None:
    """Sends every file of a share that is not there."""
    for path in share:
        key = f"{prefix}/{path.relative_to(folder)}"
        if there.get(key) != path.stat().st_size:
            obstore.put(store, key, path)


with ThreadPoolExecutor(6) as pool:
    list(pool.map(send, [paths[start::6] for start in range(6)]))
