"""aws/template.yaml: what it deploys is there, comes to an end, and may do what it needs and no more."""

import ast
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml  # type: ignore[import-untyped]
from botocore.exceptions import ClientError

from cinelake import build_tables, enrich_titles, errors, land_files
from cinelake.aws import glue_job
from cinelake.aws.functions import DATABASE, KEPT_S, SECRET, Surroundings, catalog_once, enrich_once
from cinelake.doctor.policy import ON_ITS_OBJECTS, ON_THE_BUCKET
from lambdas import Invocation
from projects import DATE, Place, ProjectFolder, S3Server
from test_lambda import SHIPPED
from tmdb import TOKEN, point_at, serving, write_titles

TEMPLATE = Path(__file__).parents[1] / "aws" / "template.yaml"
SERVICES_ERRORS = re.compile(r"(Lambda|Glue|States)\.\w+")


class Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads YAML with CloudFormation's functions: `!Ref Bucket` as `{"!Ref": "Bucket"}`."""


def _function(loader: Any, name: str, node: Any) -> dict[str, Any]:
    read = loader.construct_sequence if isinstance(node, yaml.SequenceNode) else loader.construct_scalar
    return {f"!{name}": read(node)}


Loader.add_multi_constructor("!", _function)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """The template, read."""
    read: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)
    return read


def properties_of(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Those of every resource of a kind, by name."""
    found = {name: each["Properties"] for name, each in template["Resources"].items() if each["Type"] == f"AWS::{kind}"}
    assert found, kind
    return found


def statements_of(template: Mapping[str, Any], role: str) -> list[dict[str, Any]]:
    """What a role may do."""
    policies = properties_of(template, "IAM::Role")[role]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    """One or several, as IAM takes both."""
    return value if isinstance(value, list) else [value]


def resolved(value: Any, **parameters: str) -> str:
    """A text of `!Sub` with the parameters in place; another function as it is written."""
    if not isinstance(value, dict) or "!Sub" not in value:
        return json.dumps(value) if isinstance(value, dict) else value
    text: str = value["!Sub"]
    for name, each in {"AWS::Partition": "aws", **parameters}.items():
        text = text.replace(f"${{{name}}}", each)
    return text


# As CloudFormation takes it


def findings_in(path: Path) -> list[str]:
    """What cfn-lint finds, by its rules."""
    program = str(Path(sys.executable).with_name("cfn-lint"))
    command = [program, "--format", "json", "--regions", "us-east-1", "sa-east-1", "--", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    return [f"{each['Rule']['Id']} {each['Message']}" for each in json.loads(ended.stdout or "[]")]


def test_cfn_lint_finds_nothing() -> None:
    assert findings_in(TEMPLATE) == []


@pytest.mark.parametrize(
    ("part", "instead", "rule"),
    [
        ("Role: !GetAtt EnrichRole.Arn", "Role: !GetAtt EnrichRoll.Arn", "E1010"),
        ("MemorySize: 3008", "MemorySize: 64", "E3034"),
        ("Type: Choice", "Type: Chance", "E3601"),
        ("EphemeralStorage: {Size: 2048} # MB", "EphemeralStorage: {Sise: 2048} # MB", "E3"),
    ],
)
def test_cfn_lint_finds_what_is_broken(tmp_path: Path, part: str, instead: str, rule: str) -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert text.count(part) == 1
    broken = tmp_path / "template.yaml"
    broken.write_text(text.replace(part, instead), encoding="utf-8")
    assert any(finding.startswith(rule) for finding in findings_in(broken)), findings_in(broken)


# What it names is there


def test_each_function_runs_a_handler_of_the_image_with_the_settings_that_it_reads(template: dict[str, Any]) -> None:
    functions = properties_of(template, "Lambda::Function")
    commands = {name: properties["ImageConfig"]["Command"] for name, properties in functions.items()}
    assert commands == {
        "EnrichFunction": ["cinelake.aws.functions.enrich"],
        "CatalogFunction": ["cinelake.aws.functions.catalog"],
    }
    for properties in functions.values():
        assert properties["ImageConfig"]["EntryPoint"] == ["python", "-m", "awslambdaric"]
        module, _, name = properties["ImageConfig"]["Command"][0].rpartition(".")
        assert callable(getattr(import_module(module), name))
        assert "CINELAKE_LAKE" in properties["Environment"]["Variables"]
        assert "LogGroup" in properties["LoggingConfig"]
    assert SECRET in functions["EnrichFunction"]["Environment"]["Variables"]
    assert DATABASE in functions["CatalogFunction"]["Environment"]["Variables"]
    assert all("RetentionInDays" in each for each in properties_of(template, "Logs::LogGroup").values())


def test_of_each_part_one_runs_at_a_time(template: dict[str, Any]) -> None:
    """Two executions may overlap: titles would be asked for twice, and two would change Glue's catalogue at once."""
    for properties in properties_of(template, "Lambda::Function").values():
        assert properties["ReservedConcurrentExecutions"] == 1
    [job] = properties_of(template, "Glue::Job").values()
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}


