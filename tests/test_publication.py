"""A build becomes visible whole, stays readable, and goes only once it is read no more."""

import random
import signal
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cinelake import (
    AskOptions,
    DataError,
    ExpireBuildsOptions,
    ExpireBuildsResult,
    Lake,
    QueryOptions,
    ask_questions,
    build_tables,
    expire_builds,
    query_tables,
    verify_lake,
)
from projects import DATE, PROGRAM, Place, ProjectFolder
from tables import build, files_of, film, land, land_and_build, make_all

COUNT = "SELECT COUNT(*) AS titles FROM trusted.titles WHERE kind = 'film'"


def land_films(folder: ProjectFolder, count: int, place: Place | None = None) -> None:
    """So many films, in the place of those that were landed before."""
    folder.write_csv("movies.csv", [film(f"tt{number}", genero="Drama") for number in range(count)])
    project, lake, run = folder.open(place)
    from cinelake import LandOptions, land_files

    land_files(project, lake, run, LandOptions(replace=True))


def expire(folder: ProjectFolder, place: Place | None = None, *, dry_run: bool = False) -> ExpireBuildsResult:
    return expire_builds(*folder.open(place), ExpireBuildsOptions(dry_run=dry_run))


def films(folder: ProjectFolder, place: Place | None = None) -> int:
    [[count]] = query_tables(*folder.open(place), QueryOptions(COUNT)).rows
    return int(count)


def tables_of_lake(folder: ProjectFolder) -> set[str]:
    return {key for key in files_of(folder) if key.startswith(("Trusted/", "Refined/"))}


# Expiry


def test_a_superseded_build_is_listed_first_and_then_removed(folder: ProjectFolder, place: Place) -> None:
    land_films(folder, 1, place)
    first = build_tables(*folder.open(place))
    land_films(folder, 2, place)
    second = build_tables(*folder.open(place))
    before = set(folder.open(place)[1].list_layer("Refined"))
    planned = expire(folder, place, dry_run=True)
    assert (planned.status, [each.run_id for each in planned.builds]) == ("planned", [first.run.run_id])
    assert set(folder.open(place)[1].list_layer("Refined")) == before
    done = expire(folder, place)
    assert (done.status, [each.superseded_by for each in done.builds]) == ("done", [second.run.run_id])
    assert done.builds[0].objects == len(first.tables)
    left = {**folder.open(place)[1].list_layer("Refined"), **folder.open(place)[1].list_layer("Trusted")}
    assert {key for key in left if first.run.run_id in key} == set()
    assert len(left) == len(second.tables)
    assert films(folder, place) == 2
    assert expire(folder, place).status == "unchanged"
    failed = [check.name for check in verify_lake(*folder.open(place)).checks if not check.ok]
    assert failed == ["answers"]


def test_the_newest_build_of_an_earlier_date_stays_and_is_read_by_its_date(folder: ProjectFolder) -> None:
    land_films(folder, 1)
    build(folder)
    folder.write_csv("movies.csv", [film("tt1"), film("tt2"), film("tt3")])
    land_and_build(folder, "2022-05-09")
    assert expire(folder).status == "unchanged"
    told = [
        query_tables(*folder.open(date="2022-05-09"), QueryOptions(COUNT, until=until)).rows[0][0]
        for until in (None, datetime(2022, 5, 8).date())  # noqa: DTZ001 a day
    ]
    assert told == [3, 1]


def test_what_a_killed_build_left_goes_after_a_day(folder: ProjectFolder) -> None:
    result = make_all(folder)
    folder.path.joinpath("lake", result.manifest or "").unlink()
    assert expire(folder).status == "unchanged"  # it may be at work
    project, lake, run = folder.open()
    later = replace(run, started_at=datetime.now(UTC) + timedelta(days=1, minutes=1))
    done = expire_builds(project, lake, later)
    assert [(each.run_id, each.superseded_by) for each in done.builds] == [(result.run.run_id, None)]
    assert tables_of_lake(folder) == set()


