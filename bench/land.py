"""Landing against its peers, side by side in one run: wall time, CPU time and peak memory, as ratios.

    make bench                                  all of it, on the null sink and on Ceph where one runs
    .venv/bin/python bench/land.py --rounds 1   a quick look

Each program is run as a user would run it, whole, start included; the rounds are interleaved, so that what else the
machine does meets all alike. The null sink is an S3 endpoint that discards bodies (`bench/nullsink` of the folder in
CINELAKE_SHARED, built with Go): there the client is what is measured. cinelake reads every file for its SHA-256 and
has every object confirmed; the peers do not.
"""

import argparse
import compileall
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("CINELAKE_SHARED", HERE.parent / "../shared")).resolve()
BIN = Path(sys.executable).parent
PEERS_BIN = HERE.parent / ".venv-bench" / "bin"
CEPH = os.environ.get("CEPH_ENDPOINT", "http://127.0.0.1:7480")
KEYS = ("AKIATEST", "SECRETTEST")
LARGE_BYTES = 8 << 20
BASE = "cinelake"
"""The program that the others are held against."""


@dataclass(frozen=True)
class Work:
    """What is landed."""

    name: str
    files: int
    file_bytes: int
    again: bool
    """Whether it lies there already."""


WORKS = (
    Work("one file of 1 GiB", 1, 1 << 30, again=False),
    Work("one file of 1 GiB, again", 1, 1 << 30, again=True),
    Work("10,000 files of 10 KiB", 10_000, 10 << 10, again=False),
    Work("10,000 files of 10 KiB, again", 10_000, 10 << 10, again=True),
)


@dataclass(frozen=True)
class Cost:
    """What one run of a program took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class Peer:
    """A program that can land files."""

    name: str
    version: str
    command: Callable[[Work, Path, str, str], Sequence[str]]
    """From the work, the folder with its files, the bucket and the endpoint."""


def main() -> None:
    """Runs the benchmark and prints its tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="run only peers whose name holds this, and cinelake")
    parser.add_argument("--works", help="run only works whose name holds this")
    parser.add_argument("--no-sink", action="store_true")
    parser.add_argument("--no-ceph", action="store_true")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    given = parser.parse_args()
    # As pip does for whatever it installs; cinelake is run from where it lies.
    compileall.compile_dir(HERE.parent / "src", quiet=1)
    peers = [peer for peer in find_peers() if peer.name == BASE or not given.only or given.only in peer.name]
    works = [work for work in WORKS if not given.works or given.works in work.name]
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        print(f"{machine()}\n\n{', '.join(f'{peer.name} {peer.version}' for peer in peers)}\n")
        figures = {}
        if not given.no_sink:
            figures["null sink"] = measure_on_sink(peers, works, directory, given.rounds)
        if not given.no_ceph and answers(CEPH):
            figures["Ceph"] = measure(peers, works, directory, CEPH, given.rounds, sink=False)
    for place, costs in figures.items():
        print(table(place, costs))
    if given.json:
        told = [
            {"place": place, "work": work, "peer": peer, **vars(cost)}
            for place, costs in figures.items()
            for (work, peer), found in costs.items()
            for cost in found
        ]
        given.json.write_text(json.dumps(told, indent=1))


def measure_on_sink(
    peers: Sequence[Peer], works: Sequence[Work], directory: Path, rounds: int
) -> dict[tuple[str, str], list[Cost]]:
    """`measure` on the null sink.

    With the MD5 of a gigabyte the sink, on the same cores, would be what is measured, so it makes up the ETags of large
    files. It forgets what it was sent, so nothing can be compared with a file that was sent in parts.
    """
    sink = build_sink(directory)
    large = [work for work in works if work.file_bytes > LARGE_BYTES and not work.again]
    small = [work for work in works if work.file_bytes <= LARGE_BYTES]
    with running(sink, md5=False) as endpoint:
        costs = measure(peers, large, directory, endpoint, rounds, sink=True)
    with running(sink, md5=True) as endpoint:
        return costs | measure(peers, small, directory, endpoint, rounds, sink=True)


