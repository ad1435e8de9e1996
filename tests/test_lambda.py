"""TMDB is asked from AWS Lambda, pass by pass until all is done: against moto's S3 and Secrets Manager, and a TMDB."""

import json
import os
import shutil
import subprocess
import sys
import time
import traceback
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from cinelake import AccessError, CinelakeError, ConfigurationError, ServiceError, build_tables, land_files
from cinelake.aws.functions import KEPT_S, Surroundings, catalog_once, enrich_once
from conftest import missing
from containers import Checkout, docker, reason_without_docker
from lambdas import Invocation, runtime_api
from projects import DATE, Place, ProjectFolder, S3Server
from test_refused_by_aws import Answers, service
from tmdb import TOKEN, TmdbServer, point_at, serving, twice, write_titles

SHIPPED = Path(__file__).parents[1] / "docker" / "lake.toml"
FILMS = 300
EVENT = {"date": DATE}
TRIES_AGAIN_S = 0.05


@dataclass(frozen=True)
class Function:
    """A function as it is deployed: a lake on S3 with landed files, a secret, and a TMDB to ask."""

    around: Surroundings
    place: Place
    tmdb: TmdbServer

    def enrich(self, seconds: float = 60, event: Mapping[str, Any] = EVENT) -> dict[str, Any]:
        """One invocation, which has so long beside what is kept for its end."""
        return enrich_once(event, Invocation.lasting(seconds), self.around)

    def catalog(self, event: Mapping[str, Any] = EVENT) -> dict[str, Any]:
        """One invocation of the other function of the image."""
        return catalog_once(event, self.around)

    def with_variables(self, **variables: str) -> "Function":
        """The same with other variables."""
        return replace(self, around=replace(self.around, variables={**self.around.variables, **variables}))

    def titles(self) -> list[str]:
        """The IMDb ids of all records that lie in the lake."""
        objects = self.place.objects()
        files = [json.loads(data) for key, data in objects.items() if key.startswith("Raw/TMDB/JSON/")]
        return sorted(record["imdb_id"] for file in files for record in file)


def secrets_of(server: S3Server) -> Any:
    """A client of its Secrets Manager."""
    session = boto3.Session(server.access_key, server.secret_key, region_name="us-east-1")
    return session.client("secretsmanager", endpoint_url=server.endpoint)


@pytest.fixture
def function(
    folder: ProjectFolder, moto: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Function]:
    """With 300 films, all of which TMDB knows."""
    write_titles(folder, films=FILMS)
    place = Place.on(moto)
    with serving(folder.path / "tmdb.jsonl") as server:
        server.switch(token=TOKEN)
        point_at(folder, server)
        land_files(*folder.open(place))
        baked = tmp_path / "input"
        baked.mkdir()
        shutil.copy(folder.path / "lake.toml", baked)
        secret = secrets_of(moto).create_secret(Name=f"tmdb-{place.name}", SecretString=TOKEN)["ARN"]
        # boto3's own chain reads them for the secret, as it does in Lambda.
        for name, value in {**moto.variables, "AWS_ENDPOINT_URL_SECRETS_MANAGER": moto.endpoint}.items():
            monkeypatch.setenv(name, value)
        variables = {
            **moto.variables, "AWS_REGION": "us-east-1", "CINELAKE_LAKE": place.uri, "TMDB_TOKEN_SECRET": secret
        }  # fmt: skip
        yield Function(Surroundings(variables, baked, SHIPPED, tmp_path / "made"), place, server)


# Until it is done


def test_passes_go_on_until_all_is_done_and_nothing_is_asked_twice(function: Function) -> None:
    function.tmdb.switch(latency_s=0.6)
    first = function.enrich(2.5)
    assert (first["status"], first["is_done"], first["date"]) == ("done", False, DATE)
    assert 0 < first["found"] == len(function.titles()) == FILMS - first["left"]
    passes = [first]
    while not passes[-1]["is_done"]:
        assert len(passes) < FILMS
        passes.append(function.enrich(2.5, passes[-1]))  # Step Functions give the answer of one to the next
    assert len(passes) >= 2
    assert sum(each["found"] for each in passes) == sum(each["requests"] for each in passes) == FILMS
    assert twice(function.tmdb.counts(), function.tmdb.paths()) == []
    assert len(function.titles()) == len(set(function.titles())) == FILMS
    assert function.enrich()["status"] == "unchanged"


