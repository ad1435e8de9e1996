"""The stack on a real Swarm of one node: workers land a share each, then one does the rest."""

import fcntl
import hashlib
import json
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cinelake import Shard
from conftest import missing
from containers import Checkout, docker, host_address, inspected, python_in, reason_without_docker
from faulty import Asked, Do, FaultyNetwork, faulty_network
from landings import make_bucket
from projects import MOVIES_HEADER, SERIES_HEADER, SMALL_MOVIES, SMALL_SERIES, Place, S3Server

pytestmark = pytest.mark.timeout(900)

FILES = 1000
SHARDS = 4
DEADLINE_S = 240.0
SETTINGS = """\
[[source]]
dataset = "Movies"
path = "data/movies"
[[source]]
dataset = "Series"
path = "data/series.csv"
[tmdb]
source = "off"
"""


@pytest.fixture(scope="module")
def image() -> Iterator[Checkout]:
    """The image, and a Swarm to run it on, which only one module of tests has at a time."""
    if reason := reason_without_docker():
        missing(reason)
    checkout = Checkout.make(Path(tempfile.mkdtemp()))
    built = checkout.compose("build", "cinelake", variables=checkout.names)
    assert built.returncode == 0, built.stderr[-3000:]
    with swarm():
        yield checkout
    checkout.remove()


