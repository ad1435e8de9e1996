"""cinelake's image, and compose.yaml as a user runs it: a folder with the files of a clone, and nothing of this one."""

import json
import os
import shlex
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
COMPOSE = shlex.split(os.environ.get("COMPOSE_COMMAND", "docker compose"))
"""`docker-compose` is that of version 1."""
TAKEN = ("docker", "src", "requirements", "Dockerfile", "compose.yaml", "pyproject.toml", "README.md", "LICENSE")
FILES_OF_VOLUME = """\
import hashlib, json, pathlib
files = [path for path in pathlib.Path("/data").rglob("*") if path.is_file()]
print(json.dumps({str(path.relative_to("/data")): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}))
"""


def docker(
    *arguments: str, check: bool = True, timeout_s: float = 120, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command of Docker's client."""
    environment = {**os.environ, **(variables or {})}
    ended = subprocess.run(
        ["docker", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=timeout_s
    )  # fmt: skip
    assert ended.returncode == 0 or not check, ended.stderr
    return ended


def reason_without_docker() -> str | None:
    """Why no container can be run here; None where one can."""
    if shutil.which("docker") is None:
        return "no Docker here"
    if docker("info", check=False).returncode:
        return "no Docker engine answers; start one, or name it in DOCKER_HOST"
    if shutil.which(COMPOSE[0]) is None or subprocess.run([*COMPOSE, "version"], capture_output=True).returncode:
        return f"no {' '.join(COMPOSE)} here; COMPOSE_COMMAND names another"
    return None


def host_address(image: str) -> str:
    """This machine's address, as containers reach it: what compose.yaml calls host.docker.internal."""
    hosts = python_in(image, "print(open('/etc/hosts').read())", "--add-host=this-machine:host-gateway")
    [address] = [line.split()[0] for line in hosts.splitlines() if line.endswith("this-machine")]
    return address


@dataclass(frozen=True)
class Checkout:
    """A clone's files in a folder of its own, with names that nobody else uses."""

    path: Path
    name: str
    """Of the container, the volume and the project."""
    image: str
    """That of another, or its own."""

    @classmethod
    def make(cls, path: Path, image: str | None = None) -> "Checkout":
        """Copies what a build and a run need."""
        for name in (*TAKEN, ".dockerignore"):
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__", "baked"))
            else:
                shutil.copy(ROOT / name, path / name)
        path.joinpath("data").mkdir()
        path.joinpath("report").mkdir()
        name = f"cinelake-{uuid.uuid4().hex[:10]}"
        return cls(path, name, image or name)

    @property
    def names(self) -> dict[str, str]:
        """The settings that give them."""
        return {"CINELAKE_CONTAINER": self.name, "CINELAKE_VOLUME": self.name, "CINELAKE_IMAGE": self.image}

    def write_env(self, variables: Mapping[str, str]) -> None:
        """Writes `.env`."""
        self.path.joinpath(".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))

    def compose(self, *arguments: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs Compose in the folder."""
        environment = {**os.environ, "COMPOSE_PROJECT_NAME": self.name, **(variables or {})}
        return subprocess.run(
            [*COMPOSE, *arguments], cwd=self.path, env=environment,
            capture_output=True, text=True, check=False, timeout=500,
        )  # fmt: skip

    def up(
        self, variables: Mapping[str, str] | None = None, *, build: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """The one command, to end with the program's code. Without `build` the image is taken as it is."""
        options = ["--build"] if build else []
        return self.compose("up", *options, "--exit-code-from", "cinelake", "cinelake", variables=variables)

    def volume(self) -> dict[str, str]:
        """The SHA-256 of every file in the volume, told by another container."""
        files: dict[str, str] = json.loads(python_in(self.image, FILES_OF_VOLUME, "-v", f"{self.name}:/data:ro"))
        return files

    def remove(self) -> None:
        """Removes its containers, network and volume, and the image if it is its own."""
        self.compose("down", "--volumes", variables=self.names)
        docker("image", "rm", "--force", self.name, check=False)


def inspected(name: str) -> Any:
    """All that Docker tells of a container or an image."""
    return json.loads(docker("inspect", name).stdout)[0]


def python_in(image: str, code: str, *options: str) -> str:
    """What Python prints in a container of an image."""
    return docker("run", "--rm", *options, "--entrypoint", "python", image, "-c", code).stdout
