"""Looks at all that a landing needs, and changes none of it."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from boto3 import Session

from cinelake.config import BucketLake, FolderLake, Project
from cinelake.config.redaction import masked, secret_values
from cinelake.doctor.bucket import look_at_bucket
from cinelake.doctor.credentials import look_at_credentials, look_at_identity
from cinelake.doctor.endpoint import look_at_endpoint
from cinelake.doctor.findings import DoctorResult, Finding, not_looked_at, wrong
from cinelake.doctor.folder import look_at_folder
from cinelake.doctor.mends import PROGRAM, Reader
from cinelake.doctor.policy import least_policy
from cinelake.doctor.project import look_at_disks, look_at_sources, look_at_tmdb, look_at_versions, read_set_up
from cinelake.errors import CinelakeError, ConfigurationError
from cinelake.lake import Event, OnEvent, silent
from cinelake.lake.bucket import DEFAULT_REGION, Bucket
from cinelake.lake.failures import lake_failures
from cinelake.lake.patience import Patience

QUICK = Patience(silence_s=10, tries=2)
"""Who asks how things are waits less than who has work to do."""


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def examine(
    project_directory: str | Path = ".",
    *,
    lake_uri: str | None = None,
    variables: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = utc_now,
    on_event: OnEvent = silent,
    program: str = PROGRAM,
) -> DoctorResult:
    """Looks at the project folder, the credentials, the endpoint and the bucket. Nothing is written.

    What is wrong is a finding with what mends it, and what depends on it is not looked at; nothing is raised.

    Args:
        project_directory: the folder that holds `lake.toml`, or should.
        lake_uri: wins over CINELAKE_LAKE, which wins over `lake.toml`.
        variables: the real environment; None takes this process's.
        clock: tells the time.
        on_event: told what is asked of whom.
        program: how cinelake is called from where the reader stands, for commands to copy.
    """
    folder = Path(project_directory).resolve()
    given = os.environ if variables is None else variables
    set_up = read_set_up(folder, lake_uri, given)
    project, findings = set_up.project, list(set_up.findings)
    needed_bytes = None
    if project is not None and set_up.settings_are_read:
        sources, needed_bytes = look_at_sources(project, clock())
        findings += [sources, look_at_tmdb(project)]
    else:
        findings += not_looked_at(("sources", "TMDB"), "mend what is above first")
    findings += _or_wrong("disk", lambda: look_at_disks(folder, project, needed_bytes))
    findings.append(look_at_versions())
    policy = None
    if project is not None:
        on_event(Event(DoctorResult.stage, f"looking at {project.lake_uri}"))
        match project.lake_uri:
            case FolderLake() as lake:
                findings += _or_wrong("lake", lambda: look_at_folder(lake))
            case BucketLake() as uri:
                policy = least_policy(uri.bucket, _region_of(project))
                findings += _look_at_service(project, uri, given, clock)
    secrets = secret_values(folder, given)
    reader = Reader(program, Path(project_directory), lake_uri, given)
    if project is not None:
        environment = project.environment
        filed = environment.access_key_id is not None and not given.get("AWS_ACCESS_KEY_ID")
        reader = replace(reader, endpoint_url=environment.endpoint_url, keys_are_filed=filed)
    told = (_masked(reader.mended(each), secrets) for each in findings)
    return DoctorResult(str(folder), str(project.lake_uri) if project else None, tuple(told), policy)


def _masked(finding: Finding, secrets: Collection[str]) -> Finding:
    mend = replace(finding.mend, text=masked(finding.mend.text, secrets)) if finding.mend else None
    return replace(finding, detail=masked(finding.detail, secrets), hint=masked(finding.hint, secrets), mend=mend)


def find_policy(
    project_directory: str | Path = ".", *, lake_uri: str | None = None, variables: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The least IAM policy for the project's bucket; nobody is asked for it.

    Raises:
        ConfigurationError: it is not known which lake, or it is in no bucket.
    """
    set_up = read_set_up(Path(project_directory).resolve(), lake_uri, os.environ if variables is None else variables)
    if set_up.project is None:
        first = next(finding for finding in set_up.findings if finding.ok is False)
        raise ConfigurationError(first.detail, first.hint)
    lake = set_up.project.lake_uri
    if not isinstance(lake, BucketLake):
        raise ConfigurationError(f"the lake is {lake}, which needs no policy", "name a bucket with --lake s3://BUCKET")
    return least_policy(lake.bucket, _region_of(set_up.project))


def _look_at_service(
    project: Project, uri: BucketLake, variables: Mapping[str, str], clock: Callable[[], datetime]
) -> Iterator[Finding]:
    """Credentials, endpoint, whose the credentials are, bucket: each only where those before it allow."""
    given = project.environment
    session, told = look_at_credentials(project, variables, clock())
    yield told
    try:
        with lake_failures(f"cannot open {uri}"):
            bucket = Bucket(
                uri,
                session or Session(region_name=project.region),
                endpoint_url=given.endpoint_url,
                certificates=given.certificates,
                patience=QUICK,
            )
    except CinelakeError:
        yield from not_looked_at(("endpoint", "clock", "identity", "bucket"), "mend the credentials first")
        return
    reached = look_at_endpoint(bucket, clock)
    yield from reached
    if reached[0].ok is False:
        yield from not_looked_at(("identity", "bucket"), "the endpoint does not answer")
    elif session is None:
        yield from not_looked_at(("identity", "bucket"), "mend the credentials first")
    else:
        identity = look_at_identity(bucket, session, given.sts_endpoint_url)
        yield identity
        if identity.ok is False:
            yield from not_looked_at(("bucket",), "mend the credentials first")
        else:
            yield from look_at_bucket(bucket)


def _region_of(project: Project) -> str:
    """The region that is set, wherever boto3's chain finds it."""
    try:
        with lake_failures("cannot find the region"):
            return project.region or Session().region_name or DEFAULT_REGION
    except CinelakeError:
        return DEFAULT_REGION


def _or_wrong(name: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except CinelakeError as error:
        return [wrong(name, error)]
