"""One command in Docker: from ./data through a volume to the lake, and the report back to ./report."""

import hashlib
import json
import socket
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from cinelake.lake.session import SERVICES
from conftest import missing
from containers import Checkout, docker, host_address, inspected, python_in, reason_without_docker
from parts import moto_server, rclone_server
from projects import SERIES_HEADER, SMALL_MOVIES, SMALL_SERIES, Place, ProjectFolder, S3Server

pytestmark = pytest.mark.timeout(900)  # the first build fetches 48 packages

SECRET = "a-secret-that-no-layer-may-hold"
MARK = "A row that no layer may hold"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The image, built in a folder that holds a secret and data."""
    if reason := reason_without_docker():
        missing(reason)
    checkout = Checkout.make(tmp_path_factory.mktemp("built"))
    checkout.write_env({**checkout.names, "TMDB_TOKEN": SECRET})
    for place in ("docker/no-data/.env", "src/cinelake/.env.local", "data/movies.csv", "movies.csv"):
        checkout.path.joinpath(place).write_text(f"{SECRET} {MARK}")
    ended = checkout.compose("build")
    assert ended.returncode == 0, ended.stderr[-3000:]
    yield checkout
    checkout.remove()


@pytest.fixture(scope="module")
def host(built: Checkout) -> str:
    """This machine's address, as containers reach it."""
    return host_address(built.image)