def test_one_that_is_killed_is_gone_on_with(function: Function) -> None:
    function.tmdb.switch(latency_s=0.3)
    code = (
        "import os, sys, pathlib; from cinelake.aws.functions import Surroundings, enrich_once\n"
        "from lambdas import Invocation\n"
        "source, shipped, folder = map(pathlib.Path, sys.argv[1:])\n"
        f"enrich_once({EVENT}, Invocation.lasting(60), Surroundings(os.environ, source, shipped, folder))"
    )
    around = function.around
    paths = [str(path) for path in (around.source, around.shipped, around.folder)]
    variables = {**os.environ, **around.variables, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code, *paths], env=variables, stderr=subprocess.DEVNULL) as process:
        while len(function.tmdb.log()) < FILMS // 2:
            assert process.poll() is None
            time.sleep(TRIES_AGAIN_S)
        process.kill()
    landed = function.titles()
    assert 0 < len(landed) < FILMS
    rest = function.enrich()
    assert rest["is_done"]
    assert rest["found"] < FILMS
    assert len(set(function.titles())) == FILMS
    counts = function.tmdb.counts()
    assert [imdb_id for imdb_id in landed if counts[f"/3/movie/{imdb_id}"] > 1] == []


def test_titles_that_fail_are_told_and_keep_no_pass_going(function: Function) -> None:
    function.tmdb.fail({"kind": "status", "status": 422, "match": "/3/movie/tt91000007"})
    told = function.enrich()
    assert (told["failed"], told["found"], told["left"], told["is_done"]) == (1, FILMS - 1, 0, True)


# What cannot come to an end is an error


def test_a_pass_that_gets_nowhere_fails(function: Function) -> None:
    function.tmdb.fail({"kind": "slow", "seconds": 60})
    with pytest.raises(ServiceError, match=r"in \d+ s none of 300 titles could be looked up; read the function's log"):
        function.enrich(5)


def test_titles_that_are_asked_for_at_every_pass_are_refused(function: Function) -> None:
    own = function.around.source / "lake.toml"
    own.write_text(own.read_text().replace("[analysis]", "refresh_days = 0\n[analysis]"))
    with pytest.raises(ConfigurationError, match="each pass would ask for the same titles; set it to 1 or more"):
        function.enrich()
    assert function.tmdb.log() == []


@pytest.mark.parametrize("seconds", [-30, 0])
def test_a_timeout_that_leaves_no_time_is_refused(function: Function, seconds: float) -> None:
    with pytest.raises(ConfigurationError, match=r"over before it begins.*a timeout of 120 s at least"):
        function.enrich(seconds)
    assert KEPT_S < 120


def test_a_date_that_is_none_is_refused(function: Function) -> None:
    for handle in (function.enrich, function.catalog):
        with pytest.raises(ConfigurationError, match=r"^the event's date is 'yesterday': that is no date; write it"):
            handle(event={"date": "yesterday"})


def test_before_any_landing_it_says_what_to_do(function: Function) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing was landed in .*; run cinelake land first"):
        function.enrich(event={"date": "2001-01-01"})


# The token


