"""What makes a bucket safe: set on a new one, told as it is of any.

Some services lack a setting, and some take one against their own owner.

What a service knows is asked before it is told: one that does not know a setting may read its request as another, such
as the making or the listing of a bucket (seen of rclone's). Nothing is ever undone by a DELETE but a policy: Ceph 16
reads the removal of an encryption as that of the bucket.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from cinelake.errors import AccessError
from cinelake.lake.bucket import Bucket, is_of_aws
from cinelake.lake.failures import code_of, lake_failures
from cinelake.lake.manifests import MAKING

ABANDONED_DAYS = 7
"""After which the service itself drops the parts of an upload that was never completed."""
PUBLIC_ACCESS_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
PASSING = (429, 500, 502, 503, 504)
"""HTTP statuses of a service that cannot now."""
LACKS, DENIED, FORBIDDEN = "this service lacks", "access is denied to", 403
OnStep = Callable[[str, Literal["step", "warning"]], None]


@dataclass(frozen=True)
class Setting:
    """One thing that makes a bucket safe."""

    subject: str
    """What it is about, as a report tells how it is."""
    name: str
    """As a report tells that it was set."""
    document: str
    """A word in the root of the XML in which services describe it; empty for a policy, which is JSON."""
    absent: str
    """The service's error code where it knows the setting and nothing is set; empty where it then has a document."""
    ask: Callable[[], Any]
    read: Callable[[Mapping[str, Any]], tuple[bool, str]]
    """Whether an answer to `ask` says that it is set, and how, in words; of `{}` that nothing is set."""
    call: str
    """boto3's name of the call that sets it, in the place of whatever was set."""
    wanted: Mapping[str, Any]
    """Its one argument beside the bucket's name."""
    over_tls_only: bool = False
    """Whether it would lock the bucket's owner out where the endpoint is plain HTTP."""
    on_aws_only: bool = False
    """Whether other services may lock the bucket's owner out by it, as a landing finds out when it makes a bucket."""

    def tell(self, bucket: Bucket) -> None:
        """Sets it."""
        getattr(bucket.client, self.call)(Bucket=bucket.name, **self.wanted)

    def command(self, bucket: Bucket) -> str:
        """What AWS's command line is told to set it."""
        [(name, value)] = self.wanted.items()
        option = re.sub("(?<!^)(?=[A-Z])", "-", name).lower()
        told = value if isinstance(value, str) else json.dumps(value)
        return f"aws s3api {self.call.replace('_', '-')} --bucket {bucket.name} --{option} {shlex.quote(told)}"


@dataclass(frozen=True)
class FoundSetting:
    """A setting as it is."""

    subject: str
    holds: bool | None
    """None where the service does not tell."""
    detail: str
    command: str = ""
    """Of AWS's command line, which sets it, replaces nothing and locks nobody out; empty where it holds, and where none
    is known."""


def settings_of(bucket: Bucket) -> list[Setting]:
    """What makes a bucket safe, in the order in which it is set."""
    client, name = bucket.client, bucket.name
    return [
        Setting(
            "public access",
            "the block of public access",
            "PublicAccessBlock",
            "NoSuchPublicAccessBlockConfiguration",
            lambda: client.get_public_access_block(Bucket=name),
            _read_public_access,
            "put_public_access_block",
            {"PublicAccessBlockConfiguration": dict.fromkeys(PUBLIC_ACCESS_BLOCKS, True)},
            on_aws_only=True,
        ),
        Setting(
            "versions",
            "versioning",
            "Versioning",
            "",
            lambda: client.get_bucket_versioning(Bucket=name),
            _read_versioning,
            "put_bucket_versioning",
            {"VersioningConfiguration": {"Status": "Enabled"}},
        ),
        Setting(
            "encryption",
            "default encryption",
            "ServerSideEncryption",
            "ServerSideEncryptionConfigurationNotFoundError",
            lambda: client.get_bucket_encryption(Bucket=name),
            _read_encryption,
            "put_bucket_encryption",
            {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                }
            },
        ),
        Setting(
            "abandoned uploads",
            f"the removal of abandoned uploads after {ABANDONED_DAYS} days",
            "Lifecycle",
            "NoSuchLifecycleConfiguration",
            lambda: client.get_bucket_lifecycle_configuration(Bucket=name),
            _read_lifecycle,
            "put_bucket_lifecycle_configuration",
            {
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "ID": "abandoned-uploads",
                            "Status": "Enabled",
                            "Filter": {"Prefix": ""},
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_DAYS},
                        }
                    ]
                }
            },
        ),
        Setting(
            "plain HTTP",
            "the refusal of plain HTTP",
            "",
            "NoSuchBucketPolicy",
            lambda: client.get_bucket_policy(Bucket=name),
            _read_policy,
            "put_bucket_policy",
            {"Policy": json.dumps(policy_against_plain_http(bucket))},
            over_tls_only=True,
            on_aws_only=True,
        ),
    ]