@pytest.fixture
def checkout(built: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    """A clone with both files in ./data and no .env."""
    made = Checkout.make(tmp_path / "clone", built.image)
    project = ProjectFolder(made.path / "data")
    project.write_csv("movies.csv", SMALL_MOVIES)
    project.write_csv("series.csv", SMALL_SERIES, header=SERIES_HEADER)
    yield made
    made.remove()


def sha256_of(path: Path) -> str:
    """Of a whole file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def under_raw(files: dict[str, str]) -> set[str]:
    """What was landed of a folder lake."""
    return {name for name in files if name.startswith("lake/Raw/")}


# One command


def test_without_any_setting_the_lake_is_a_folder_in_the_volume(checkout: Checkout) -> None:
    own = {**checkout.names, "CINELAKE_IMAGE": checkout.name}
    checkout.path.joinpath("report").chmod(0o755)  # as git makes it, for whoever runs the tests alone
    first = checkout.compose("up", "--build", variables=own)
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
    files = checkout.volume()
    report = checkout.path / "report" / "report.html"
    assert files["report/report.html"] == sha256_of(report)
    [movies] = [name for name in under_raw(files) if name.endswith("/movies.csv")]
    assert files[movies] == files["movies.csv"] == sha256_of(checkout.path / "data" / "movies.csv")
    assert files["series.csv"] == sha256_of(checkout.path / "data" / "series.csv")

    second = checkout.up(own, build=True)
    assert second.returncode == 0
    assert checkout.volume().keys() == files.keys(), "a second run uploads nothing"

    evidence = checkout.compose("run", "--rm", "cinelake", "verify", variables=checkout.names)
    assert evidence.returncode == 0, evidence.stdout
    for line in (
        "ok    lake: file:lake is there",
        f"ok    object {movies.removeprefix('lake/')}:",
        f"ok    source movies.csv: is {movies.removeprefix('lake/')}:",
        f"SHA-256 {files['series.csv']}",
    ):
        assert line in evidence.stdout


def test_the_container_may_do_nothing_but_its_work(checkout: Checkout) -> None:
    checkout.path.joinpath("data", "movies.csv").unlink()
    checkout.up(checkout.names)
    told = inspected(checkout.name)
    assert told["Config"]["User"] == "1000:1000"
    assert told["HostConfig"]["ReadonlyRootfs"] is True
    assert told["HostConfig"]["CapDrop"] == ["ALL"]
    assert not told["HostConfig"]["CapAdd"]
    assert told["HostConfig"]["SecurityOpt"][0].startswith("no-new-privileges")
    writable = {mount["Destination"]: mount["RW"] for mount in told["Mounts"]}
    assert writable == {"/data": True, "/input": False, "/report": True}


def test_another_user_may_be_named(checkout: Checkout) -> None:
    """Also for a volume that was another's."""
    for owner in ("1000:1000", "4321:4321", "0:0", "1000:1000"):
        checkout.write_env({**checkout.names, "UID_GID": owner})
        ended = checkout.up()
        assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
        report = checkout.path / "report" / "report.html"
        assert report.stat().st_uid == int(owner.partition(":")[0])
        report.unlink()


def test_another_volume_may_be_named_at_any_time(checkout: Checkout) -> None:
    assert checkout.up(checkout.names).returncode == 0
    other = f"{checkout.name}-other"
    try:
        assert checkout.up({**checkout.names, "CINELAKE_VOLUME": other}).returncode == 0
        assert "report/report.html" in replace(checkout, name=other).volume()
    finally:
        checkout.compose("down", variables=checkout.names)
        docker("volume", "rm", other)


def test_running_leaves_no_volume_behind_but_the_named_one(checkout: Checkout) -> None:
    checkout.up(checkout.names)
    for each in ("", "-folders"):
        mounts = inspected(f"{checkout.name}{each}")["Mounts"]
        assert {mount["Name"] for mount in mounts if mount["Type"] == "volume"} == {checkout.name}


def test_a_bucket_without_credentials_leaves_the_lake_a_folder(checkout: Checkout) -> None:
    checkout.write_env({**checkout.names, "CINELAKE_LAKE": "s3://lake-of-mine", "AWS_EC2_METADATA_DISABLED": "true"})
    ended = checkout.up()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "warning: there are no AWS credentials: the lake is file:lake" in ended.stdout + ended.stderr
    assert len(under_raw(checkout.volume())) == 2


def test_a_report_that_the_folder_cannot_take_stays_in_the_volume(checkout: Checkout) -> None:
    checkout.path.joinpath("report", "report.html").mkdir()
    ended = checkout.up(checkout.names)
    assert ended.returncode == 0
    assert "the report stays in the volume" in ended.stdout + ended.stderr
    assert "report/report.html" in checkout.volume()


# On S3


def test_with_credentials_in_env_the_lake_is_the_bucket(checkout: Checkout, host: str) -> None:
    with moto_server(host=host) as server:
        place = Place.on(server)
        checkout.write_env({**checkout.names, **server.variables, "CINELAKE_LAKE": place.uri})
        first = checkout.up()
        assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
        landed = place.objects()
        data = checkout.path.joinpath("data", "movies.csv").read_bytes()
        assert [key.startswith("Raw/Local/CSV/Movies/") for key in landed if landed[key] == data] == [True]
        files = checkout.volume()
        assert {"movies.csv", "series.csv", "report/report.html"} <= set(files)
        assert not any(name.startswith("lake/") for name in files)
        assert server.secret_key not in checkout.path.joinpath("report", "report.html").read_text() + first.stdout

        versions = versions_of(server, place)
        assert checkout.up().returncode == 0
        assert versions_of(server, place) == versions, "a second run uploads nothing"

        evidence = checkout.compose("run", "--rm", "cinelake", "verify")
        assert evidence.returncode == 0, evidence.stdout
        assert f"ok    lake: {place.uri} is there" in evidence.stdout
        assert "bucket region" in evidence.stdout
        assert f"SHA-256 {files['movies.csv']}" in evidence.stdout


def versions_of(server: S3Server, place: Place) -> set[tuple[str, str]]:
    """Every version of every object: another upload adds one."""
    pages = server.client().get_paginator("list_object_versions").paginate(Bucket=place.name)
    return {(each["Key"], each["VersionId"]) for page in pages for each in page.get("Versions", [])}


# How it ends


def test_a_missing_file_is_exit_2_and_named(checkout: Checkout) -> None:
    checkout.path.joinpath("data", "movies.csv").unlink()
    ended = checkout.up(checkout.names)
    assert ended.returncode == 2
    assert "error: movies.csv is missing. Nothing was sent" in ended.stdout + ended.stderr


def test_wrong_credentials_are_exit_4(checkout: Checkout, host: str, tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    with rclone_server(served, host=host) as server:
        wrong = {**server.variables, "AWS_SECRET_ACCESS_KEY": "wrong", "CINELAKE_LAKE": "s3://lake-of-another"}
        checkout.write_env({**checkout.names, **wrong})
        ended = checkout.up()
    assert ended.returncode == 4, ended.stdout + ended.stderr


def test_sigterm_ends_it_promptly_with_130(built: Checkout, host: str) -> None:
    """It waits for a store that takes a connection and never answers; it is the container's first process."""
    with socket.create_server((host, 0)) as silent:
        silent.settimeout(60)
        endpoint = f"http://{host}:{silent.getsockname()[1]}"
        variables = {"AWS_ENDPOINT_URL_S3": endpoint, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        options = [f"--env={name}={value}" for name, value in variables.items()]
        name = f"{built.name}-waiting"
        docker("run", "--detach", "--name", name, *options, built.image, "ls", "--lake", "s3://lake-of-nobody")
        try:
            connection, _ = silent.accept()
            start = time.monotonic()
            docker("stop", "--time", "30", name)
            took_s = time.monotonic() - start
            connection.close()
            assert inspected(name)["State"]["ExitCode"] == 130, docker("logs", name).stderr
            assert took_s < 10
        finally:
            docker("rm", "--force", "--volumes", name)


# The image


def test_no_layer_holds_a_secret_or_data(built: Checkout, tmp_path: Path) -> None:
    saved = tmp_path / "image.tar"
    docker("save", "--output", str(saved), built.image, timeout_s=300)
    names = set()
    for name, data in files_of_image(saved):
        names.add(name)
        assert SECRET.encode() not in data, name
        assert MARK.encode() not in data, name
    assert {"input/.gitkeep", "opt/cinelake/bin/cinelake"} <= names
    assert [name for name in names if name.endswith((".csv", ".env", ".env.local", "bin/gcc"))] == []
    assert [name for name in names if name.startswith(("root/.cache/", "build/", "data/"))] == []


def files_of_image(saved: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of every layer, and what stands beside the layers: settings and history."""
    with tarfile.open(saved) as image:
        for member in image:
            part = image.extractfile(member)
            if part is None:
                continue
            try:
                with tarfile.open(fileobj=part) as layer:
                    for file in layer:
                        data = layer.extractfile(file) if file.isfile() else None
                        yield file.name.removeprefix("./"), data.read() if data else b""
            except tarfile.ReadError:  # no layer
                part.seek(0)
                yield member.name, part.read()


def test_the_image_says_what_it_is_and_who_runs_it(built: Checkout) -> None:
    config = inspected(built.image)["Config"]
    assert config["User"] == "1000:1000"
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert labels["title"] == "cinelake"
    assert labels["version"] == version("cinelake")
    assert labels["licenses"] == "Apache-2.0"
    assert docker("run", "--rm", built.image, "--version").stdout == f"cinelake {version('cinelake')}\n"


def test_of_aws_the_image_knows_the_services_that_are_asked(built: Checkout) -> None:
    code = "import botocore, os; print(*os.listdir(botocore.__path__[0] + '/data'))"
    assert set(SERVICES) == {name for name in python_in(built.image, code).split() if not name.endswith(".json")}


def test_data_is_baked_in_where_it_is_asked_for(checkout: Checkout) -> None:
    baked = checkout.path / "docker" / "baked"
    checkout.path.joinpath("data").rename(baked)
    name = checkout.name
    docker("build", "--tag", name, "--build-arg", "DATA=docker/baked", str(checkout.path), timeout_s=500)
    try:
        told = json.loads(docker("run", "--rm", "--read-only", "--tmpfs=/tmp", name, "land", "--json").stdout)
        assert [each["sha256"] for each in told["objects"]] == [
            sha256_of(baked / "movies.csv"), sha256_of(baked / "series.csv"),
        ]  # fmt: skip
    finally:
        docker("image", "rm", "--force", name)
