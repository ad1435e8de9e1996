"""The pages about Kubernetes say what each command runs, and what they name is there."""

import json
import os
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from conftest import missing
from manifests import (
    BY_HAND,
    FOLDER,
    PARTS,
    PLACES,
    WORKS,
    all_pods,
    check_command,
    pods_of,
    rendered,
    runs_of,
)
from test_docs import BLOCK, ROOT

PAGES = (ROOT / "docs" / "kubernetes.md", ROOT / "docs" / "pt" / "kubernetes.md")


def lines_of(page: Path) -> list[str]:
    """The lines of a page's blocks of commands, continued ones as one."""
    blocks = [text for _, language, text in BLOCK.findall(page.read_text(encoding="utf-8")) if language == "sh"]
    return "".join(blocks).replace("\\\n", "").splitlines()


def table_of(page: Path) -> list[list[str]]:
    """The code in each cell of the table, a list a row."""
    rows = re.findall(r"^\| (`.*) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def test_the_secret_that_is_made_by_hand_is_made_as_the_pages_say(tmp_path: Path) -> None:
    [command] = {line for page in PAGES for line in lines_of(page) if line.startswith("kubectl create secret")} - {
        line for page in PAGES for line in lines_of(page) if "|" in line
    }
    tmp_path.joinpath(".env").write_text("# mine\nAWS_ACCESS_KEY_ID=key\nAWS_SESSION_TOKEN=\n", encoding="utf-8")
    if shutil.which("kubectl") is None:
        missing("no kubectl here")
    ended = subprocess.run(
        [*command.split(), "--dry-run=client", "--output=json"],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    secret = json.loads(ended.stdout)
    assert (secret["kind"], secret["metadata"]["name"]) in BY_HAND
    assert set(secret["data"]) == {"AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"}


def test_each_image_is_of_this_version_and_is_built_as_the_page_says() -> None:
    images = {container["image"] for pod in all_pods() for container in pod.spec["containers"] if "image" in container}
    assert images == {f"cinelake:{version('cinelake')}", f"cinelake-spark:{version('cinelake')}"}
    for page in PAGES:
        assert {image for image in images if f"--tag {image} ." in page.read_text(encoding="utf-8")} == images


@pytest.mark.parametrize("page", PAGES, ids=["en", "pt"])
def test_on_eks_the_images_that_are_built_and_pushed_are_those_that_the_changed_files_run(
    page: Path, tmp_path: Path
) -> None:
    """The page's two blocks, with a docker, an aws and a kubectl that only write down what they are told."""
    copy = tmp_path / "kubernetes"
    shutil.copytree(FOLDER, copy)
    for name in ("docker", "aws", "kubectl"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text('#!/bin/sh\necho "${0##*/} $*" >> told\n', encoding="utf-8")
        program.chmod(0o755)
    blocks = [text for _, _, text in BLOCK.findall(page.read_text(encoding="utf-8")) if text.startswith("registry=")]
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for block in blocks:
        subprocess.run(["bash", "-euc", block], cwd=tmp_path, check=True, timeout=60, env={"PATH": path})
    told = tmp_path.joinpath("told").read_text(encoding="utf-8")
    built = re.findall(r"^docker build --platform linux/amd64 .*--tag (\S+) \.$", told, re.MULTILINE)
    pushed = re.findall(r"^docker push (\S+)$", told, re.MULTILINE)
    repositories = re.findall(r"^aws ecr create-repository --repository-name (\S+)$", told, re.MULTILINE)
    assert pushed == built
    assert [re.sub(r"^[^/]+/|:[^:]+$", "", image) for image in pushed] == repositories
    assert set(pushed) == {image for name in ("eks", *WORKS) for image in images_of(name, copy)}
    assert re.findall(r"--build-arg CINELAKE=(\S+)", told) == pushed[:1], "Spark's image is made of the first"
    assert "\nARG CINELAKE=" in copy.joinpath("spark.Dockerfile").read_text(encoding="utf-8")
    assert told.endswith("\nkubectl apply -k kubernetes/spark\n")
    objects = {each["kind"]: each for each in rendered("eks", copy)}
    assert objects["StorageClass"]["parameters"]["fileSystemId"] == "fs-YOURS"
    assert 'uri = "s3://my-lake"' in objects["ConfigMap"]["data"]["lake.toml"]


def images_of(name: str, folder: Path) -> list[str]:
    """Those that a folder's pods run, and the one that Spark's driver is told to run in its executors."""
    containers = [container for pod in pods_of(rendered(name, folder)) for container in pod.spec["containers"]]
    told = [each["value"] for container in containers for each in container.get("env", []) if each["name"] == "IMAGE"]
    return [*told, *(container["image"] for container in containers if "image" in container)]


@pytest.mark.parametrize("page", PAGES, ids=["en", "pt"])
def test_the_pods_of_each_row_run_what_the_table_says(page: Path) -> None:
    """`0/4` and the next code, `3/4`, are the first and the last of as many."""
    held = set()
    for command, *told in table_of(page):
        if "apply" in command:
            names = [code.rpartition("/")[2] for code in (command, *told) if "kubernetes/" in code]
            says = [code.removeprefix("cinelake ") for code in told if code.startswith("cinelake ")]
            for last in (code for code in told if re.fullmatch(r"\d+/\d+", code)):
                first, count = says[0], last.partition("/")[2]
                assert first.endswith(f" 0/{count}")
                says += [first.replace(" 0/", f" {index}/") for index in range(1, int(last.partition("/")[0]) + 1)]
            for name in names:
                assert sorted(runs_of(name)) == sorted(says), name
            held |= {*names}
    assert held == {*PLACES, *WORKS}


@pytest.mark.parametrize("page", PAGES, ids=["en", "pt"])
def test_the_table_has_every_place_and_work_and_what_it_names_exists(page: Path) -> None:
    told = [code for row in table_of(page) for code in row]
    applied = {path for code in told for path in re.findall(r"kubernetes/(\w+)", code)}
    assert applied == {*PLACES, *WORKS}
    run = [code.removeprefix("cinelake ") for code in told if code.startswith("cinelake ")]
    assert len(run) >= len(WORKS) + 1
    for command in run:
        check_command(command.split())
    assert f"cronjob/{rendered('daily')[0]['metadata']['name']}" in " ".join(told)
    assert any(code.startswith("kubectl exec desk -- cinelake ") for code in told)


def test_both_languages_have_the_same_headings_and_commands() -> None:
    english, portuguese = (re.findall(r"^#+(?= )", page.read_text(encoding="utf-8"), re.MULTILINE) for page in PAGES)
    assert english == portuguese
    assert lines_of(PAGES[0]) == lines_of(PAGES[1])
    assert [row[0] for row in table_of(PAGES[0])] == [row[0] for row in table_of(PAGES[1])]


def test_every_file_that_the_page_names_is_there_and_every_folder_is_rendered() -> None:
    for page in PAGES:
        for path in re.findall(r"kubernetes/[\w./-]+", page.read_text(encoding="utf-8")):
            assert ROOT.joinpath(path.rstrip(".")).exists(), path
    folders = {path.parent.name for path in FOLDER.rglob("kustomization.yaml")}
    assert folders == {*PLACES, *WORKS, *PARTS}
