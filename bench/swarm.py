"""Landing 1,000 files on a Swarm of one node, in 1 and in 4 shards, side by side in one run.

    python bench/swarm.py --rounds 3        needs a Docker engine that is in no Swarm, and Ceph on 127.0.0.1:7480

A time runs from the start of the first worker's container to the end of the last one's, as the engine tells them: the
start of Python in each is part of it, the time that Swarm takes to hand tasks out is not. The store and all workers
share this machine's cores, so shards can win only what a single worker leaves idle.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES, FILE_BYTES = 1000, 64 << 10
SHARDS = (1, 4)
IMAGE = "cinelake-bench"
FORWARD = """\
import asyncio, sys

async def pour(reader, writer):
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()

async def join(reader, writer):
    there = await asyncio.open_connection("127.0.0.1", 7480)
    await asyncio.gather(pour(reader, there[1]), pour(there[0], writer), return_exceptions=True)

async def main():
    server = await asyncio.start_server(join, sys.argv[1], 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""
"""Ceph listens on the loopback alone, where no container reaches it."""
WAIT_S = 300.0


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    docker("build", "--quiet", "--tag", IMAGE, str(ROOT))
    docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    told = docker("run", "--rm", "--add-host=here:host-gateway", "--entrypoint", "getent", IMAGE, "hosts", "here")
    bridge = told.split()[0]
    times: dict[int, list[float]] = {count: [] for count in SHARDS}
    try:
        with forwarding(bridge) as endpoint, tempfile.TemporaryDirectory() as folder:
            project = Path(folder)
            write_project(project)
            for number in range(rounds):
                for count in SHARDS if number % 2 == 0 else SHARDS[::-1]:
                    times[count].append(land(project, endpoint, count))
                    print(f"round {number + 1}, {count} shards: {times[count][-1]:.2f} s", file=sys.stderr)
    finally:
        docker("swarm", "leave", "--force")
        docker("image", "rm", "--force", IMAGE)
    medians = {count: statistics.median(found) for count, found in times.items()}
    print(f"{os.cpu_count()} cores, {platform.platform()}, {rounds} rounds, medians\n")
    print(f"| {FILES:,} files of {FILE_BYTES >> 10} KiB | wall, × | s | s, each round |\n|---|---:|---:|---|")
    for count, median in medians.items():
        each = ", ".join(f"{found:.2f}" for found in times[count])
        print(f"| {count} shard{'s' * (count > 1)} | {median / medians[1]:.2f} | {median:.2f} | {each} |")


def write_project(project: Path) -> None:
    """A clone's stack over a thousand files."""
    shutil.copytree(ROOT / "docker", project / "docker", ignore=shutil.ignore_patterns("baked"))
    project.joinpath("data", "movies").mkdir(parents=True)
    for number in range(FILES):
        project.joinpath("data", "movies", f"{number:04}.csv").write_bytes(os.urandom(FILE_BYTES))
    project.joinpath("lake.toml").write_text('[[source]]\ndataset = "Movies"\npath = "data/movies"\n')


def land(project: Path, endpoint: str, count: int) -> float:
    """Lands all files in a bucket of its own, which is there already; returns the seconds that it took."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    keys = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "SECRETTEST", "AWS_ENDPOINT_URL_S3": endpoint}
    lines = {**keys, "CINELAKE_LAKE": f"s3://{name}"}
    project.joinpath(".env").write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
    once("boto3.client('s3').create_bucket(Bucket=sys.argv[1])", name, keys)
    os.environ.update({"CINELAKE_IMAGE": IMAGE, "CINELAKE_SHARDS": str(count)})
    docker("stack", "deploy", "--resolve-image", "never", "-c", str(project / "docker" / "stack.yaml"), name)
    docker("service", "rm", f"{name}_rest")  # the landing alone is measured
    label = f"label=com.docker.swarm.service.name={name}_land"
    until = time.monotonic() + WAIT_S
    while True:
        ids = docker("ps", "--all", "--quiet", "--filter", label).split()
        states = [each["State"] for each in json.loads(docker("inspect", *ids))] if ids else []
        if len(states) == count and all(state["Status"] == "exited" for state in states):
            break
        if time.monotonic() > until:
            sys.exit(f"not landed within {WAIT_S} s:\n{docker('service', 'logs', f'{name}_land')}")
        time.sleep(0.2)
    if any(state["ExitCode"] for state in states):
        sys.exit(docker("service", "logs", f"{name}_land"))
    docker("stack", "rm", name)
    docker("rm", "--force", *ids)
    once(
        "b = boto3.resource('s3').Bucket(sys.argv[1])\nassert len(list(b.objects.filter(Prefix='Raw/'))) == 1000\n"
        "b.object_versions.delete()\nb.delete()",
        name,
        keys,
    )
    return max(moment(state["FinishedAt"]) for state in states) - min(moment(state["StartedAt"]) for state in states)


def moment(text: str) -> float:
    """Seconds since 1970 of the engine's time, which has nine digits."""
    return datetime.fromisoformat(text[:26].rstrip("Z")).timestamp()


def once(code: str, name: str, keys: dict[str, str]) -> None:
    """Does something with a bucket, in a process of its own."""
    settings = {**os.environ, **keys, "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run([sys.executable, "-c", f"import boto3, sys\n{code}", name], env=settings, check=True)


def docker(*arguments: str) -> str:
    """What a command of Docker's client prints."""
    ended = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(f"docker {' '.join(arguments[:2])}: {ended.stderr}")
    return ended.stdout


@contextmanager
def forwarding(host: str) -> Iterator[str]:
    """The address at which containers reach Ceph."""
    command = [sys.executable, "-c", FORWARD, host]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://{host}:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
