"""What AWS Lambda calls, in cinelake's image: `python -m awslambdaric cinelake.aws.functions.enrich`, or `….catalog`.

The root is read-only there but for /tmp, where the project folder is made anew from what the image holds. Settings are
variables of the function: CINELAKE_LAKE, and TMDB_TOKEN_SECRET, the ARN of the secret with TMDB's token. The role's
credentials come as boto3's chain finds them. Events hold no secret: `{}`, or `{"date": "2022-05-02"}`.
"""

import json
import os
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

from cinelake.aws.failures import secret_failures
from cinelake.catalog import CatalogOptions, register_tables
from cinelake.cli.failures import HINT_OF_FAULT
from cinelake.cli.progress import Teller
from cinelake.cli.streams import tell
from cinelake.config import Project, parse_date
from cinelake.config.redaction import masked, secret_values
from cinelake.container import INPUT, SHIPPED, bring_in
from cinelake.enrich import EnrichOptions, EnrichResult, enrich_titles
from cinelake.errors import CinelakeError, ConfigurationError, ServiceError
from cinelake.lake import Lake, OnEvent, Run

TOKEN, SECRET, DATABASE = "TMDB_TOKEN", "TMDB_TOKEN_SECRET", "CINELAKE_DATABASE"
KEPT_S = 60.0
"""Of an invocation's time, for its end: what is being asked then is waited for, ten seconds at most, and landed."""
HINT_OF_SECRET = f"{SECRET} names the secret's ARN; let the function's role do secretsmanager:GetSecretValue on it"


class Context(Protocol):
    """What Lambda tells of an invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Until it is ended, whatever it does."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """What an invocation finds in the image and around it."""

    variables: Mapping[str, str]
    source: Path = INPUT
    """With a `lake.toml` of the user's, where one is baked into the image."""
    shipped: Path = SHIPPED
    """The `lake.toml` to take where none is."""
    folder: Path = Path(tempfile.gettempdir(), "cinelake")
    """Becomes the project folder, and keeps what it copies for the next invocation of the same process."""


