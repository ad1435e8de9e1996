"""How many requests an enrichment takes, told before, and bounded."""

import re
import time

import pytest

from cinelake import ConfigurationError, EnrichOptions
from cinelake.enrich.api import FINISH_S
from projects import DATE, ProjectFolder
from refusals import refusal
from tables import files_of, land
from tmdb import TmdbServer, ask_tmdb, asking, ids_of, point_at, records_of, serving, write_titles


def test_never_more_requests_than_allowed(folder: ProjectFolder) -> None:
    write_titles(folder, films=30, series=30)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        result = ask_tmdb(folder, EnrichOptions(max_requests=25))
        assert result.requests == len(server.log())
        assert 22 < result.requests <= 25  # a title that might not be finished is not begun
        assert result.asked == result.found == len(records_of(folder)) > 0
        rest = ask_tmdb(folder)
    assert result.found + rest.found == 60
    assert ids_of(records_of(folder)) == sorted(set(ids_of(records_of(folder))))


def test_runs_that_are_bounded_tightly_get_through_all_the_same(folder: ProjectFolder) -> None:
    """A film that TMDB does not know takes two requests: one that cannot be finished is not begun."""
    write_titles(folder, films=40, series=40, known=0.4)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        runs = 0
        while ask_tmdb(folder, EnrichOptions(max_requests=10)).left:
            runs += 1
            assert runs < 25
        asked = len(server.log())
        assert max(server.counts().values()) == 1
    assert asked <= 2 * 80


def test_a_plan_tells_the_requests_and_asks_nothing(folder: ProjectFolder) -> None:
    write_titles(folder, films=120, series=80)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server, rate=40)
        land(folder)
        before = files_of(folder)
        plan = folder.document("enrich", "--plan", "--date", DATE, place=asking(folder))
        assert server.log() == []
        assert files_of(folder) == before
        point_at(folder, server)
        result = ask_tmdb(folder)
    assert (plan["status"], plan["asked"], plan["requests"], plan["seconds"]) == ("planned", 200, 272, 6.8)
    assert result.requests == pytest.approx(plan["requests"], rel=0.05)


@pytest.mark.parametrize("known", [0.1, 0.5, 0.9])
def test_a_first_plan_is_right_for_films_however_many_of_them_are_known(folder: ProjectFolder, known: float) -> None:
    write_titles(folder, films=1000, series=30, known=known)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        plan = ask_tmdb(folder, EnrichOptions(dry_run=True))
        result = ask_tmdb(folder)
    assert result.missing == pytest.approx(1030 * (1 - known), rel=0.05)
    assert plan.requests == pytest.approx(result.requests, rel=0.05)


@pytest.mark.parametrize("known", [0.82, 0.9, 1])
@pytest.mark.parametrize("films", [0, 300])
def test_a_first_plan_is_right_for_series_where_most_are_known(folder: ProjectFolder, films: int, known: float) -> None:
    write_titles(folder, films=films, series=300, known=known)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        plan = ask_tmdb(folder, EnrichOptions(dry_run=True))
        result = ask_tmdb(folder)
    assert result.missing == pytest.approx((films + 300) * (1 - known), rel=0.05)
    assert plan.requests == pytest.approx(result.requests, rel=0.05)


@pytest.mark.parametrize("known", [0.3, 0.6])
def test_a_plan_knows_from_earlier_answers_how_many_titles_are_not_known(folder: ProjectFolder, known: float) -> None:
    write_titles(folder, films=400, series=400, known=known)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        ask_tmdb(folder, EnrichOptions(limit=200))
        plan = ask_tmdb(folder, EnrichOptions(dry_run=True))
        result = ask_tmdb(folder)
    assert result.missing > 100
    assert plan.requests == pytest.approx(result.requests, rel=0.05)


def test_a_plan_to_ask_again_goes_by_what_was_answered_title_by_title(folder: ProjectFolder) -> None:
    write_titles(folder, films=15, series=15, known=0.4)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server, more="refresh_days = 0")
        land(folder)
        first = ask_tmdb(folder)
        plan = ask_tmdb(folder, EnrichOptions(dry_run=True))
    assert plan.asked == 30
    assert plan.requests == first.requests