def test_a_token_that_tmdb_refuses_is_an_error_with_its_hint_and_without_the_token(
    function: Function, moto: S3Server, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = "eyJ-another-token-of-the-tests"
    secrets_of(moto).put_secret_value(SecretId=function.around.variables["TMDB_TOKEN_SECRET"], SecretString=wrong)
    with pytest.raises(AccessError, match=r"TMDB refuses the credential in TMDB_TOKEN \(401") as raised:
        function.enrich()
    assert "https://www.themoviedb.org/settings/api" in str(raised.value)
    told = "".join(traceback.format_exception(raised.value)) + "".join(capfd.readouterr())
    for secret in (wrong, moto.secret_key):
        assert secret not in told
    assert not [path for path in function.around.folder.rglob("*") if path.is_file() and wrong in path.read_text()]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (json.dumps({"TMDB_TOKEN": TOKEN, "more": "1"}), None),
        (f"{TOKEN}\n", None),
        (json.dumps({"token": TOKEN}), "the secret with TMDB's token has no TMDB_TOKEN; store it under TMDB_TOKEN"),
        (json.dumps({"TMDB_TOKEN": 7}), "the secret with TMDB's token has no TMDB_TOKEN"),
        ("7", r"TMDB refuses the credential in TMDB_TOKEN"),
    ],
)
def test_a_secret_is_the_token_or_has_it_by_name(
    function: Function, moto: S3Server, text: str, told: str | None
) -> None:
    secrets_of(moto).put_secret_value(SecretId=function.around.variables["TMDB_TOKEN_SECRET"], SecretString=text)
    if told is None:
        assert function.enrich()["is_done"]
        return
    with pytest.raises(CinelakeError, match=told) as raised:
        function.enrich()
    assert TOKEN not in str(raised.value)


def test_a_secret_that_is_not_there_or_is_no_text_is_told(function: Function, moto: S3Server) -> None:
    secret = function.around.variables["TMDB_TOKEN_SECRET"]
    with pytest.raises(ConfigurationError, match=r"no such secret \(Resource.*\); .*secretsmanager:GetSecretValue"):
        function.with_variables(TMDB_TOKEN_SECRET=f"{secret[:-6]}gone00").enrich()
    secrets_of(moto).put_secret_value(SecretId=secret, SecretBinary=b"\x00")
    with pytest.raises(ConfigurationError, match="holds no text; store the token as text"):
        function.enrich()


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("AccessDeniedException", AccessError, r"\(AccessDeniedException\); .*secretsmanager:GetSecretValue on it$"),
        ("ExpiredTokenException", AccessError, r"the session token has expired .*; get new credentials"),
        ("DecryptionFailure", CinelakeError, r"the service answered DecryptionFailure; run again with -vv"),
    ],
)
def test_only_who_may_not_read_the_secret_is_told_to_get_the_permission(
    function: Function, monkeypatch: pytest.MonkeyPatch, code: str, kind: type[CinelakeError], told: str
) -> None:
    with service(Answers(400, more=json.dumps({"__type": code, "Message": TOKEN}))) as refusing:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", refusing.variables["AWS_ENDPOINT_URL_S3"])
        with pytest.raises(kind, match=told) as raised:
            function.enrich()
    assert type(raised.value) is kind
    assert TOKEN not in str(raised.value)