def policy_against_plain_http(bucket: Bucket) -> dict[str, Any]:
    """The bucket policy that AWS gives for its rule s3-bucket-ssl-requests-only."""
    resource = arn_of(bucket.name, bucket.region)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RefusePlainHTTP",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [resource, f"{resource}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def arn_of(bucket: str, region: str) -> str:
    """The name of a bucket in policies."""
    partition = next((each for each in ("aws-cn", "aws-us-gov") if region.startswith(each[4:] + "-")), "aws")
    return f"arn:{partition}:s3:::{bucket}"


def find_settings(bucket: Bucket) -> list[FoundSetting]:
    """The settings of a bucket as they are, asked for and left alone.

    Raises:
        ServiceError: the endpoint could not be reached.
    """
    found = []
    with lake_failures(f"cannot ask for the settings of {bucket.name}"), _Roots(bucket) as roots:
        for setting in settings_of(bucket):
            answer = roots.ask(setting)
            holds, detail = (
                setting.read(answer) if isinstance(answer, Mapping) else (None, f"not told: {answer} {setting.name}")
            )
            # A policy, or rules for objects that grow old, would be lost by one that is put in their place; and where
            # public access is blocked in part, the rest was left or undone on purpose.
            spared = bool(answer) and setting.absent
            locks_out = (setting.over_tls_only and _is_plain(bucket)) or (
                setting.on_aws_only and not is_of_aws(bucket.client.meta.endpoint_url)
            )
            safe = holds is False and not spared and not locks_out
            found.append(FoundSetting(setting.subject, holds, detail, setting.command(bucket) if safe else ""))
    return found


def make_safe(bucket: Bucket, on_step: OnStep) -> None:
    """Sets all that the service knows on a bucket that was just made, and makes sure that it can still be written to.

    Args:
        bucket: new and empty.
        on_step: told each step, and as a warning what the service lacks or denies.

    Raises:
        AccessError: its owner may not write to it, whatever is undone.
    """
    with lake_failures(f"cannot make bucket {bucket.name} safe"):
        bucket.client.put_object(Bucket=bucket.name, Key=MAKING, Body=b"")
        _set_all(bucket, on_step)
        _try_out(bucket, on_step)
        versions = {"VersionId": "null"} if bucket.keeps_versions() else {}
        bucket.client.delete_object(Bucket=bucket.name, Key=MAKING, **versions)  # type: ignore[arg-type]


def _set_all(bucket: Bucket, on_step: OnStep) -> None:
    plain = _is_plain(bucket)
    with _Roots(bucket) as roots:
        for setting in settings_of(bucket):
            if plain and setting.over_tls_only:
                on_step(f"not set: {setting.name}, which is how this endpoint is reached", "step")
                continue
            answer = roots.ask(setting)
            if isinstance(answer, str):
                on_step(f"{answer} {setting.name}", "warning")
                continue
            try:
                setting.tell(bucket)
            except ClientError as error:
                if code_of(error)[1] in PASSING:
                    raise
                on_step(f"not set: {setting.name} (the service answered {code_of(error)[0]})", "warning")
            else:
                on_step(f"set {setting.name}", "step")


def _is_plain(bucket: Bucket) -> bool:
    return not bucket.client.meta.endpoint_url.startswith("https://")


def _try_out(bucket: Bucket, on_step: OnStep) -> None:
    """Puts and removes a small object; what denies it is undone, the least first, and what did not is set again."""
    if _may_write(bucket):
        return
    client, name = bucket.client, bucket.name
    suspects: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        (
            "the block of public ACLs",
            lambda: _block_public_access(bucket, acls=False, policies=True),
            lambda: _block_public_access(bucket, acls=True, policies=True),
        ),
        (
            "the refusal of plain HTTP",
            lambda: client.delete_bucket_policy(Bucket=name),
            lambda: client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy_against_plain_http(bucket))),
        ),
        (
            "the block of public access",
            lambda: _block_public_access(bucket, acls=False, policies=False),
            lambda: _block_public_access(bucket, acls=True, policies=True),
        ),
    ]
    for told, undo, redo in suspects:
        try:
            undo()
        except ClientError:
            continue
        if _may_write(bucket):
            on_step(f"undone: {told}; with it this service denies the bucket's own owner", "warning")
            return
        with suppress(ClientError):
            redo()
    raise AccessError(
        f"cannot write to bucket {bucket.name}, which was just made: access is denied",
        "use credentials with s3:PutObject and s3:DeleteObject on it",
    )