def test_a_plan_with_bounded_requests_tells_how_many_titles_they_suffice_for(folder: ProjectFolder) -> None:
    write_titles(folder, films=100, series=100)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        plan = ask_tmdb(folder, EnrichOptions(dry_run=True, max_requests=90))
        result = ask_tmdb(folder, EnrichOptions(max_requests=90))
    assert (plan.left, plan.requests_at_least, plan.requests_at_most) == (200 - plan.asked, plan.asked, 90)
    assert result.requests == pytest.approx(plan.requests, rel=0.05)
    assert result.asked == pytest.approx(plan.asked, rel=0.05)


def test_a_plan_after_an_expiry_goes_by_what_was_answered_then(folder: ProjectFolder) -> None:
    write_titles(folder, films=40, series=40, known=0.5)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        first = ask_tmdb(folder)
        for path in folder.path.glob("lake/Raw/TMDB/**/*.json"):
            path.unlink()
        for path in folder.path.glob("lake/_manifests/enrich/**/*.json"):
            path.write_text(re.sub(r'"asked_at": ?"\d{4}', '"asked_at":"2021', path.read_text()))
        assert ask_tmdb(folder, EnrichOptions(dry_run=True)).requests == first.requests


@pytest.mark.parametrize("requests", [3, 5, 10, 20])
def test_a_plan_with_few_requests_begins_no_title_that_they_might_not_finish(
    folder: ProjectFolder, requests: int
) -> None:
    write_titles(folder, films=50)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        plan = ask_tmdb(folder, EnrichOptions(dry_run=True, max_requests=requests))
        assert ask_tmdb(folder, EnrichOptions(max_requests=requests)).asked == plan.asked == requests - 2


def test_too_few_requests_for_any_title_are_refused(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    with pytest.raises(ConfigurationError, match="2 requests suffice for no title"):
        ask_tmdb(landed, EnrichOptions(max_requests=2))
    assert tmdb.log() == []


# Time


def test_after_the_time_no_title_is_begun_and_what_is_being_asked_is_waited_for(folder: ProjectFolder) -> None:
    write_titles(folder, films=400)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        server.switch(latency_s=0.4)
        first = ask_tmdb(folder, EnrichOptions(max_seconds=3))
        began = [at for _, _, at in server.log()]
        assert 0 < first.asked == first.found == len(records_of(folder)) == len(began)
        assert first.left == 400 - first.found > 0
        assert max(began) - min(began) < 3
        server.switch(latency_s=0)
        rest = ask_tmdb(folder)
        assert max(server.counts().values()) == 1
    assert (rest.fresh, rest.found, rest.left) == (first.found, first.left, 0)


@pytest.mark.timeout(120)
def test_a_server_that_does_not_answer_in_time_is_waited_for_ten_seconds_at_most(folder: ProjectFolder) -> None:
    """What it has answered is landed; what it has not is left, and has not failed."""
    write_titles(folder, films=200)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        server.fail({"kind": "slow", "match": "/3/movie/tt91000[0-9]{2}[02468]", "seconds": 60})
        began_at = time.monotonic()
        result = ask_tmdb(folder, EnrichOptions(max_seconds=2))
        took_s = time.monotonic() - began_at
    assert took_s < 2 + FINISH_S + 3  # of which it lands what it has
    assert 0 < result.found == len(records_of(folder)) <= 100
    assert result.failed == 0
    assert result.left == 200 - result.found


def test_a_pause_that_tmdb_asks_for_is_not_waited_for_beyond_the_time(folder: ProjectFolder) -> None:
    write_titles(folder, films=60)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        server.switch(ceiling=20, retry_after="200")
        began_at = time.monotonic()
        result = ask_tmdb(folder, EnrichOptions(max_seconds=1))
        assert time.monotonic() - began_at < 1 + FINISH_S + 3
    assert (result.found, result.left, result.failed) == (20, 40, 0)


def test_a_plan_tells_what_is_asked_for_in_the_time(folder: ProjectFolder) -> None:
    write_titles(folder, films=200)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server, rate=40)
        land(folder)
        plan = folder.document("enrich", "--plan", "--max-seconds", "2", "--date", DATE, place=asking(folder))
    assert (plan["asked"], plan["left"], plan["seconds"]) == (80, 120, 2.0)


def test_no_time_is_wrong_use(folder: ProjectFolder) -> None:
    assert "--max-seconds" in refusal(folder, "enrich", "--max-seconds", "0", code=2).what