def find_peers() -> list[Peer]:
    """cinelake and the peers that are installed (requirements/bench.txt, rclone among those for tests)."""
    day = f"{datetime.now(ZoneInfo('America/Sao_Paulo')):%Y/%m/%d}"
    prefix = f"Raw/Local/CSV/Bench/{day}"

    def cinelake(work: Work, folder: Path, bucket: str, _endpoint: str) -> list[str]:
        project = folder.parent / f"project-{folder.name}"
        project.mkdir(exist_ok=True)
        project.joinpath("lake.toml").write_text(
            f'[[source]]\ndataset = "Bench"\npath = "{folder}"\n[tmdb]\nsource = "off"\n'
        )
        return [str(BIN / "cinelake"), "land", "--project", str(project), "--lake", f"s3://{bucket}", "--quiet"]

    def s5cmd(work: Work, folder: Path, bucket: str, endpoint: str) -> list[str]:
        verb = "sync" if work.again else "cp"
        return [tool("s5cmd"), "--endpoint-url", endpoint, verb, f"{folder}/", f"s3://{bucket}/{prefix}/"]

    def rclone(work: Work, folder: Path, bucket: str, endpoint: str) -> list[str]:
        where = f":s3,provider=Other,env_auth=true,endpoint='{endpoint}':{bucket}/{prefix}"
        return [
            tool("rclone"),
            "copy",
            "--config",
            os.devnull,
            "--transfers",
            "16",
            "--checkers",
            "16",
            str(folder),
            where,
        ]

    def aws(work: Work, folder: Path, bucket: str, endpoint: str) -> list[str]:
        copy = ["sync"] if work.again else ["cp", "--recursive"]
        return [
            tool("aws"),
            "--endpoint-url",
            endpoint,
            "s3",
            *copy,
            str(folder),
            f"s3://{bucket}/{prefix}/",
            "--only-show-errors",
        ]

    def script(name: str) -> Callable[[Work, Path, str, str], list[str]]:
        return lambda work, folder, bucket, endpoint: [
            sys.executable, str(HERE / name), endpoint, bucket, prefix, str(folder), "again" if work.again else "first",
        ]  # fmt: skip

    peers = [Peer(BASE, version("cinelake"), cinelake)]
    programs = (("s5cmd", s5cmd, "version"), ("rclone", rclone, "version"), ("AWS CLI", aws, "--version"))
    for name, command, ask in programs:
        if found := tool(name.lower().removesuffix(" cli")):
            told = subprocess.run([found, ask], capture_output=True, text=True, check=True).stdout
            number = re.search(r"\d+\.[\d.]+", told)
            peers.append(Peer(name, number[0] if number else "?", command))
    peers.append(Peer("boto3 upload_file", version("boto3"), script("upload_with_boto3.py")))
    peers.append(Peer("obstore, bare", version("obstore"), script("upload_with_obstore.py")))
    return peers


def tool(name: str) -> str:
    """The path of a program, among the project's own; empty where it is not installed."""
    return shutil.which(name, path=f"{PEERS_BIN}{os.pathsep}{BIN}") or ""


def measure(
    peers: Sequence[Peer], works: Sequence[Work], directory: Path, endpoint: str, rounds: int, *, sink: bool
) -> dict[tuple[str, str], list[Cost]]:
    """Runs every peer on every work, round by round."""
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": KEYS[0],
        "AWS_SECRET_ACCESS_KEY": KEYS[1],
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL_S3": endpoint,
    }
    costs: dict[tuple[str, str], list[Cost]] = {}
    for work in works:
        folder = make_files(directory, work)
        for number in range(rounds):
            for peer in peers:
                bucket = f"bench-{os.getpid()}-{abs(hash((work, peer.name, number))) % 10**8}"
                first = Work(work.name, work.files, work.file_bytes, again=False)
                if sink:
                    urllib.request.urlopen(f"{endpoint}/_reset").read()
                else:
                    elsewhere(make_bucket, endpoint, bucket)
                if work.again:
                    run(peer.command(first, folder, bucket, endpoint), environment)
                cost = run(peer.command(work, folder, bucket, endpoint), environment)
                costs.setdefault((work.name, peer.name), []).append(cost)
                print(f"{work.name} · {peer.name}: {cost.wall_s:.2f} s", file=sys.stderr)
                if not sink:
                    elsewhere(remove_bucket, endpoint, bucket)
    return costs


