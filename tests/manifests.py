"""The manifests under kubernetes/, as a cluster would get them."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple

import typer
from kubernetes_validate.utils import all_versions, resources_from_file  # type: ignore[import-untyped]

from cinelake.cli.app import app
from conftest import missing
from test_docs import ROOT

FOLDER = ROOT / "kubernetes"
PLACES = ("kind", "eks")
"""Applied once; a work names what is in them."""
PARTS = ("base", "release")
"""Of the others; nobody applies them."""
WORKS = tuple(sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name not in (*PLACES, *PARTS)))
VERSIONS = list(dict.fromkeys(all_versions()))[-3:]
"""The newest of Kubernetes whose schemas there are."""
BY_HAND = {("Secret", "cinelake")}
"""What the page has made by hand."""
EXECUTOR = FOLDER / "spark" / "executor.yaml"


class Pod(NamedTuple):
    """What runs."""

    name: str
    """Kind and name of what makes it."""
    spec: Any
    labels: dict[str, str]
    owner: Any
    """Of a Job, what it is; else the pod itself."""


@cache
def rendered(name: str, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """The objects of a folder, as `kubectl apply -k` would send them."""
    if shutil.which("kubectl") is None:
        missing("no kubectl here")
    ended = subprocess.run(
        ["kubectl", "kustomize", str(folder / name)], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return parsed(ended.stdout)


def parsed(text: str) -> list[dict[str, Any]]:
    """The objects of a YAML text. kubernetes-validate brings a reader of files, so the tests need none of their own."""
    with NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        objects: list[dict[str, Any]] = resources_from_file(file.name)
    return objects


def pods_of(objects: list[dict[str, Any]]) -> list[Pod]:
    """Every pod that comes of these, those of Spark's executors included."""
    pods = []
    for each in objects:
        owner = each["spec"]["jobTemplate"] if each["kind"] == "CronJob" else each
        if each["kind"] in ("Pod", "Job", "CronJob"):
            template = owner if each["kind"] == "Pod" else owner["spec"]["template"]
            name = f"{each['kind']} {each['metadata']['name']}"
            pods.append(Pod(name, template["spec"], template["metadata"]["labels"], owner["spec"]))
        for file, text in each.get("data", {}).items() if each["kind"] == "ConfigMap" else ():
            if file == EXECUTOR.name:
                [template] = parsed(text)
                pods.append(Pod("executor", template["spec"], template["metadata"]["labels"], template["spec"]))
    return pods


def all_pods(*names: str) -> list[Pod]:
    """Those of these folders, or of all."""
    return [pod for name in names or (*PLACES, *WORKS) for pod in pods_of(rendered(name))]


def check_command(arguments: list[str]) -> None:
    """Reads arguments as the program does. TyperException: it has no such command or option."""
    group: Any = typer.main.get_command(app)  # Any: of a library inside Typer, which it does not show
    with group.make_context("cinelake", list(arguments)) as context:
        name, command, rest = group.resolve_command(context, list(arguments))
        command.make_context(name, rest, parent=context)


def assert_restricted(name: str, spec: Any) -> None:
    """The profile `restricted` of Kubernetes' Pod Security Standards, and a root that cannot be written."""
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & spec.keys(), name
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True, name
    assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] == 1000, name
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
    for volume in spec["volumes"]:
        assert len(volume.keys() & {"configMap", "emptyDir", "persistentVolumeClaim"}) == 1, name
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}, name


def without_status(pod: Any) -> dict[str, Any]:
    return {name: value for name, value in pod.items() if name != "status"}


def commands(*names: str) -> Iterator[tuple[Pod, list[str]]]:
    """What each container of these works, or of all, passes to cinelake."""
    for pod in all_pods(*names):
        for container in pod.spec["containers"]:
            if container.get("command") == ["spark-submit"]:
                rest = container["args"]
                yield pod, rest[rest.index("/spark/submit.py") + 1 :]
            elif "command" not in container:  # the image's own, which is cinelake
                yield pod, container["args"]


def runs_of(name: str) -> list[str]:
    """What cinelake is called with in a folder's pods: one for each index of a Job that has several."""
    return [
        " ".join(arguments).replace("=", " ").replace("$(JOB_COMPLETION_INDEX)", str(index))
        for pod, arguments in commands(name)
        for index in range(pod.owner.get("completions", 1))
    ]


def openings(policy: Any, direction: str) -> set[tuple[str, int, str]]:
    """With whom (`anybody`, a block of addresses, or the labels of pods), at which port, by which protocol."""
    opened = set()
    for rule in policy["spec"].get(direction, []):
        assert rule["ports"], "no port named is all of them"
        for port in rule["ports"]:
            assert port.keys() == {"port", "protocol"}, "no ranges: an endPort opens all between"
            for peer in rule.get("to" if direction == "egress" else "from", ["anybody"]):
                opened.add((peer if peer == "anybody" else _peer(peer), port["port"], port["protocol"]))
    return opened


def _peer(peer: Any) -> str:
    [(kind, told)] = peer.items()
    [(_, value)] = told.items()
    return str(value) if kind == "ipBlock" else json.dumps(value)


def bytes_of(quantity: str) -> int:
    """What Kubernetes (`3Gi`), lake.toml (`1500MB`) or Spark (`1g`) means by an amount of memory."""
    units = {"Gi": 1024**3, "Mi": 1024**2, "GB": 1000**3, "MB": 1000**2, "g": 1024**3, "m": 1024**2}
    [unit] = [unit for unit in units if quantity.endswith(unit)]
    return int(quantity.removesuffix(unit)) * units[unit]


def spark_settings() -> dict[str, str]:
    """Those of spark.conf."""
    text = FOLDER.joinpath("spark", "spark.conf").read_text(encoding="utf-8")
    return dict(line.split() for line in text.splitlines() if line and not line.startswith("#"))