def _may_write(bucket: Bucket) -> bool:
    with lake_failures(f"cannot try out bucket {bucket.name}"):
        try:
            put = bucket.client.put_object(Bucket=bucket.name, Key=MAKING, Body=b"")
        except ClientError as error:
            if code_of(error)[1] == 403:
                return False
            raise
        version = put.get("VersionId")
        if version:
            bucket.client.delete_object(Bucket=bucket.name, Key=MAKING, VersionId=version)
        else:
            bucket.client.delete_object(Bucket=bucket.name, Key=MAKING)
    return True


def _block_public_access(bucket: Bucket, *, acls: bool, policies: bool) -> None:
    bucket.client.put_public_access_block(
        Bucket=bucket.name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": acls,
            "IgnorePublicAcls": acls or policies,
            "BlockPublicPolicy": policies,
            "RestrictPublicBuckets": policies,
        },
    )


def _read_public_access(answer: Mapping[str, Any]) -> tuple[bool, str]:
    blocks = answer.get("PublicAccessBlockConfiguration", {})
    on = [name for name in PUBLIC_ACCESS_BLOCKS if blocks.get(name)]
    if len(on) == len(PUBLIC_ACCESS_BLOCKS):
        return True, "blocked"
    return False, f"blocked in part: {', '.join(on)}" if on else "not blocked"


def _read_versioning(answer: Mapping[str, Any]) -> tuple[bool, str]:
    status = answer.get("Status", "")
    return status == "Enabled", {"Enabled": "kept", "Suspended": "not kept any more"}.get(status, "not kept")


def _read_encryption(answer: Mapping[str, Any]) -> tuple[bool, str]:
    rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    named = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules]
    algorithms = [str(name) for name in named if name]
    return bool(algorithms), ", ".join(algorithms) or "none by default"


def _read_lifecycle(answer: Mapping[str, Any]) -> tuple[bool, str]:
    rules = [rule for rule in answer.get("Rules", []) if rule.get("Status") == "Enabled"]
    days = [rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation") for rule in rules]
    told = [f"dropped after {number} days" for number in days if number]
    return bool(told), ", ".join(told) or "not dropped"


def _read_policy(answer: Mapping[str, Any]) -> tuple[bool, str]:
    if "Policy" not in answer:
        return False, "not refused; there is no policy"
    try:
        statements = json.loads(answer["Policy"])["Statement"]
        refused = any(map(_refuses_plain_http, statements if isinstance(statements, list) else [statements]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return False, "there is a policy, which cannot be read"
    return refused, "refused by its policy" if refused else "not refused by its policy"


def _refuses_plain_http(statement: Mapping[str, Any]) -> bool:
    """A value in a policy may be a text, or a list of texts."""
    secure = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return (
        statement.get("Effect") == "Deny"
        and statement.get("Action") in ("s3:*", ["s3:*"], "*", ["*"])
        and secure in ("false", ["false"], False)
    )


class _Roots:
    """Sees which document a service answers with, which boto3 itself reads as whatever it had asked for."""

    def __init__(self, bucket: Bucket) -> None:
        self._events = bucket.client.meta.events
        self._root = ""

    def __enter__(self) -> "_Roots":
        self._events.register("before-parse.s3", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._events.unregister("before-parse.s3", self._note)

    def _note(self, response_dict: dict[str, Any], **_: Any) -> None:
        body = response_dict.get("body") or b""
        found = re.search(rb"<([A-Za-z]+)[\s/>]", body) if isinstance(body, bytes) else None
        self._root = found[1].decode() if found else ""

    def ask(self, setting: Setting) -> Mapping[str, Any] | str:
        """Asks for a setting, and looks at what kind of answer comes.

        Returns:
            The answer, `{}` where the service knows the setting and nothing is set, or why it does not tell.
        """
        try:
            answer: Mapping[str, Any] = setting.ask()
        except ClientError as error:
            code, status = code_of(error)
            if code == setting.absent:
                return {}
            if status in PASSING:
                raise  # whether it knows the setting, it cannot say now
            return DENIED if status == FORBIDDEN else LACKS
        except ValueError:
            return LACKS  # what came is no such document
        known = setting.document in self._root if setting.document else self._root == ""
        return answer if known else LACKS
