"""The evidence of a delivery: facts of the bucket, every object, in words and in Markdown fit to hand in."""

import hashlib
import re

from cinelake import land_files, verify_lake
from projects import Place, ProjectFolder, S3Server
from tables import make_all

MOVIES = "Raw/Local/CSV/Movies/2022/05/02/movies.csv"


def test_what_was_only_landed_is_evidence_enough(folder: ProjectFolder, place: Place) -> None:
    """The first delivery is the landing: nothing is enriched, built or asked yet."""
    land_files(*folder.open(place))
    result = verify_lake(*folder.open(place))
    assert [check for check in result.checks if not check.ok] == []
    assert {f"object {MOVIES}", "source movies.csv", "manifests land"} <= {check.name for check in result.checks}


def test_a_build_whose_manifest_is_gone_is_not_taken_for_none(folder: ProjectFolder) -> None:
    make_all(folder)
    for path in folder.path.joinpath("lake/_manifests/build").rglob("*.json"):
        path.unlink()
    failed = {check.name for check in verify_lake(*folder.open()).checks if not check.ok}
    assert {"manifests build", "tables"} <= failed


def test_a_bucket_is_told_as_it_is(folder: ProjectFolder, moto: S3Server, ceph: S3Server) -> None:
    for server in (moto, ceph):
        place = Place.on(server)
        land_files(*folder.open(place))
        told = {check.name: check.detail for check in verify_lake(*folder.open(place)).checks}
        assert told["bucket region"] in ("us-east-1", "default")  # Ceph names its zone group
        assert told["bucket owner"].endswith(", whose credentials these are")
        assert {"bucket versions", "bucket public access", "bucket encryption", "bucket plain HTTP"} <= set(told)


def test_words_tell_failures_first_and_the_sum_last(folder: ProjectFolder) -> None:
    folder.document("land", "--date", "2022-05-02")
    folder.path.joinpath("lake", MOVIES).write_text("x")
    ended = folder.cinelake("verify", "-q")
    lines = ended.stdout.splitlines()
    assert ended.returncode == 1
    assert lines[0].startswith(f"FAIL  object {MOVIES}: holds 1 bytes")
    assert lines[-1].endswith(f"; failed: object {MOVIES}")
    data = folder.path.joinpath("movies.csv").read_bytes()
    told = f"{len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}"
    assert f"ok    source movies.csv: is {MOVIES}: {told}" in lines


def test_very_many_objects_that_hold_are_one_line(folder: ProjectFolder) -> None:
    folder.path.joinpath("movies.csv").unlink()
    folder.path.joinpath("movies.csv").mkdir()
    for number in range(30):
        folder.path.joinpath("movies.csv", f"{number}.csv").write_text(f"{number}")
    folder.document("land", "--date", "2022-05-02")
    shown = folder.cinelake("verify", "-q").stdout
    assert "ok    object Raw/Local/CSV/Movies/2022/05/02/…: 30 of them; --json and --md tell each\n" in shown
    assert len(folder.document("verify")["checks"]) > 60


def test_markdown_is_one_table_with_every_check(folder: ProjectFolder) -> None:
    folder.document("land", "--date", "2022-05-02")
    folder.write_csv("a|b_*.csv", [])
    ended = folder.cinelake("verify", "--md", "-q")
    assert ended.returncode == 0, ended.stderr
    head, _, table = ended.stdout.partition("| | check | found |\n|---|---|---|\n")
    assert re.match(r"# Evidence of the lake file:lake\n\nVerified [\d-]{10} [\d:]{8} UTC by run `\S+`: \*\*", head)
    rows = table.splitlines()
    assert len(rows) == len(folder.document("verify")["checks"])
    assert all(re.fullmatch(r"\| ok \| (?:[^|\\]|\\.)+ \| (?:[^|\\]|\\.)+ \|", row) for row in rows)


def test_json_and_markdown_exclude_each_other(folder: ProjectFolder) -> None:
    folder.document("land", "--date", "2022-05-02")
    assert folder.cinelake("verify", "--md", "--json").returncode == 2