def enrich(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Asks TMDB for titles as long as the invocation lasts; see `enrich_once`."""
    return enrich_once(event, context, Surroundings(os.environ))


def catalog(event: Mapping[str, Any], context: Context) -> dict[str, Any]:  # noqa: ARG001 Lambda gives both
    """Registers the tables in Glue's catalogue; see `catalog_once`."""
    return catalog_once(event, Surroundings(os.environ))


def enrich_once(event: Mapping[str, Any], context: Context, around: Surroundings) -> dict[str, Any]:
    """One pass of an enrichment: as many titles as there is time for.

    Args:
        event: may name the processing date, as `date`; today in the lake's time zone if it does not.
        context: tells the time that is left, of which a minute is kept.
        around: where it finds what it needs.

    Returns:
        `status`, `left`, `found`, `missing`, `failed` and `requests` as `cinelake enrich --json` tells them, `is_done`,
        and `date`, for the next pass and for what follows. Titles that failed are asked for by a later enrichment.

    Raises:
        CinelakeError: as `enrich_titles`, with the hint in its words and no secret.
        ServiceError: none of the titles that are left could be looked up; passes would go on without end.
        ConfigurationError: there is no time, nothing to ask with, or each pass would ask for the same titles.
    """

    def work(project: Project, lake: Lake, run: Run, on_event: OnEvent) -> dict[str, Any]:
        if project.tmdb.refresh_days == 0:
            raise ConfigurationError(
                "tmdb.refresh_days is 0, so that each pass would ask for the same titles", "set it to 1 or more"
            )
        seconds = context.get_remaining_time_in_millis() / 1000 - KEPT_S
        if seconds < 1:
            raise ConfigurationError(
                f"the invocation's time is over before it begins; {KEPT_S:.0f} s of it are kept for its end",
                "give the function a timeout of 120 s at least; 900 s is the most",
            )
        result = enrich_titles(project, lake, run, EnrichOptions(max_seconds=seconds), on_event)
        _demand_progress(result, seconds)
        told = result.to_json()
        names = ("left", "found", "missing", "failed", "requests")
        return {
            "status": result.status,
            **{name: told[name] for name in names},
            "is_done": result.left == 0,
            "date": run.processing_date.isoformat(),
        }

    return _invoke(work, event, around)


def _demand_progress(result: EnrichResult, seconds: float) -> None:
    if result.note is not None:
        raise ConfigurationError(
            f"nothing was looked up: {result.note}", f"set {SECRET}, or write another [tmdb] source in lake.toml"
        )
    if result.left and not (result.found or result.missing):
        raise ServiceError(
            f"in {seconds:,.0f} s none of {result.left + result.failed:,} titles could be looked up",
            "read the function's log, then try later; where reading the titles takes so long, give it more memory",
        )


def catalog_once(event: Mapping[str, Any], around: Surroundings) -> dict[str, Any]:
    """Registers the tables of every date, whatever the event's own, which is only told again.

    Returns:
        `status` and `partitions`, how many dates of tables were created, updated or removed; and `date`.

    Raises:
        CinelakeError: as `register_tables`, with the hint in its words and no secret.
    """

    def work(project: Project, lake: Lake, run: Run, on_event: OnEvent) -> dict[str, Any]:
        database = around.variables.get(DATABASE)
        options = CatalogOptions(database=database) if database else CatalogOptions()
        result = register_tables(project, lake, run, options, on_event)
        changed = sum(partition.action != "unchanged" for partition in result.partitions)
        return {"status": result.status, "partitions": changed, "date": run.processing_date.isoformat()}

    return _invoke(work, event, around)


Work = Callable[[Project, Lake, Run, OnEvent], dict[str, Any]]


def _invoke(work: Work, event: Mapping[str, Any], around: Surroundings) -> dict[str, Any]:
    """Does the work in a project folder; what fails is raised in words, as Lambda and Step Functions show them."""
    variables = dict(around.variables)
    try:
        if variables.get(SECRET):
            variables[TOKEN] = _read_token(variables[SECRET], variables.get("AWS_REGION"))
        bring_in(around.source, around.folder, around.shipped, variables)
        project = Project.load(around.folder, variables=variables)
        now = datetime.now(UTC)
        day = _date_of(event) or project.processing_date(now)
        with Teller(quiet=False) as teller:
            return work(project, Lake.open(project), Run.start(day, now=now), teller)
    except CinelakeError as error:
        secrets = secret_values(around.folder, variables)
        raise _public(error)(masked(f"{error.what}; {error.hint}", secrets), masked(error.hint, secrets)) from None
    except Exception as error:  # noqa: BLE001 the last one to see it must put it in words
        secrets = secret_values(around.folder, variables)
        tell(masked(traceback.format_exc(), secrets))
        told = masked(f"a fault in cinelake: {type(error).__name__}: {error}", secrets)
        raise CinelakeError(told, HINT_OF_FAULT) from None


def _date_of(event: Mapping[str, Any]) -> date | None:
    told = event.get("date")
    return parse_date(str(told), said_in="the event's date") if told else None


def _public(error: CinelakeError) -> type[CinelakeError]:
    """The kind of an error, of those in the tree: Step Functions tell by its name which to try again."""
    return next(kind for kind in type(error).__mro__ if kind.__module__ == CinelakeError.__module__)


def _read_token(arn: str, region: str | None) -> str:
    """The secret's text, or what it has under TMDB_TOKEN where it is a JSON object, as AWS's console makes it."""
    from boto3 import Session
    from botocore.config import Config

    quick = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 4, "mode": "standard"})
    try:
        with secret_failures("cannot read the secret with TMDB's token", HINT_OF_SECRET):
            client = Session(region_name=region).client("secretsmanager", config=quick)
            text = client.get_secret_value(SecretId=arn)["SecretString"]
    except KeyError:
        raise ConfigurationError("the secret with TMDB's token holds no text", "store the token as text") from None
    try:
        read = json.loads(text)
    except ValueError:
        return text.strip()
    if not isinstance(read, dict):
        return text.strip()
    if not isinstance(read.get(TOKEN), str):
        raise ConfigurationError(f"the secret with TMDB's token has no {TOKEN}", f"store it under {TOKEN}, or alone")
    return str(read[TOKEN]).strip()