def test_without_a_way_to_the_secret_or_credentials_for_it_that_is_told(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1")
    unreachable = r"http://127.0.0.1:1 could not be reached; check the network and AWS_ENDPOINT_URL_SECRETS_MANAGER"
    with pytest.raises(ServiceError, match=unreachable):
        function.enrich()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(AccessError, match=r"there are no AWS credentials; put AWS_ACCESS_KEY_ID"):
        function.enrich()


def test_without_a_token_nothing_is_taken_for_done(function: Function) -> None:
    function.around.source.joinpath("lake.toml").unlink()
    with pytest.raises(ConfigurationError, match=r"nothing was looked up: .*; set TMDB_TOKEN_SECRET"):
        function.with_variables(TMDB_TOKEN_SECRET="").enrich()


def test_an_error_that_repeats_secrets_has_stars_for_them(function: Function) -> None:
    session = "FwoGZXIvYXdzEBYaD/session+token=="

    class Repeating:
        def get_remaining_time_in_millis(self) -> int:
            raise ServiceError(f"the service refuses {session} and {TOKEN}", f"not Bearer {TOKEN}")

    own = function.with_variables(AWS_SESSION_TOKEN=session)
    with pytest.raises(ServiceError) as raised:
        enrich_once(EVENT, Repeating(), own.around)
    assert str(raised.value) == "the service refuses *** and ***; not Bearer ***"
    assert raised.value.hint == "not Bearer ***"
    for handle in (own.enrich, own.catalog):
        with pytest.raises(ConfigurationError, match=r"^the event's date is '\*\*\*': that is no date"):
            handle(event={"date": TOKEN})


def test_a_fault_is_told_with_its_trace_in_the_log_and_without_secrets(
    function: Function, capfd: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def get_remaining_time_in_millis(self) -> int:
            raise ZeroDivisionError(f"with {TOKEN}")

    with pytest.raises(CinelakeError, match=r"a fault in cinelake: ZeroDivisionError: with \*\*\*") as raised:
        enrich_once(EVENT, Broken(), function.around)
    told = capfd.readouterr().err
    assert "Traceback" in told
    assert TOKEN not in told + "".join(traceback.format_exception(raised.value))


# In the image, as Lambda runs it


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """cinelake's image."""
    if reason := reason_without_docker():
        missing(reason)
    checkout = Checkout.make(tmp_path_factory.mktemp("built"))
    docker("build", "--tag", checkout.image, str(checkout.path), timeout_s=500)
    yield checkout.image
    docker("image", "rm", "--force", checkout.image)


@pytest.mark.timeout(600)
def test_through_lambda_s_runtime_on_a_root_that_is_read_only(function: Function, image: str, moto: S3Server) -> None:
    """One process serves each invocation in turn: a pass, another until done, an error, and one after that."""
    name = f"{image}-function"
    function.around.source.chmod(0o755)
    with runtime_api() as api:
        variables = {
            **function.around.variables,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": moto.endpoint,
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_LAMBDA_FUNCTION_NAME": "enrich",
        }
        options = [f"--env={each}={value}" for each, value in variables.items()]
        # As in Lambda: another user than the image's, who may write to /tmp and nowhere else.
        options += ["--network=host", "--user=993:990", "--read-only", "--tmpfs=/tmp:mode=1777"]
        options += [f"--volume={function.around.source}:/input:ro", "--entrypoint=python"]
        docker(
            "run", "--detach", "--name", name, *options, image, "-m", "awslambdaric", "cinelake.aws.functions.enrich"
        )
        try:
            function.tmdb.switch(latency_s=0.6)
            first = api.invoke(EVENT, seconds=2.5)
            assert first.how == "response", first.body
            assert (first.body["is_done"], first.body["found"]) == (False, FILMS - first.body["left"])
            function.tmdb.switch(latency_s=0)
            second = api.invoke(first.body, seconds=60)
            assert (second.body["is_done"], second.body["found"]) == (True, first.body["left"])
            assert len(function.titles()) == FILMS
            failed = api.invoke({"date": "2001-01-01"}, seconds=60)
            assert (failed.how, failed.body["errorType"]) == ("error", "ConfigurationError")
            assert "nothing was landed in" in failed.body["errorMessage"]
            assert "run cinelake land first" in failed.body["errorMessage"]
            assert api.invoke(EVENT, seconds=60).body["status"] == "unchanged"
            logs = docker("logs", name)
            assert "enrich: finding the titles to look up" in logs.stdout + logs.stderr
            assert TOKEN not in logs.stdout + logs.stderr
        finally:
            docker("rm", "--force", "--volumes", name)


# What follows the build


def test_the_tables_of_a_build_are_told_to_glue(
    function: Function, folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert function.place.server is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", function.place.server.endpoint)
    database = f"films_{uuid.uuid4().hex[:8]}"
    told = function.with_variables(CINELAKE_DATABASE=database, AWS_ENDPOINT_URL_GLUE=function.place.server.endpoint)
    with pytest.raises(ConfigurationError, match="nothing was built"):
        catalog_once(EVENT, told.around)
    built = build_tables(*folder.open(function.place))
    tables = len(built.tables)
    assert catalog_once(EVENT, told.around) == {"status": "done", "partitions": tables, "date": DATE}
    assert catalog_once(EVENT, told.around) == {"status": "unchanged", "partitions": 0, "date": DATE}
    session = boto3.Session(function.place.server.access_key, function.place.server.secret_key, region_name="us-east-1")
    glue = session.client("glue", endpoint_url=function.place.server.endpoint)
    registered = glue.get_tables(DatabaseName=database)["TableList"]
    assert {each["Name"] for each in registered} == {each.name.replace(".", "_") for each in built.tables}
