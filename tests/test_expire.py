"""TMDB's records leave the lake before they are six months old."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cinelake import Event, ExpireOptions, Project, Run, build_tables, enrich_titles, expire_records, verify_lake
from landings import emptied
from projects import DATE, Place, ProjectFolder, S3Server
from tables import land, make_all
from tmdb import TmdbServer, ask_tmdb, point_at, records_of

LATER = datetime.now(UTC) + timedelta(days=181)


def later(folder: ProjectFolder, place: Place | None = None, *, days: int = 181) -> Run:
    """A run of the same date, so many days from now."""
    run = folder.open(place)[2]
    return Run.start(run.processing_date, now=datetime.now(UTC) + timedelta(days=days))


def copies_of_records(project: Project) -> list[Path]:
    """The local copies that hold records of TMDB; manifests name its columns, too."""
    copies = project.work_directory.joinpath("copies").iterdir()
    return [path for path in copies if re.search(rb'"popularity": ?[0-9]', path.read_bytes())]


def test_young_records_stay(folder: ProjectFolder, tmdb: TmdbServer) -> None:
    point_at(folder, tmdb)
    land(folder)
    ask_tmdb(folder)
    project, lake, _ = folder.open()
    assert expire_records(project, lake, later(folder, days=179)).status == "unchanged"
    assert len(records_of(folder)) == 3


def test_a_dry_run_tells_and_removes_nothing(folder: ProjectFolder) -> None:
    make_all(folder)
    project, lake, _ = folder.open()
    result = expire_records(project, lake, later(folder), ExpireOptions(dry_run=True))
    assert (result.status, {item.action for item in result.objects}) == ("planned", {"planned"})
    assert len(records_of(folder)) == 3


def test_old_records_are_told_of_and_removed(folder: ProjectFolder) -> None:
    make_all(folder)
    project, lake, _ = folder.open()
    events: list[Event] = []
    result = expire_records(project, lake, later(folder), on_event=events.append)
    assert result.status == "done"
    told = [event.message for event in events if event.kind == "step"]
    assert all(any(item.key in line for line in told) for item in result.objects)
    assert records_of(folder) == []
    assert expire_records(project, lake, later(folder)).status == "unchanged"


def test_what_has_expired_is_asked_again_and_missed_by_nobody(folder: ProjectFolder, tmdb: TmdbServer) -> None:
    point_at(folder, tmdb)
    land(folder)
    ask_tmdb(folder)
    project, lake, run = folder.open()
    build_tables(project, lake, run)
    expire_records(project, lake, later(folder))
    events: list[Event] = []
    build_tables(*folder.open(), on_event=events.append)
    assert [event.message for event in events if event.kind == "warning"] == []
    failed = [check for check in verify_lake(project, lake, run).checks if not check.ok and "answers" not in check.name]
    assert failed == []
    assert ask_tmdb(folder).found == 3


def test_a_snapshot_that_is_landed_again_after_it_expired_counts(folder: ProjectFolder) -> None:
    make_all(folder)
    project, lake, _ = folder.open()
    expire_records(project, lake, Run.start(folder.open()[2].processing_date, now=datetime.now(UTC)))
    assert expire_records(project, lake, later(folder)).status == "done"
    again = Run.start(folder.open()[2].processing_date, now=datetime.now(UTC) + timedelta(days=182))
    assert enrich_titles(project, lake, again).found == 3
    assert enrich_titles(project, lake, again.on(again.processing_date)).status == "unchanged"
    assert build_tables(project, lake, again).sources[-1].rows_in == 3
    assert expire_records(project, lake, later(folder, days=400)).status == "done"
    assert records_of(folder) == []


def test_what_a_killed_run_left_unrecorded_expires_too(folder: ProjectFolder, tmdb: TmdbServer) -> None:
    point_at(folder, tmdb)
    land(folder)
    ask_tmdb(folder)
    for path in folder.path.glob("lake/_manifests/enrich/**/*.json"):
        path.unlink()
    project, lake, _ = folder.open()
    assert expire_records(project, lake, later(folder, days=179)).status == "unchanged"
    assert expire_records(project, lake, later(folder)).status == "done"
    assert records_of(folder) == []


def test_a_build_warns_of_old_records(folder: ProjectFolder) -> None:
    make_all(folder)
    project, lake, _ = folder.open()
    events: list[Event] = []
    build_tables(project, lake, later(folder), on_event=events.append)
    [warning] = [event.message for event in events if event.kind == "warning"]
    assert "2 files of TMDB's records are older than 180 days" in warning
    assert "cinelake expire" in warning


def test_a_copy_that_was_kept_of_a_replaced_file_goes_too(folder: ProjectFolder) -> None:
    make_all(folder)
    project, lake, _ = folder.open()
    [films] = folder.path.glob("lake/Raw/TMDB/JSON/Movies/2022/05/02/*.json")
    kept = folder.path / "lake/_replaced" / films.relative_to(folder.path / "lake") / "0123"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(films.read_bytes())
    expire_records(project, lake, later(folder))
    assert not kept.exists()


@pytest.mark.parametrize("name", ["moto", "rclone", "ceph"])
def test_no_version_of_it_stays_in_a_bucket(folder: ProjectFolder, name: str, request: pytest.FixtureRequest) -> None:
    server: S3Server = request.getfixturevalue(name)
    with emptied(Place.on(server)) as place:
        project, lake, _ = folder.open(place)
        folder.cinelake("run", "--date", DATE, place=place)
        assert copies_of_records(project)
        result = expire_records(project, lake, later(folder, place))
        assert len(result.objects) == 2
        for item in result.objects:
            if server.versions:
                found = server.client().list_object_versions(Bucket=place.name, Prefix=item.key)
                assert found.get("Versions", []) == found.get("DeleteMarkers", []) == []
            assert item.key not in place.objects()
        assert copies_of_records(project) == []


def test_the_program_tells_what_it_would_remove(folder: ProjectFolder) -> None:
    make_all(folder)
    ended = folder.cinelake("expire", "--dry-run")
    assert ended.returncode == 0
    assert "no record of TMDB's is older than 180 days" in ended.stdout
    for path in folder.path.glob("lake/_manifests/enrich/**/*.json"):
        manifest = json.loads(path.read_bytes())
        manifest["started_at"] = "2022-05-02T12:00:00Z"
        path.write_text(json.dumps(manifest))
    ended = folder.cinelake("expire")
    assert ended.returncode == 0
    assert "2 files of TMDB's records that are older than 180 days removed" in ended.stdout
    assert "asked on 2022-05-02" in ended.stdout
    assert records_of(folder) == []