def run(command: Sequence[str], environment: dict[str, str]) -> Cost:
    """Runs a program to its end, which must be a good one."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=told)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{told.read(2000).decode()}")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def make_files(directory: Path, work: Work) -> Path:
    """A folder of random files, made once."""
    folder = directory / f"{work.files}x{work.file_bytes}"
    if not folder.exists():
        for number in range(work.files):
            path = folder / f"{number // 1000}" / f"{number:05}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                for _ in range(-(-work.file_bytes // (1 << 20))):
                    file.write(os.urandom(min(work.file_bytes, 1 << 20)))
    return folder


def build_sink(directory: Path) -> Path:
    """The null sink as a program."""
    if shutil.which("go") is None:
        sys.exit("the null sink is built with Go; on Debian: apt install golang-go")
    source = shutil.copytree(SHARED / "bench" / "nullsink", directory / "nullsink")
    subprocess.run(["go", "build", "-o", str(directory / "sink"), "."], cwd=source, check=True)
    return directory / "sink"


@contextmanager
def running(sink: Path, *, md5: bool) -> Iterator[str]:
    """The null sink on a free port of the loopback; with MD5 as the ETags, or with made-up ones."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{listener.getsockname()[1]}"
    process = subprocess.Popen([str(sink), "-a", endpoint, f"-md5={str(md5).lower()}"])
    try:
        while not answers(f"http://{endpoint}/_stats"):
            time.sleep(0.02)
        yield f"http://{endpoint}"
    finally:
        process.terminate()
        process.wait()


def answers(endpoint: str) -> bool:
    """Whether something answers there."""
    with suppress(OSError):
        urllib.request.urlopen(endpoint, timeout=2).close()
        return True
    return False


def elsewhere(function: Callable[[str, str], None], endpoint: str, bucket: str) -> None:
    """Calls it in a process of its own: boto3 makes one large, and a program's peak memory starts at its parent's."""
    process = get_context("spawn").Process(target=function, args=(endpoint, bucket))
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{function.__name__} failed")


def make_bucket(endpoint: str, bucket: str) -> None:
    import boto3

    boto3.Session(*KEYS, region_name="us-east-1").client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)


def remove_bucket(endpoint: str, bucket: str) -> None:
    import boto3

    client = boto3.Session(*KEYS, region_name="us-east-1").client("s3", endpoint_url=endpoint)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if entries := page.get("Contents"):
            client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": entry["Key"]} for entry in entries]})
    client.delete_bucket(Bucket=bucket)


def table(place: str, costs: dict[tuple[str, str], list[Cost]]) -> str:
    """Medians as multiples of cinelake's, in Markdown; memory in MB."""
    lines = [f"### {place}", ""]
    for work in dict.fromkeys(work for work, _ in costs):
        base = costs[work, BASE]
        lines += [f"| {work} | wall, × | CPU, × | peak MB |", "|---|---:|---:|---:|"]
        for (name, peer), found in costs.items():
            if name == work:
                wall, cpu = (
                    statistics.median(getattr(each, field) for each in found)
                    / statistics.median(getattr(each, field) for each in base)
                    for field in ("wall_s", "cpu_s")
                )
                peak = statistics.median(each.peak_mb for each in found)
                lines.append(f"| {peer} | {wall:.2f} | {cpu:.2f} | {peak:.0f} |")
        lines.append("")
    return "\n".join(lines)


def machine() -> str:
    """What this ran on."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {name}, Python {platform.python_version()}, loopback."


if __name__ == "__main__":
    main()