def test_expire_builds_on_the_command_line(folder: ProjectFolder) -> None:
    land_films(folder, 1)
    first = build(folder)
    land_films(folder, 2)
    build(folder)
    planned = folder.cinelake("expire", "--builds", "--dry-run")
    assert planned.stdout.startswith("1 build would be removed, read no more, ")
    told = folder.document("expire", "--builds")
    assert (told["stage"], told["status"], told["builds"][0]["run_id"]) == ("expire", "done", first.run.run_id)
    assert folder.cinelake("expire", "--builds").stdout == "no build is superseded\n"


# Readers


def test_a_reader_keeps_what_it_has_begun_to_read(folder: ProjectFolder, place: Place) -> None:
    """Its build is superseded and removed between the fetching of its tables and its question."""
    land_films(folder, 3, place)
    build_tables(*folder.open(place))

    def supersede(event: Any) -> None:
        if event.message.startswith("asking films-vs-series"):
            land_films(folder, 1, place)
            build_tables(*folder.open(place))
            assert expire(folder, place).status == "done"

    project, lake, run = folder.open(place)
    before = [answer.rows for answer in ask_questions(project, lake, run, AskOptions(record=False)).answers]
    during = [answer.rows for answer in ask_questions(project, lake, run, AskOptions(record=False), supersede).answers]
    assert during == before


def test_a_reader_that_comes_too_late_takes_the_newest(
    folder: ProjectFolder, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its build is superseded and removed between the reading of its manifest and the fetching of its tables."""
    land_films(folder, 1, place)
    build_tables(*folder.open(place))
    fetch_all, calls = Lake.fetch_all, []

    def late(lake: Lake, records: Any) -> list[Path]:
        calls.append(1)
        if len(calls) == 1:
            land_films(folder, 2, place)
            build_tables(*folder.open(place))
            expire(folder, place)
        return fetch_all(lake, records)

    monkeypatch.setattr(Lake, "fetch_all", late)
    assert films(folder, place) == 2


def test_a_table_that_was_changed_is_no_reason_to_try_again(folder: ProjectFolder) -> None:
    result = make_all(folder)
    path = folder.path / "lake" / next(table.key for table in result.tables if table.name == "trusted.titles")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(DataError, match="is not the object that was recorded"):
        films(folder)


# Kills


KILLS = 50


def test_a_build_killed_at_any_moment_leaves_the_old_tables_or_the_new(folder: ProjectFolder) -> None:
    moments = random.Random(50)
    rows = [film(f"tt{number}", genero="Drama,Comedy", tituloPincipal="A title") for number in range(20_000)]

    def land_new(count: int) -> None:
        folder.write_csv("movies.csv", rows[:count])
        land(folder)

    def start() -> subprocess.Popen[bytes]:
        command = [PROGRAM, "build", "-q", "--date", DATE]
        return subprocess.Popen(command, cwd=folder.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    land_new(10_000)
    build(folder)
    fastest_s, seen = None, []
    for number in range(1, KILLS + 1):
        land_new(10_000 + number)
        if fastest_s is None:
            began = time.monotonic()
            assert start().wait(60) == 0
            fastest_s = time.monotonic() - began
            land_new(10_500)
        before = films(folder)
        began = time.monotonic()
        process = start()
        try:
            process.wait(moments.uniform(0.3, 1.1) * fastest_s)
            fastest_s = min(fastest_s, time.monotonic() - began)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        after = films(folder)
        assert after in (before, len(folder.path.joinpath("movies.csv").read_text().splitlines()) - 1)
        counts = query_tables(
            *folder.open(),
            QueryOptions(
                "SELECT (SELECT COUNT(*) FROM dim_title WHERE kind = 'film'), "
                "(SELECT COUNT(*) FROM fact_title WHERE kind = 'film'), "
                "(SELECT COUNT(*) // 2 FROM bridge_title_genre WHERE kind = 'film')"
            ),
        ).rows[0]
        assert set(counts) == {after}
        seen.append(process.returncode)
    assert seen.count(-signal.SIGKILL) >= KILLS // 2
    assert build(folder).status in ("done", "unchanged")
    assert list(folder.path.joinpath(".cinelake").glob("engine-*")) == []
