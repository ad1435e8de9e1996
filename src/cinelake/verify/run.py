"""Prove the lake against its manifests and the sources: every object is looked at, every answer asked again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from cinelake.ask import AskOptions, ask_questions
from cinelake.config import Project
from cinelake.engine import open_engine
from cinelake.engine.contract import KINDS
from cinelake.engine.interface import Engine
from cinelake.engine.published import attach_newest, newest_build
from cinelake.errors import CinelakeError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent
from cinelake.lake.keys import REFINED, TRUSTED
from cinelake.lake.manifests import Manifest
from cinelake.verify.checks import STAGE, Check, or_words
from cinelake.verify.objects import check_objects
from cinelake.verify.sources import check_sources

WRITERS = ("land", "enrich", "build", "expire")
"""The stages whose manifests answer for objects."""


@dataclass(frozen=True)
class VerifyOptions:
    """What is verified."""

    until: date | None = None
    """The newest build of this date or earlier; objects are verified of every date."""
    deep: bool = False
    """Reads every byte of a bucket's objects too, where their listing would do."""


@dataclass(frozen=True)
class VerifyResult:
    """All checks; good only where each holds."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    checks: tuple[Check, ...]

    @property
    def status(self) -> Status:
        """`done` where every check holds."""
        return "done" if all(check.ok for check in self.checks) else "failed"

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {"checks": [vars(check) for check in self.checks]}


def verify_lake(
    project: Project, lake: Lake, run: Run, options: VerifyOptions | None = None, on_event: OnEvent = silent
) -> VerifyResult:
    """Looks at everything that the lake claims. Writes nothing.

    Raises:
        AccessError, ServiceError: the lake could not be asked. What is wrong in it is a failed check, not an error.
    """
    options = options or VerifyOptions()
    checks = tuple(_checks(project, lake, run, options, on_event))
    return VerifyResult(run, str(lake), checks)


def _checks(project: Project, lake: Lake, run: Run, options: VerifyOptions, on_event: OnEvent) -> Iterator[Check]:
    exists = lake.exists()
    yield Check("lake", exists, f"{lake} is there" if exists else f"{lake} is not there: run cinelake land")
    if not exists:
        return
    if lake.bucket is not None:
        # boto3 takes longer to load than a folder lake takes to be verified.
        from cinelake.verify.bucket import tell_bucket

        yield from tell_bucket(lake.bucket)
    built = any(lake.list_layer(layer) for layer in (TRUSTED, REFINED))
    manifests: list[Manifest] = []
    for stage in WRITERS:
        try:
            found = lake.manifests(stage, from_lake=True)
        except CinelakeError as error:
            yield Check(f"manifests {stage}", False, error.what)
        else:
            manifests += _standing_builds(found) if stage == "build" else found
            needed = {"land": True, "build": built}.get(stage, False)
            yield Check(f"manifests {stage}", bool(found) or not needed, f"{len(found)} of this stage")
    yield from check_objects(lake, manifests, deep=options.deep, on_event=on_event)
    yield _check_records(manifests)
    yield from check_sources(project, manifests)
    if built:
        yield from _check_tables(project, lake, options, on_event)
        yield from _check_answers(project, lake, run, options, on_event)


def _standing_builds(builds: list[Manifest]) -> list[Manifest]:
    """Builds whose tables must be there: one that was made again of the same, since its own were lost, is not."""
    newest = {(build.processing_date, build.detail["fingerprint"]): build for build in builds}
    return list(newest.values())


def _check_records(manifests: list[Manifest]) -> Check:
    """What the builds have read must be told of by the manifests of the stages that wrote it."""
    told = {record.key for manifest in manifests if manifest.stage != "build" for record in manifest.objects}
    read = {record.key for manifest in manifests if manifest.stage == "build" for record in manifest.inputs}
    untold = sorted(read - told)
    return Check(
        "records",
        not untold,
        f"{len(untold)} objects that a build has read are in no manifest of their own, such as {untold[0]}"
        if untold
        else f"{len(read)} objects that builds have read have manifests of their own",
    )


def _check_tables(project: Project, lake: Lake, options: VerifyOptions, on_event: OnEvent) -> Iterator[Check]:
    """The rows of the newest build's tables, counted again, and where the rows of the files went."""
    on_event(Event(STAGE, "counting rows"))
    build = or_words(lambda: newest_build(lake, options.until))
    if not isinstance(build, Manifest):
        yield Check("tables", False, build or "nothing was built: run cinelake build")
        return
    try:
        with open_engine(project) as engine:
            build, names = attach_newest(engine, lake, options.until)
            for name, told in zip(names, build.detail["tables"], strict=True):
                rows = _count(engine, name)
                yield Check(f"rows {name}", rows == told["rows"], f"{rows} rows; the build recorded {told['rows']}")
            for told in build.detail["sources"]:
                # Of a title's older records no table tells: there the build's own count must do.
                kind = KINDS.get(told["dataset"])
                out = _count(engine, f"trusted.credits WHERE kind = '{kind}'") if kind else told["rows_out"]
                rejected = _count(engine, f"trusted.rejects WHERE dataset = '{told['dataset']}'")
                yield Check(
                    f"rows of {told['dataset']}",
                    told["rows_in"] == out + rejected,
                    f"{told['rows_in']} in, {out} out, {rejected} rejected",
                )
    except CinelakeError as error:
        yield Check("tables", False, error.what)


def _count(engine: Engine, rows: str) -> int:
    return int(engine.query(f"SELECT COUNT(*) FROM {rows}").rows[0][0])


def _check_answers(
    project: Project, lake: Lake, run: Run, options: VerifyOptions, on_event: OnEvent
) -> Iterator[Check]:
    """Each recorded answer of the newest build, asked again; there must be one, or nothing proves the report."""
    build = or_words(lambda: newest_build(lake, options.until))
    if not isinstance(build, Manifest):
        return
    recorded: dict[str, Any] = {}
    asked = or_words(lambda: lake.manifests("ask", until=build.processing_date, on="the newest date", from_lake=True))
    if isinstance(asked, str):
        yield Check("manifests ask", False, asked)
        return
    for manifest in asked:
        if manifest.detail["build"] == build.run_id:
            recorded |= manifest.detail["answers"]
    untold = "" if recorded else ": run cinelake ask"
    yield Check("answers", bool(recorded), f"{len(recorded)} answers are recorded{untold}")
    for question, told in sorted(recorded.items()):
        name = f"answer {question}"
        asking = AskOptions((question,), until=options.until, record=False)
        try:
            on_event(Event(STAGE, f"asking {question} again"))
            [answer] = ask_questions(project, lake, run, asking).answers
        except CinelakeError as error:
            yield Check(name, False, error.what)
            continue
        if dict(answer.parameters) != told["parameters"]:
            yield Check(name, False, "was recorded with other parameters: run cinelake ask to answer with these")
        else:
            same = answer.checksum == told["sha256"]
            yield Check(name, same, f"{len(answer.rows)} rows, " + ("the same figures" if same else "other figures"))
