"""The manifests under kubernetes/ fit Kubernetes' schemas, name what is there, and may do little. None is applied."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from typer.exceptions import TyperException

from cinelake import Project
from cinelake.cli.app import app
from cinelake.land import Shard
from manifests import (
    BY_HAND,
    PLACES,
    VERSIONS,
    WORKS,
    all_pods,
    assert_restricted,
    bytes_of,
    check_command,
    commands,
    openings,
    pods_of,
    rendered,
    spark_settings,
)
from projects import Place, ProjectFolder, S3Server
from test_docs import ROOT

POD_IDENTITY = urlsplit("http://169.254.170.23/v1/credentials")
"""Where EKS tells a pod to ask for credentials, by AWS_CONTAINER_CREDENTIALS_FULL_URI."""
BASE = {("anybody", 53, "UDP"), ("anybody", 53, "TCP"), ("anybody", 443, "TCP")}
"""Where every pod may go: to DNS, and by TLS to the store and TMDB."""

# They are what Kubernetes takes


@pytest.mark.parametrize("kubernetes", VERSIONS)
@pytest.mark.parametrize("name", [*PLACES, *WORKS])
def test_every_object_fits_the_schema_of_its_kind(name: str, kubernetes: str) -> None:
    for each in rendered(name):  # a kind without a schema is an error, too
        kubernetes_validate.validate(each, kubernetes, strict=True)


def test_there_are_three_versions_and_the_newest_is_among_them() -> None:
    assert len(set(VERSIONS)) == 3
    assert VERSIONS[-1] == kubernetes_validate.latest_version()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("concurrencyPolicy", "concurencyPolicy"), ("readOnlyRootFilesystem", "readonlyRootFilesystem")],
)
def test_a_misspelt_field_is_caught(right: str, wrong: str) -> None:
    text = json.dumps(rendered("daily"))
    assert right in text
    [misspelt] = json.loads(text.replace(right, wrong))
    with pytest.raises(kubernetes_validate.ValidationError, match=wrong):
        kubernetes_validate.validate(misspelt, VERSIONS[-1], strict=True)


def test_a_kind_that_nobody_knows_is_caught() -> None:
    [cronjob] = rendered("daily")
    with pytest.raises(kubernetes_validate.SchemaNotFoundError):
        kubernetes_validate.validate({**cronjob, "kind": "CronJobs"}, VERSIONS[-1], strict=True)


# What is named is there


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("work", WORKS)
def test_what_a_pod_names_is_in_the_place_or_in_the_work_or_made_by_hand(place: str, work: str) -> None:
    objects = [*rendered(place), *rendered(work)]
    there = {(each["kind"], each["metadata"]["name"]) for each in objects} | BY_HAND
    for pod in pods_of(objects):
        named = set(names_in(pod.spec))
        assert {("PersistentVolumeClaim", "cinelake"), ("Secret", "cinelake")} & named
        assert named <= there, pod.name
    for each in objects:
        if each["kind"] == "RoleBinding":
            assert ("Role", each["roleRef"]["name"]) in there
            assert {(subject["kind"], subject["name"]) for subject in each["subjects"]} <= there
        if each["kind"] == "PersistentVolumeClaim" and "storageClassName" in each["spec"]:
            assert ("StorageClass", each["spec"]["storageClassName"]) in there


def names_in(spec: Any) -> Iterator[tuple[str, str]]:
    """Kind and name of all that a pod needs; each mount must have its volume."""
    volumes = {volume["name"] for volume in spec["volumes"]}
    if "serviceAccountName" in spec:
        yield "ServiceAccount", spec["serviceAccountName"]
    for volume in spec["volumes"]:
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
    for container in spec["containers"]:
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes
        for source in container.get("envFrom", []):
            assert source["secretRef"]["optional"] is True  # with Pod Identity there may be none
            yield "Secret", source["secretRef"]["name"]


# They may do little


def test_every_pod_meets_the_restricted_profile() -> None:
    pods = all_pods()
    assert len({pod.name for pod in pods}) == 1 + len(WORKS) + ("shards" in WORKS) + ("spark" in WORKS)
    for pod in pods:
        assert_restricted(pod.name, pod.spec)


def test_every_container_says_what_it_needs_and_takes_no_more() -> None:
    for pod in all_pods():
        for container in pod.spec["containers"]:
            if pod.name != "executor":  # Spark says it, from spark.conf
                assert container["resources"]["requests"].keys() == {"cpu", "memory"}, pod.name
                needed, most = (container["resources"][each]["memory"] for each in ("requests", "limits"))
                assert bytes_of(needed) <= bytes_of(most), pod.name


@pytest.mark.parametrize("place", PLACES)
def test_what_builds_may_take_twice_the_memory_of_the_settings(place: str, tmp_path: Path) -> None:
    """DuckDB keeps to `memory`; Python and what it reads take their own. The desk may be told to build, too."""
    memory = bytes_of(settings_of(place, tmp_path).engine.memory)
    builders = {pod.name: pod for pod, arguments in commands() if arguments[0] in ("run", "build")}
    assert len(builders) == len(WORKS)
    for pod in (*builders.values(), *all_pods(place)):
        [container] = pod.spec["containers"]
        assert 2 * memory <= bytes_of(container["resources"]["limits"]["memory"]), pod.name


@pytest.mark.parametrize("place", PLACES)
def test_sparks_driver_may_take_its_heap_and_beside_it_the_memory_of_the_settings(place: str, tmp_path: Path) -> None:
    [[container]] = [pod.spec["containers"] for pod in all_pods("spark") if pod.name == "Job spark"]
    beside = bytes_of(container["resources"]["limits"]["memory"]) - bytes_of(spark_settings()["spark.driver.memory"])
    assert beside >= bytes_of(settings_of(place, tmp_path).engine.memory)


def test_only_sparks_driver_gets_a_token_of_the_cluster() -> None:
    for place in PLACES:
        [account] = [each for each in rendered(place) if each["kind"] == "ServiceAccount"]
        assert account["automountServiceAccountToken"] is False
    given = {pod.name for pod in all_pods() if pod.spec.get("automountServiceAccountToken")}
    assert given == {"Job spark"}
    [executor] = [pod for pod in all_pods() if pod.name == "executor"]  # its account is the namespace's default one
    assert executor.spec["automountServiceAccountToken"] is False


@pytest.mark.parametrize("place", PLACES)
def test_nobody_reaches_a_pod_and_every_pod_is_under_that_rule(place: str) -> None:
    policies = {each["metadata"]["name"]: each for each in rendered(place) if each["kind"] == "NetworkPolicy"}
    policy = policies["cinelake"]
    assert sorted(policy["spec"]["policyTypes"]) == ["Egress", "Ingress"]
    assert [name for name, each in policies.items() if openings(each, "ingress")] == []
    assert openings(policy, "egress") == BASE
    for pod in all_pods():
        assert policy["spec"]["podSelector"]["matchLabels"].items() <= pod.labels.items(), pod.name


def test_with_kind_pods_reach_a_store_of_your_own_at_one_port_more() -> None:
    page = ROOT.joinpath("docs", "kubernetes.md").read_text(encoding="utf-8")
    [port] = re.findall(r"AWS_ENDPOINT_URL_S3=http://ADDRESS:(\d+)", page)
    assert beyond_base("kind") == {("anybody", int(port), "TCP")}


def test_on_eks_every_pod_of_the_service_account_reaches_the_agent_of_pod_identity_and_nothing_else_more() -> None:
    assert beyond_base("eks") == {(f"{POD_IDENTITY.hostname}/32", POD_IDENTITY.port or 80, "TCP")}


def beyond_base(place: str) -> set[tuple[str, int, str]]:
    """What a place opens beside the base. Each of its policies must hold for every pod that has credentials."""
    policies = [each for each in rendered(place) if each["kind"] == "NetworkPolicy"]
    for pod in (*all_pods(place), *all_pods(*WORKS)):
        for policy in policies if pod.spec.get("serviceAccountName") == "cinelake" else ():
            assert policy["spec"]["podSelector"].keys() == {"matchLabels"}
            assert policy["spec"]["podSelector"]["matchLabels"].items() <= pod.labels.items(), pod.name
    return {opened for policy in policies for opened in openings(policy, "egress")} - BASE


def test_on_eks_pods_of_several_nodes_write_to_one_folder_that_is_theirs_alone() -> None:
    objects = {each["kind"]: each for each in rendered("eks")}
    assert objects["PersistentVolumeClaim"]["spec"]["accessModes"] == ["ReadWriteMany"]
    folder = objects["StorageClass"]["parameters"]
    assert int(folder["directoryPerms"], 8) == 0o700, "the owner all, others nothing"
    for pod in all_pods():
        security = pod.spec["securityContext"]
        assert (folder["uid"], folder["gid"]) == (str(security["runAsUser"]), str(security["runAsGroup"])), pod.name


# What they run


def test_a_pod_runs_the_images_program_and_the_program_has_the_command() -> None:
    entry = ROOT.joinpath("Dockerfile").read_text(encoding="utf-8")
    assert 'ENTRYPOINT ["python", "-m", "cinelake.container"]' in entry
    seen = []
    for pod, arguments in commands():
        check_command(arguments)
        seen.append(pod.name)
        mounts = {mount["mountPath"] for mount in pod.spec["containers"][0]["volumeMounts"]}
        assert {"/data", "/input"} <= mounts, pod.name  # the project folder, and where its lake.toml comes from
    assert len(set(seen)) == len(WORKS) + ("shards" in WORKS)


def test_a_command_that_the_program_lacks_is_caught() -> None:
    with pytest.raises(TyperException):
        check_command(["run", "--after-shrads"])
    with pytest.raises(TyperException):
        check_command(["lands"])


def test_there_are_as_many_pods_as_shards_and_each_has_its_own() -> None:
    found = 0
    for pod, arguments in commands():
        if "--shard" in arguments:
            shares = {
                Shard.parse(arguments[arguments.index("--shard") + 1].replace("$(JOB_COMPLETION_INDEX)", str(index)))
                for index in range(pod.owner["completions"])
            }
            assert pod.owner["completionMode"] == "Indexed"
            assert {share.count for share in shares} == {len(shares)} == {pod.owner["completions"]}
            assert pod.owner["parallelism"] == pod.owner["completions"]
            found += 1
    assert found == ("shards" in WORKS)


def test_a_failure_that_would_come_again_ends_a_job() -> None:
    codes = {"wrong use or configuration": 2, "the data broke its contract": 3, "credentials or permission": 4}
    for pod in all_pods():
        if "podFailurePolicy" in pod.owner:
            [rule] = [each for each in pod.owner["podFailurePolicy"]["rules"] if each["action"] == "FailJob"]
            assert rule["onExitCodes"]["containerName"] in {each["name"] for each in pod.spec["containers"]}
            assert rule["onExitCodes"]["values"] == list(codes.values())
    epilog = app.info.epilog
    assert isinstance(epilog, str)
    assert [words for words, code in codes.items() if f"{code} {words}" not in epilog] == []
    assert {pod.name for pod in all_pods() if "podFailurePolicy" not in pod.owner} == {"Pod desk", "executor"}


def test_a_day_that_hangs_does_not_keep_the_next_from_starting() -> None:
    [cronjob] = rendered("daily")
    assert cronjob["spec"]["concurrencyPolicy"] == "Forbid"
    assert 0 < cronjob["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 24 * 60 * 60
    for pod in all_pods():
        assert "backoffLimit" not in pod.owner or pod.owner["activeDeadlineSeconds"] > 0, pod.name


@pytest.mark.parametrize("place", PLACES)
def test_the_settings_are_a_project_in_the_zone_of_the_days_schedule(place: str, tmp_path: Path) -> None:
    [cronjob] = rendered("daily")
    assert str(settings_of(place, tmp_path).timezone) == cronjob["spec"]["timeZone"]


def settings_of(place: str, folder: Path) -> Project:
    """The project of a place's lake.toml, which is written into this folder."""
    [settings] = [each for each in rendered(place) if each["kind"] == "ConfigMap"]
    folder.joinpath("lake.toml").write_text(settings["data"]["lake.toml"], encoding="utf-8")
    return Project.load(folder, variables={})


# Credentials


def test_the_role_that_pod_identity_gives_a_pod_opens_the_lake(
    folder: ProjectFolder, moto: S3Server, tmp_path: Path
) -> None:
    """Variables and a token's file lead to the agent of EKS, which answers with short-lived credentials."""
    token = tmp_path / "token"
    token.write_text("token of the pod", encoding="utf-8")
    answer = {
        "AccessKeyId": moto.access_key,
        "SecretAccessKey": moto.secret_key,
        "Token": "short-lived",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    seen = []

    class Agent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Agent) as agent:
        thread = threading.Thread(target=agent.serve_forever)
        thread.start()
        try:
            variables = {
                "AWS_ENDPOINT_URL_S3": moto.endpoint,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{agent.server_address[1]}/v1/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
            }
            ended = folder.cinelake("land", "--lake", Place.on(moto).uri, variables=variables)
        finally:
            agent.shutdown()
            thread.join()
    assert ended.returncode == 0, ended.stderr
    assert set(seen) == {"token of the pod"}