@contextmanager
def swarm() -> Iterator[None]:
    """This engine as a Swarm of its own; one that it is in already is used, and stays."""
    with Path(tempfile.gettempdir(), "cinelake-tests-of-swarm.lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        is_mine = docker("info", "--format", "{{.Swarm.LocalNodeState}}").stdout.strip() == "inactive"
        if is_mine:
            docker("swarm", "init", "--advertise-addr", "127.0.0.1")
        try:
            yield
        finally:
            if is_mine:
                docker("swarm", "leave", "--force")


@pytest.fixture
def network(image: Checkout, ceph: S3Server) -> Iterator[FaultyNetwork]:
    """The way to a store, which notes who asks what."""
    with faulty_network(ceph, host_address(image.image)) as network:
        yield network


@dataclass(frozen=True)
class Stack:
    """The stack as it was deployed."""

    name: str
    checkout: Checkout
    place: Place

    def tasks(self, service: str) -> list[dict[str, str]]:
        """What Swarm tells of a service's tasks, also of those that ended."""
        told = docker("service", "ps", "--no-trunc", "--format", "{{json .}}", f"{self.name}_{service}").stdout
        return [json.loads(line) for line in told.splitlines()]

    def has_completed(self, service: str, count: int) -> bool:
        """Whether so many tasks of a service have done their work."""
        return sum(each["CurrentState"].startswith("Complete ") for each in self.tasks(service)) == count

    def containers(self, service: str) -> list[str]:
        """The ids of its running containers."""
        label = f"label=com.docker.swarm.service.name={self.name}_{service}"
        return docker("ps", "--quiet", "--filter", label).stdout.split()

    def logs(self) -> str:
        """What all tasks have printed."""
        ended = [docker("service", "logs", f"{self.name}_{each}", check=False) for each in ("land", "rest")]
        return "".join(each.stdout + each.stderr for each in ended)


@pytest.fixture
def stack(image: Checkout, network: FaultyNetwork, tmp_path: Path) -> Iterator[Stack]:
    """A clone with a thousand files, whose stack is not deployed yet."""
    checkout = Checkout.make(tmp_path / "clone", image.image)
    movies = checkout.path / "data" / "movies"
    movies.mkdir()
    for number in range(FILES - 1):
        row = SMALL_MOVIES[0].replace("tt99000001", f"tt98{number:06}")
        movies.joinpath(f"{number:03}.csv").write_text(f"{MOVIES_HEADER}\n{row}\n")
    checkout.path.joinpath("data", "series.csv").write_text("\n".join([SERIES_HEADER, *SMALL_SERIES, ""]))
    checkout.path.joinpath("lake.toml").write_text(SETTINGS)
    place = network.place()
    make_bucket(place, versions=True)  # in one that is not there yet there is nothing to list
    checkout.write_env({**place.variables, "CINELAKE_LAKE": place.uri})
    made = Stack(checkout.name, checkout, place)
    yield made
    remove(made.name)


def remove(name: str) -> None:
    """Removes a stack, and what Swarm leaves lying of it."""
    docker("stack", "rm", name, check=False)
    label = f"label=com.docker.stack.namespace={name}"
    deadline = time.monotonic() + DEADLINE_S
    while left := [
        *(("container", each) for each in docker("ps", "--all", "--quiet", "--filter", label).stdout.split()),
        *(("volume", each) for each in docker("volume", "ls", "--quiet", "--filter", label).stdout.split()),
    ]:
        for what, each in left:
            docker(what, "rm", "--force", each, check=False)
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def deploy(stack: Stack, shards: int = SHARDS) -> None:
    """What docs/swarm.md tells to do."""
    variables = {"CINELAKE_IMAGE": stack.checkout.image, "CINELAKE_SHARDS": str(shards)}
    file = str(stack.checkout.path / "docker" / "stack.yaml")
    docker("stack", "deploy", "--resolve-image", "never", "-c", file, stack.name, variables=variables)


def until(is_so: Callable[[], bool], stack: Stack) -> None:
    """Looks again and again."""
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, stack.logs()[-5000:]
        time.sleep(0.2)


def by_client(requests: list[Asked]) -> dict[str, list[Asked]]:
    """What each worker, which has an address of its own, has asked."""
    found: dict[str, list[Asked]] = defaultdict(list)
    for asked in requests:
        found[asked.client].append(asked)
    return found


def sent_by(requests: list[Asked]) -> dict[str, str]:
    """Of each source file, as its share knows it, the worker that sent it; no file is sent twice."""
    sent = [asked for asked in requests if asked.method == "PUT" and asked.key.startswith("Raw/")]
    names = [asked.key.split("/") for asked in sent]
    files = ["/".join([origin, dataset, file]) for _, origin, _, dataset, _, _, _, file in names]
    assert len(files) == len(set(files))
    return dict(zip(files, (asked.client for asked in sent), strict=True))


def is_listing_of_raw(asked: Asked) -> bool:
    """Whether a request lists the films' Raw objects, or goes on listing them."""
    return asked.method == "GET" and "list-type=2" in asked.query and "Movies" in asked.query


def assert_every_file_is_landed_once(stack: Stack) -> None:
    """Each source file has one object of its bytes, of one version, and no other object is there."""
    assert stack.place.server is not None
    pages = stack.place.server.client().get_paginator("list_object_versions")
    found = [each for page in pages.paginate(Bucket=stack.place.name, Prefix="Raw/") for each in page["Versions"]]
    assert len(found) == FILES
    landed = {each["Key"].rpartition("/")[2]: each["ETag"].strip('"') for each in found}
    files = stack.checkout.path.joinpath("data").rglob("*.csv")
    assert landed == {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in files}


def test_each_worker_lands_its_share_and_one_does_the_rest(stack: Stack, network: FaultyNetwork) -> None:
    # Each begins with one question, whose answer waits for all: no address is given to a second one.
    network.fail(Do(threading.Barrier(SHARDS + 1, timeout=DEADLINE_S).wait), "GET", times=SHARDS + 1)
    deploy(stack)
    until(lambda: stack.has_completed("rest", 1), stack)
    assert stack.has_completed("land", SHARDS)
    assert_every_file_is_landed_once(stack)

    secret = str(stack.place.variables["AWS_SECRET_ACCESS_KEY"])
    workers = by_client(network.log)
    shares = defaultdict(set)
    for file, client in sent_by(network.log).items():
        shares[client].add(next(index for index in range(SHARDS) if Shard(index, SHARDS).holds(file)))
    assert sorted(shares.values(), key=sorted) == [{index} for index in range(SHARDS)], "each sends only its own"
    assert [sum(map(is_listing_of_raw, workers[client])) for client in shares] == [1] * SHARDS, "each lists once"

    [rest] = set(workers) - set(shares)
    assert {asked.key.partition("/")[0] for asked in workers[rest] if asked.writes} == {
        "_manifests",
        "Trusted",
        "Refined",
    }
    for container in docker("ps", "--all", "--quiet", "--filter", f"name={stack.name}_").stdout.split():
        told = inspected(container)
        assert told["Config"]["User"] == "1000:1000"
        assert told["HostConfig"]["ReadonlyRootfs"] is True
        assert told["HostConfig"]["CapDrop"] == ["ALL"]
        assert not any(secret in each for each in told["Config"]["Env"])

    files = python_in(stack.checkout.image, "import os; print(os.listdir('/r'))", "-v", f"{stack.name}_report:/r:ro")
    assert "report.html" in files
    assert secret not in stack.logs()
    for service in ("land", "rest"):
        assert secret not in docker("service", "inspect", f"{stack.name}_{service}").stdout


def test_a_worker_that_is_killed_is_started_again_and_sends_what_is_missing(
    stack: Stack, network: FaultyNetwork
) -> None:
    killed: list[str] = []

    def kill_one() -> None:
        killed.append(stack.containers("land")[0])
        docker("kill", "--signal", "KILL", killed[0])

    network.fail(Do(kill_one), "PUT", "/Raw/", first=FILES // 3)
    deploy(stack)
    until(lambda: stack.has_completed("land", SHARDS), stack)
    assert killed
    failed = [each for each in stack.tasks("land") if each["CurrentState"].startswith("Failed ")]
    assert [each["Error"] for each in failed] == ['"task: non-zero exit (137)"']
    assert_every_file_is_landed_once(stack)
    assert len(sent_by(network.log)) == FILES