def test_only_the_machine_tries_again(template: dict[str, Any]) -> None:
    """A job that tried again by itself would repeat, and bill, builds that fail for the same reason each time."""
    [job] = properties_of(template, "Glue::Job").values()
    assert job["MaxRetries"] == 0


def test_a_pass_has_far_more_time_than_is_kept_for_its_end_and_the_machine_waits_for_it(
    template: dict[str, Any], definition: dict[str, Any]
) -> None:
    functions = properties_of(template, "Lambda::Function")
    assert functions["EnrichFunction"]["Timeout"] >= 10 * KEPT_S
    for name in ("Enrich", "Catalog"):
        assert definition["States"][name]["TimeoutSeconds"] > functions[f"{name}Function"]["Timeout"]
    [job] = properties_of(template, "Glue::Job").values()
    assert definition["States"]["Build"]["TimeoutSeconds"] > 60 * job["Timeout"]


def test_nothing_runs_by_itself_until_it_is_told_to(template: dict[str, Any]) -> None:
    [schedule] = properties_of(template, "Scheduler::Schedule").values()
    assert schedule["State"] == {"!Ref": "ScheduleState"}
    assert template["Parameters"]["ScheduleState"]["Default"] == "DISABLED"


def test_no_secret_stands_in_it(template: dict[str, Any]) -> None:
    """The token is read when it is needed; a parameter or a variable would be shown to whoever may look."""
    values = [value for each in properties_of(template, "Lambda::Function").values() for value in variables_of(each)]
    assert {"TMDB_TOKEN", "TMDB_API_KEY"}.isdisjoint(values)
    assert not [name for name in template["Parameters"] if "Token" in name and not name.endswith("SecretArn")]


def variables_of(function: Mapping[str, Any]) -> Iterator[str]:
    """The names of its variables."""
    yield from function["Environment"]["Variables"]


# The pages about it


PAGES = [TEMPLATE.parents[1] / "docs" / name for name in ("aws.md", "pt/aws.md")]


