"""S3 servers that the tests start, or find running."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from projects import S3Server

START_S = 30.0
LOOPBACK = "127.0.0.1"


def free_port(host: str = LOOPBACK) -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])


@contextmanager
def moto_server(certificates: Path | None = None, host: str = LOOPBACK) -> Iterator[S3Server]:
    """moto's server, in a process of its own; over TLS where there is a folder for its certificates."""
    port = free_port(host)
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", host, "-p", str(port)]
    if certificates is None:
        with _running(command, f"http://{host}:{port}"):
            yield S3Server("moto", f"http://{host}:{port}", "AKIATEST", "SECRETTEST", versions=True)
        return
    authority = trustme.CA()
    authority.cert_pem.write_to_path(certificates / "authority.pem")
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(certificates / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(certificates / "certificate.pem")
    command += ["--ssl-cert", str(certificates / "certificate.pem"), "--ssl-key", str(certificates / "key.pem")]
    trusting = ssl.create_default_context(cafile=str(certificates / "authority.pem"))
    with _running(command, f"https://localhost:{port}", trusting):
        yield S3Server(
            "moto",
            f"https://localhost:{port}",
            "AKIATEST",
            "SECRETTEST",
            versions=True,
            authority=str(certificates / "authority.pem"),
        )


@contextmanager
def rclone_server(folder: Path, host: str = LOOPBACK) -> Iterator[S3Server]:
    """rclone's S3 server over a folder."""
    port = free_port(host)
    program = shutil.which("rclone", path=str(Path(sys.executable).parent)) or "rclone"
    command = [program, "serve", "s3", "--addr", f"{host}:{port}", "--auth-key", "AKIATEST,SECRETTEST"]
    with _running([*command, "--config", os.devnull, str(folder)], f"http://{host}:{port}"):
        yield S3Server("rclone", f"http://{host}:{port}", "AKIATEST", "SECRETTEST", signatures=True)


def ceph_server() -> S3Server | None:
    """A gateway that runs already; None where none does."""
    endpoint = os.environ.get("CEPH_ENDPOINT", "http://127.0.0.1:7480")
    if not _answers(endpoint):
        return None
    return S3Server("ceph", endpoint, "AKIATEST", "SECRETTEST", versions=True, signatures=True)


@contextmanager
def _running(command: list[str], endpoint: str, trusting: ssl.SSLContext | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + START_S
        while not _answers(endpoint, trusting):
            assert process.poll() is None, f"{command[0]} ended at once"
            assert time.monotonic() < until, f"{command[0]} does not answer"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(endpoint: str, trusting: ssl.SSLContext | None = None) -> bool:
    try:
        urllib.request.urlopen(endpoint, timeout=2, context=trusting).close()
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
    return True
