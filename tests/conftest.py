"""Real parts for the tests: project folders, S3 servers, the program itself, a browser.

A part that is missing skips its tests with the reason; where CI is set it fails them.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, sync_playwright

from parts import ceph_server, moto_server, rclone_server
from projects import Place, ProjectFolder, S3Server
from tables import land
from tmdb import TmdbServer, point_at, serving

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""Of Chromium: it runs as root here, and asks nobody for anything."""
CEPH_SETTINGS = Path("/var/tmp/ceph-rgw/ceph.conf")
SHARED = Path(os.environ.get("CINELAKE_SHARED", Path(__file__).parents[1] / "../shared")).resolve()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this machine's own AWS settings, or asks an instance for credentials."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "CINELAKE_", "TMDB_")) and name not in ("AWS_CA_BUNDLE", "CINELAKE_SHARED"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture
def folder(tmp_path: Path) -> ProjectFolder:
    """A project folder with three films, two series, their TMDB records and a folder lake."""
    project = ProjectFolder(tmp_path / "project")
    project.write_small()
    return project


@pytest.fixture
def tmdb(folder: ProjectFolder) -> Iterator[TmdbServer]:
    """TMDB, as a server of its schema: it knows both films of the small project, and one of its two series."""
    with serving(folder.path / "tmdb.jsonl") as server:
        yield server


@pytest.fixture
def landed(folder: ProjectFolder, tmdb: TmdbServer) -> ProjectFolder:
    """The small project, landed; its lake.toml names the server."""
    point_at(folder, tmdb)
    land(folder)
    return folder


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Server]:
    """moto: keeps versions, checks no signatures."""
    with moto_server() as server:
        yield server


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """rclone serve s3: checks signatures, keeps no versions."""
    with rclone_server(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def ceph() -> S3Server:
    """Ceph's S3 gateway: checks signatures and policies, keeps versions."""
    server = ceph_server()
    if server is None:
        missing("no Ceph S3 gateway on 127.0.0.1:7480; start one, or name it in CEPH_ENDPOINT")
    return server


@pytest.fixture(scope="session")
def stranger(ceph: S3Server) -> Iterator[S3Server]:
    """The same server, as another of its users sees it; the user and all that it owns go afterwards."""
    program = shutil.which("radosgw-admin")
    if program is None or not CEPH_SETTINGS.is_file():
        missing(f"no radosgw-admin, or no {CEPH_SETTINGS}: no second user can be made on the Ceph gateway")
    name, key, secret = f"other-{secrets.token_hex(6)}", secrets.token_hex(10).upper(), secrets.token_hex(20)
    admin = [program, "-c", str(CEPH_SETTINGS), "-n", "client.rgw", "user"]
    new = ["create", f"--uid={name}", "--display-name=other", f"--access-key={key}", f"--secret-key={secret}"]
    subprocess.run([*admin, *new], check=True, capture_output=True, timeout=120)
    yield replace(ceph, access_key=key, secret_key=secret)
    subprocess.run([*admin, "rm", f"--uid={name}", "--purge-data"], check=True, capture_output=True, timeout=120)


@pytest.fixture(params=["folder", "moto", "rclone", "ceph"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A lake that does not exist yet, in each kind of store."""
    if request.param == "folder":
        return Place.in_folder(tmp_path / "lake")
    return Place.on(request.getfixturevalue(request.param))


@pytest.fixture(params=["moto", "rclone", "ceph"])
def bucket_place(request: pytest.FixtureRequest) -> Place:
    """A bucket that does not exist yet, on each server."""
    return Place.on(request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Rows of the user's own files, with reference answers; they are not part of the project."""
    path = SHARED / "data" / "real"
    if not (path / "expected.json").is_file():
        missing(f"no real data in {path}; name its folder in CINELAKE_SHARED")
    return path


@pytest.fixture(scope="module")
def real(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """A project over these; nothing is landed yet."""
    folder = ProjectFolder(tmp_path_factory.mktemp("real"))
    for name, source in (("movies.csv",) * 2, ("series.csv",) * 2, ("tmdb.jsonl", "tmdb_movies.jsonl")):
        folder.path.joinpath(name).symlink_to(real_data / source)
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        missing("no Chromium here; on Debian: apt install chromium")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """It, started for the tests of a module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


def missing(reason: str) -> NoReturn:
    """Skips the test, or fails it where CI is set."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a started program: this one's, with `more`."""
    return {**os.environ, **(more or {})}