def commands_of(page: Path) -> str:
    """All of a page's shell, with what goes on in the next line in one."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return "".join(blocks).replace("\\\n", " ")


def test_both_languages_have_the_same_commands() -> None:
    english, portuguese = (commands_of(page) for page in PAGES)
    assert english == portuguese
    assert "aws cloudformation deploy" in english


def test_the_commands_name_what_is_there(template: dict[str, Any]) -> None:
    commands = commands_of(PAGES[0])
    first, second = re.findall(r"--parameter-overrides((?: +\w+=\S+)+)", commands)
    given = set(re.findall(r"(\w+)=", first))
    assert {name for name, each in template["Parameters"].items() if "Default" not in each} == given
    assert set(re.findall(r"(\w+)=", second)) <= set(template["Parameters"])
    for output in re.findall(r"OutputKey=='(\w+)'", commands):
        assert output in template["Outputs"]
    keys = {template["Parameters"][name]["Default"] for name in ("ScriptKey", "WheelKey")}
    keys |= set(re.findall(r"`ProjectKey=(\S+)`", PAGES[0].read_text(encoding="utf-8")))
    copied = re.findall(r"aws s3 cp (\S+) s3://\$bucket/(\S+)", commands)
    assert {f"{folder}{Path(path).name}" for path, folder in copied} == keys
    root = TEMPLATE.parents[1]
    assert [path for path, _ in copied if not path.startswith("dist/") and not (root / path).is_file()] == []
    for template_file in re.findall(r"--template-file (\S+)", commands):
        assert root / template_file == TEMPLATE
    assert f"dist/cinelake-{version('cinelake')}-py3-none-any.whl" in [path for path, _ in copied]


@pytest.mark.parametrize("models", [True, False])
def test_the_archive_of_the_page_is_one_that_the_job_takes(tmp_path: Path, models: bool) -> None:
    """Whether the project has models of its own or not."""
    [command] = [line for line in commands_of(PAGES[0]).splitlines() if " -m zipfile " in line]
    files = {"lake.toml": glue_job.SETTINGS} | ({"sql/refined/decades.sql": "SELECT 1"} if models else {})
    for name, text in files.items():
        path = tmp_path / "docker" / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    made = tmp_path / "made"
    for path in (made, tmp_path / "dist"):
        path.mkdir()
    program, *arguments = command.split()
    assert program == ".venv/bin/python"
    subprocess.run([sys.executable, *arguments], cwd=tmp_path, check=True, timeout=60)
    glue_job.make_project(tmp_path / "dist", made)
    assert {str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()} == files.keys()


def test_the_job_is_handed_the_project_that_it_may_read(template: dict[str, Any]) -> None:
    [job] = properties_of(template, "Glue::Job").values()
    nothing = {"!Ref": "AWS::NoValue"}
    handed = {"!If": ["WithProject", {"!Sub": "s3://${CodeBucket}/${ProjectKey}"}, nothing]}
    assert job["DefaultArguments"]["--extra-files"] == handed
    object_ = {"!Sub": "arn:${AWS::Partition}:s3:::${CodeBucket}/${ProjectKey}"}
    [of_code, *_] = [each for each in statements_of(template, "BuildRole") if each["Action"] == "s3:GetObject"]
    assert {"!If": ["WithProject", object_, nothing]} in of_code["Resource"]
    assert template["Conditions"]["WithProject"] == {"!Not": [{"!Equals": [{"!Ref": "ProjectKey"}, ""]}]}


def test_a_project_under_a_name_that_the_job_does_not_look_for_is_refused(template: dict[str, Any]) -> None:
    parameter = template["Parameters"]["ProjectKey"]
    allowed = [parameter["Default"], "lake.toml", "_code/lake.toml", "_code/a/project.zip", glue_job.PROJECT]
    assert [key for key in allowed if not re.search(parameter["AllowedPattern"], key)] == []
    refused = ["_code/", "_code/mine.zip", "_code/my-lake.toml", "project.zip.bak"]
    assert [key for key in refused if re.search(parameter["AllowedPattern"], key)] == []


# Who may do what


WITHOUT_A_RESOURCE: dict[str, str] = {}
"""Actions for which AWS knows no resource but `*`, and why a role has one. None has."""


def test_no_role_may_do_everything_or_do_it_to_everything(template: dict[str, Any]) -> None:
    roles = properties_of(template, "IAM::Role")
    for role in roles:
        assert "ManagedPolicyArns" not in roles[role]
        for statement in statements_of(template, role):
            assert [action for action in listed(statement["Action"]) if "*" in action] == []
            for resource in listed(statement["Resource"]):
                if resolved(resource) == "*":
                    assert set(listed(statement["Action"])) <= set(WITHOUT_A_RESOURCE)
                else:
                    assert "*" not in resolved(resource).removesuffix("/*"), resource


def test_of_the_bucket_no_role_may_do_more_than_the_least_policy_of_doctor(template: dict[str, Any]) -> None:
    for role in properties_of(template, "IAM::Role"):
        actions = {action for each in statements_of(template, role) for action in listed(each["Action"])}
        assert {action for action in actions if action.startswith("s3:")} <= {*ON_THE_BUCKET, *ON_ITS_OBJECTS}


SERVICE_OF_ROLE = {
    "EnrichRole": "lambda",
    "BuildRole": "glue",
    "CatalogRole": "lambda",
    "MachineRole": "states",
    "ScheduleRole": "scheduler",
}


def test_only_the_service_that_needs_a_role_may_take_it(template: dict[str, Any]) -> None:
    roles = properties_of(template, "IAM::Role")
    assert roles.keys() == SERVICE_OF_ROLE.keys()
    for role, properties in roles.items():
        [trust] = properties["AssumeRolePolicyDocument"]["Statement"]
        service = {"Service": f"{SERVICE_OF_ROLE[role]}.amazonaws.com"}
        expected: dict[str, Any] = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
        if SERVICE_OF_ROLE[role] in ("states", "scheduler"):
            expected["Condition"] = {"StringEquals": {"aws:SourceAccount": {"!Ref": "AWS::AccountId"}}}
        assert trust == expected


def test_each_part_has_the_role_that_is_its_own(template: dict[str, Any]) -> None:
    parts = {
        **{name: each["Role"] for name, each in properties_of(template, "Lambda::Function").items()},
        **{name: each["Role"] for name, each in properties_of(template, "Glue::Job").items()},
        **{name: each["RoleArn"] for name, each in properties_of(template, "StepFunctions::StateMachine").items()},
        **{name: each["Target"]["RoleArn"] for name, each in properties_of(template, "Scheduler::Schedule").items()},
    }
    assert {name: role["!GetAtt"] for name, role in parts.items()} == {
        "EnrichFunction": "EnrichRole.Arn",
        "BuildJob": "BuildRole.Arn",
        "CatalogFunction": "CatalogRole.Arn",
        "Machine": "MachineRole.Arn",
        "Runs": "ScheduleRole.Arn",
    }


def test_who_runs_the_machine_may_start_what_it_starts(template: dict[str, Any]) -> None:
    [machine] = properties_of(template, "StepFunctions::StateMachine").values()
    named = machine["DefinitionSubstitutions"]
    assert named == {
        "Enrich": {"!GetAtt": "EnrichFunction.Arn"},
        "Build": {"!Ref": "BuildJob"},
        "Catalog": {"!GetAtt": "CatalogFunction.Arn"},
    }
    resources = [resolved(each) for item in statements_of(template, "MachineRole") for each in listed(item["Resource"])]
    assert {json.dumps(named["Enrich"]), json.dumps(named["Catalog"])} <= set(resources)
    assert any(each.endswith(f"job/${{{named['Build']['!Ref']}}}") for each in resources)


def bucket_on(server: S3Server) -> Place:
    """A bucket that is there: one that cinelake makes takes no policy that names everybody, as ours does."""
    place = Place.on(server)
    server.client().create_bucket(Bucket=place.name)
    return place


@pytest.fixture
def allowed(template: dict[str, Any], ceph: S3Server, stranger: S3Server) -> Any:
    """Gives another user of the gateway what a role may do in a bucket, in place of what was given before."""

    def allow(role: str, place: Place) -> Place:
        statements = []
        for statement in statements_of(template, role):
            resources = [resolved(each, Bucket=place.name) for each in listed(statement["Resource"])]
            if all(each.partition("/")[0] == f"arn:aws:s3:::{place.name}" for each in resources):
                statements.append({**statement, "Principal": {"AWS": "*"}, "Resource": resources})
        assert statements
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        ceph.client().put_bucket_policy(Bucket=place.name, Policy=document)
        return replace(place, variables=stranger.variables)

    return allow


def assert_refused(place: Place, server: S3Server, key: str) -> None:
    """That user may not write there, nor remove what is there."""
    for act in (server.client().put_object, server.client().delete_object):
        with pytest.raises(ClientError, match="AccessDenied"):
            act(Bucket=place.name, Key=key)


def test_the_role_of_enrich_lets_a_pass_through_and_no_more(
    folder: ProjectFolder, ceph: S3Server, stranger: S3Server, allowed: Any, tmp_path: Path
) -> None:
    write_titles(folder, films=120)
    place = bucket_on(ceph)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land_files(*folder.open(place))
        theirs = allowed("EnrichRole", place)
        variables = {**theirs.variables, "CINELAKE_LAKE": place.uri, "TMDB_TOKEN": TOKEN}
        around = Surroundings(variables, folder.path, SHIPPED, tmp_path / "made")
        told = enrich_once({"date": DATE}, Invocation.lasting(60), around)
    assert (told["found"], told["is_done"]) == (120, True)
    [landed, *_] = [key for key in place.objects() if key.startswith("Raw/Local/")]
    for key in (landed, "Trusted/x", "Refined/x", "_manifests/land/x", "_manifests/build/x"):
        assert_refused(place, stranger, key)


def test_the_role_of_build_lets_the_job_through_and_no_more(
    template: dict[str, Any], folder: ProjectFolder, ceph: S3Server, stranger: S3Server, allowed: Any
) -> None:
    """With the arguments that the job has, and those that the machine gives it."""
    place = bucket_on(ceph)
    land_files(*folder.open(place))
    enrich_titles(*folder.open(place))
    theirs = allowed("BuildRole", place)
    [job] = properties_of(template, "Glue::Job").values()
    [machine] = properties_of(template, "StepFunctions::StateMachine").values()
    given = {name: resolved(value, Bucket=place.name) for name, value in job["DefaultArguments"].items()}
    from_machine = machine["Definition"]["States"]["Build"]["Parameters"]["Arguments"]
    given |= {"--engine": "duckdb", **{name.removesuffix(".$"): DATE for name in from_machine}}
    arguments = [part for pair in given.items() for part in pair]
    told = glue_job.main(arguments, {**os.environ, **theirs.variables}, folder.path)
    assert told["status"] == "done"
    assert told["processing_date"] == DATE
    for key in ("Raw/TMDB/x", "Raw/Local/x", "_manifests/land/x", "_manifests/enrich/x"):
        assert_refused(place, stranger, key)


def test_the_role_of_catalog_lets_it_read_tables_and_manifests_and_write_nothing(
    folder: ProjectFolder, ceph: S3Server, stranger: S3Server, moto: S3Server, allowed: Any, tmp_path: Path
) -> None:
    place = bucket_on(ceph)
    land_files(*folder.open(place))
    enrich_titles(*folder.open(place))
    built = build_tables(*folder.open(place))
    theirs = allowed("CatalogRole", place)
    variables = {
        **theirs.variables,
        "CINELAKE_LAKE": place.uri,
        "CINELAKE_DATABASE": f"films_{uuid.uuid4().hex[:8]}",
        "AWS_ENDPOINT_URL_GLUE": moto.endpoint,
        "AWS_REGION": "us-east-1",
    }
    told = catalog_once({"date": DATE}, Surroundings(variables, folder.path, SHIPPED, tmp_path / "made"))
    assert told == {"status": "done", "partitions": len(built.tables), "date": DATE}
    [landed, *_] = [key for key in place.objects() if key.startswith("Raw/")]
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.client().get_object(Bucket=place.name, Key=landed)
    for key in (landed, "Trusted/x", "Refined/x", "_manifests/land/x", "_manifests/build/x"):
        assert_refused(place, stranger, key)


def test_the_role_of_catalog_is_let_into_one_database(template: dict[str, Any]) -> None:
    [of_glue] = [each for each in statements_of(template, "CatalogRole") if listed(each["Action"])[0][:5] == "glue:"]
    account = {"AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}
    resources = {resolved(each, Database="films", **account) for each in of_glue["Resource"]}
    root = "arn:aws:glue:us-east-1:123456789012"
    assert resources == {f"{root}:catalog", f"{root}:database/films", f"{root}:table/films/*"}


def test_the_role_of_catalog_lets_it_call_what_it_calls(template: dict[str, Any]) -> None:
    folder = Path(str(import_module("cinelake.catalog").__file__)).parent
    known = botocore.session.get_session().create_client("glue", region_name="us-east-1").meta.method_to_api_mapping
    called = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr=name)) if name in known:
                    called.add(known[name])
                case ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(name))]):
                    called.add(known[name])
    actions = {action for each in statements_of(template, "CatalogRole") for action in listed(each["Action"])}
    assert {action for action in actions if action.startswith("glue:")} == {f"glue:{name}" for name in called}


# The machine


class FailedError(Exception):
    """The execution failed with this error."""


def at(path: str, told: Any) -> Any:
    """What a reference path of the States Language leads to: `$`, or `$.name`."""
    if path == "$":
        return told
    name = path.removeprefix("$.")
    if not isinstance(told, Mapping) or name not in told:
        raise FailedError(f"States.Runtime: no {path} in {told}")
    return told[name]


def with_parameters(parameters: Mapping[str, Any], told: Any) -> dict[str, Any]:
    """The parameters of a state, with what its input has where a name ends in `.$`."""
    made: dict[str, Any] = {}
    for name, value in parameters.items():
        if name.endswith(".$"):
            made[name.removesuffix(".$")] = at(value, told)
        else:
            made[name] = with_parameters(value, told) if isinstance(value, Mapping) else value
    return made


def run_machine(
    definition: Mapping[str, Any], answers: Mapping[str, list[Any]], told: Any = None
) -> list[tuple[str, Any]]:
    """Runs a state machine as far as ours goes: tasks, their parameters, paths and retries, and choices.

    Args:
        definition: in Amazon's States Language.
        answers: of each function and job in turn, by the name that stands for it; a text is the name of an error.
        told: the input of the execution; `{}`, if left out.

    Returns:
        Each function and job in turn, and what it was given: a function its event, a job its arguments.
    """
    told = {} if told is None else told
    given: list[tuple[str, Any]] = []
    name = definition["StartAt"]
    while True:
        state = definition["States"][name]
        if state["Type"] == "Choice":
            fits = [each for each in state["Choices"] if at(each["Variable"], told) is each["BooleanEquals"]]
            name = fits[0]["Next"] if fits else state["Default"]
            continue
        parameters = with_parameters(state["Parameters"], told)
        if state["Resource"] == "arn:aws:states:::lambda:invoke":
            target, what = parameters["FunctionName"], parameters.get("Payload", {})
        else:
            assert state["Resource"] == "arn:aws:states:::glue:startJobRun.sync"
            target, what = parameters["JobName"], parameters.get("Arguments", {})
        target = target.strip("${}")
        tries = dict.fromkeys(range(len(state["Retry"])), 0)
        while True:
            given.append((target, what))
            answer = answers[target].pop(0)
            if not isinstance(answer, str):
                break
            retry = [number for number, each in enumerate(state["Retry"]) if answer in each["ErrorEquals"]]
            if not retry or tries[retry[0]] == state["Retry"][retry[0]]["MaxAttempts"]:
                raise FailedError(answer)
            tries[retry[0]] += 1
        result = {"Payload": answer, "StatusCode": 200} if "FunctionName" in parameters else answer
        assert state.get("ResultPath", "$") in ("$", None)
        told = at(state.get("OutputPath", "$"), result if state.get("ResultPath", "$") else told)
        if state.get("End"):
            return given
        name = state["Next"]


@pytest.fixture
def definition(template: dict[str, Any]) -> dict[str, Any]:
    """That of the state machine."""
    [machine] = properties_of(template, "StepFunctions::StateMachine").values()
    read: dict[str, Any] = machine["Definition"]
    return read


DONE, NOT_YET = {"is_done": True, "date": DATE}, {"is_done": False, "date": DATE}


def test_it_asks_until_all_is_done_then_builds_then_tells_the_catalogue(definition: dict[str, Any]) -> None:
    answers: dict[str, list[Any]] = {
        "Enrich": [NOT_YET, NOT_YET, DONE],
        "Build": [{"JobRunState": "SUCCEEDED"}],
        "Catalog": [{}],
    }
    given = run_machine(definition, answers)
    passes = [("Enrich", {}), ("Enrich", NOT_YET), ("Enrich", NOT_YET)]
    assert given == [*passes, ("Build", {"--date": DATE}), ("Catalog", DONE)]


def test_the_day_that_an_execution_is_given_reaches_the_first_pass(definition: dict[str, Any]) -> None:
    answers: dict[str, list[Any]] = {"Enrich": [DONE], "Build": [{}], "Catalog": [{}]}
    assert run_machine(definition, answers, {"date": DATE})[0] == ("Enrich", {"date": DATE})


def test_what_may_pass_is_tried_again_for_a_while_and_what_will_not_ends_it(definition: dict[str, Any]) -> None:
    def run(*answers: Any, build: Any = DONE) -> list[tuple[str, Any]]:
        return run_machine(definition, {"Enrich": list(answers), "Build": [build], "Catalog": [{}]})

    for passing in ("ServiceError", "Lambda.Unknown", "Lambda.TooManyRequestsException", "States.Timeout"):
        assert len(run(passing, passing, DONE)) == 5
        with pytest.raises(FailedError, match=passing):
            run(*[passing] * 5)
    for lasting in ("AccessError", "ConfigurationError", "DataError", "CinelakeError"):
        with pytest.raises(FailedError, match=lasting):
            run(lasting)
    with pytest.raises(FailedError, match="TaskFailed"):
        run(DONE, build="States.TaskFailed")


def test_the_errors_that_it_knows_are_there_and_it_ends_some_day(definition: dict[str, Any]) -> None:
    tasks = [state for state in definition["States"].values() if state["Type"] == "Task"]
    names = {name for state in tasks for retry in state["Retry"] for name in retry["ErrorEquals"]}
    ours = {name for name in names if not SERVICES_ERRORS.fullmatch(name)}
    assert ours == {"ServiceError"} <= set(errors.__all__)
    assert definition["TimeoutSeconds"] <= 24 * 60 * 60
    assert all(state["TimeoutSeconds"] > 0 for state in tasks)
