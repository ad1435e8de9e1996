"""Titles → the TMDB API → Raw/TMDB, against a real server that speaks TMDB's schema."""

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cinelake import ConfigurationError, EnrichOptions, Event, ServiceError, verify_lake
from cinelake.enrich.interface import NoTokenError
from cinelake.lake import Lake
from projects import DATE, PROGRAM, SERIES_HEADER, SMALL_TMDB, ProjectFolder
from refusals import refusal
from tables import build, enrich, files_of, film, land, make_all, rows_of
from tmdb import TOKEN, TmdbServer, ask_tmdb, asking, ids_of, point_at, records_of, serving, write_titles

FILM, OTHER_FILM, SERIES = SMALL_TMDB
UNKNOWN_SERIES = "tt99500002"
MOVIE_1, MOVIE_2 = "/3/movie/tt99000001", "/3/movie/tt99000002"
FIND_SERIES, TV = "/3/find/tt99500001", "/3/tv/3"


@pytest.fixture
def server(folder: ProjectFolder) -> Iterator[TmdbServer]:
    """It knows both films of the small project, and one of its two series."""
    with serving(folder.path / "tmdb.jsonl") as running:
        yield running


@pytest.fixture
def landed(folder: ProjectFolder, server: TmdbServer) -> ProjectFolder:
    """The small project, landed; its lake.toml names the server."""
    point_at(folder, server)
    land(folder)
    return folder


# Who may ask


def test_without_a_token_enrich_says_where_to_get_one_and_run_goes_on(landed: ProjectFolder) -> None:
    with pytest.raises(NoTokenError):
        enrich(landed)
    told = refusal(landed, "enrich", "--date", DATE, code=4)
    assert "neither TMDB_TOKEN nor TMDB_API_KEY is set" in told.what
    assert "https://www.themoviedb.org/settings/api" in told.hint
    ended = landed.cinelake("run", "--date", DATE)
    assert ended.returncode == 0, ended.stderr
    assert "skipped: neither TMDB_TOKEN nor TMDB_API_KEY is set" in ended.stdout
    page = next(landed.path.rglob("*.html")).read_text()
    assert "neither TMDB_TOKEN nor TMDB_API_KEY is set" in page


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_stops_everything_at_once(folder: ProjectFolder, status: int) -> None:
    write_titles(folder, films=500)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        server.switch(latency_s=0.2, faults=[{"kind": "status", "status": status}])
        told = refusal(folder, "enrich", "--date", DATE, code=4, place=asking(folder))
        ended_at = time.monotonic()
        assert f"TMDB refuses the credential in TMDB_TOKEN ({status}" in told.what
        log = server.log()
        assert len(log) <= 100  # those that were on their way
        assert ended_at - log[0][2] < 1 + 0.2
    assert not [key for key in files_of(folder) if key.startswith("Raw/TMDB")]


def test_a_key_is_sent_where_only_that_is_given_and_shown_nowhere(
    landed: ProjectFolder, server: TmdbServer, tmp_path: Any
) -> None:
    key = "0123456789abcdef0123456789abcdef"
    place = asking(landed, TMDB_API_KEY=key)
    server.switch(token=key, faults=[{"kind": "reset", "match": MOVIE_1, "times": 1}])
    ended = landed.cinelake("enrich", "--date", DATE, "-vv", place=place)
    assert ended.returncode == 0, ended.stderr
    assert all(f"api_key={key}" in path for path, _, _ in server.log())
    point_at(landed, server, more="refresh_days = 0")
    server.fail({"kind": "reset"})
    failed = landed.cinelake("enrich", "--date", "2022-05-03", "-vv", place=place)
    server.fail({"kind": "status", "status": 401})
    refused = landed.cinelake("enrich", "--date", "2022-05-03", "-vv", place=place)
    assert (failed.returncode, refused.returncode) == (5, 4)
    shown = "".join(each.stdout + each.stderr for each in (ended, failed, refused))
    assert key not in shown
    assert not [path for path in landed.path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


@pytest.mark.parametrize("status", [422, 503, 401])
def test_a_key_that_a_service_repeats_in_its_words_is_shown_nowhere(
    landed: ProjectFolder, server: TmdbServer, status: int
) -> None:
    key = "0123456789abcdef0123456789abcdef"
    server.fail({"kind": "echo", "match": MOVIE_1, "status": status})
    ended = landed.cinelake("enrich", "--date", DATE, "-vv", place=asking(landed, TMDB_API_KEY=key))
    assert "Invalid parameters" in ended.stdout + ended.stderr
    assert key not in ended.stdout + ended.stderr
    assert not [path for path in landed.path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


def test_logins_of_netrc_are_not_sent(landed: ProjectFolder, server: TmdbServer) -> None:
    landed.path.joinpath(".netrc").write_text("default login joe password netrc-secret\n")
    landed.path.joinpath(".netrc").chmod(0o600)
    server.switch(token=TOKEN)
    place = asking(landed, TMDB_TOKEN=TOKEN, HOME=str(landed.path), NETRC=str(landed.path / ".netrc"))
    ended = landed.cinelake("enrich", "--date", DATE, place=place)
    assert ended.returncode == 0, ended.stderr
    assert {status for _, status, _ in server.log()} == {200}


def test_a_token_travels_in_a_header_alone(landed: ProjectFolder, server: TmdbServer) -> None:
    server.switch(token=TOKEN)
    ended = landed.cinelake(
        "enrich", "--date", DATE, "-vv", place=asking(landed, TMDB_TOKEN=TOKEN, TMDB_API_KEY="f" * 32)
    )
    assert ended.returncode == 0, ended.stderr
    assert not [path for path, _, _ in server.log() if TOKEN in path or "api_key" in path]
    assert TOKEN not in ended.stdout + ended.stderr
    assert not [path for path in landed.path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


# What is asked


def test_a_film_takes_one_request_and_a_series_two(landed: ProjectFolder, server: TmdbServer) -> None:
    result = ask_tmdb(landed)
    assert (result.asked, result.found, result.missing, result.failed) == (4, 3, 1, 0)
    assert server.counts() == Counter([MOVIE_1, MOVIE_2, FIND_SERIES, TV, f"/3/find/{UNKNOWN_SERIES}"])
    assert result.requests == 5
    assert all("append_to_response=external_ids" in path for path, _, _ in server.log() if "/find/" not in path)


def test_bodies_are_landed_to_the_letter(landed: ProjectFolder, server: TmdbServer) -> None:
    ask_tmdb(landed)
    assert ids_of(records_of(landed)) == ["tt99000001", "tt99000002", "tt99500001"]
    texts = [data.decode() for key, data in files_of(landed).items() if key.startswith("Raw/TMDB/")]
    assert any(json.dumps(FILM)[1:] in text for text in texts)
    for record in records_of(landed):
        assert record["external_ids"]["imdb_id"] in ids_of(SMALL_TMDB)


def test_a_film_is_found_by_find_where_its_imdb_id_is_not_taken_for_its_own(
    landed: ProjectFolder, server: TmdbServer
) -> None:
    server.switch(no_movie_by_imdb_id=True)
    assert ask_tmdb(landed).found == 3
    assert server.paths().count("/3/movie/1") == 1


def test_films_are_looked_for_in_a_second_way_until_that_led_nowhere_twenty_times(folder: ProjectFolder) -> None:
    write_titles(folder, films=300, known=0.5)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        result = ask_tmdb(folder)
        assert (result.found, result.missing, result.requests) == (150, 150, 320)
        assert sum(path.startswith("/3/find/") for path in server.paths()) == 20


def test_a_film_that_only_find_knows_is_found_among_many_that_nobody_knows(folder: ProjectFolder) -> None:
    """Once `/find` has led to one, every film that `/movie` does not have is looked for with it."""
    records = write_titles(folder, films=300)
    folder.write_records("tmdb.jsonl", records[:60] + records[60::2])
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        hidden = [records[number]["imdb_id"] for number in (6, 250, 298)]
        server.fail(*({"kind": "status", "status": 404, "match": f"/movie/{each}"} for each in hidden))
        land(folder)
        result = ask_tmdb(folder)
        assert (result.found, result.missing) == (180, 120)
        assert sum(path.startswith("/3/find/") for path in server.paths()) == 123


def test_where_no_film_is_known_by_its_imdb_id_each_is_looked_for_in_both_ways(folder: ProjectFolder) -> None:
    write_titles(folder, films=60)
    (folder.path / "tmdb.jsonl").write_text("")
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        result = ask_tmdb(folder)
    assert (result.missing, result.requests) == (60, 120)


def test_what_find_has_of_another_kind_does_not_count(folder: ProjectFolder) -> None:
    """A record of a series, under the IMDb id that the source file says is a film's."""
    folder.write_records("tmdb.jsonl", [{"id": 3, "name": "Uma", "external_ids": {"imdb_id": "tt99000001"}}])
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        result = ask_tmdb(folder)
        assert (result.found, result.missing) == (0, 4)
        assert "/3/tv/3" not in server.paths()


def test_most_votes_are_asked_first_films_and_series_in_turn(folder: ProjectFolder) -> None:
    write_titles(folder, films=40, series=40)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        result = ask_tmdb(folder, EnrichOptions(limit=10))
        asked = {path for path in server.paths() if not path.startswith("/3/tv/")}
    assert asked == {f"/3/movie/tt{91_000_000 + n}" for n in range(5)} | {
        f"/3/find/tt{95_000_000 + n}" for n in range(5)
    }
    assert (result.asked, result.found, result.left, result.status) == (10, 10, 70, "done")


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


def test_a_second_enrichment_of_the_day_asks_nothing(landed: ProjectFolder, server: TmdbServer) -> None:
    ask_tmdb(landed)
    before = files_of(landed)
    server.forget()
    again = ask_tmdb(landed)
    assert (again.status, again.asked, again.fresh, again.requests) == ("unchanged", 0, 4, 0)
    assert server.log() == []
    assert files_of(landed) == before


def test_what_is_older_than_refresh_days_is_asked_again(landed: ProjectFolder, server: TmdbServer) -> None:
    ask_tmdb(landed)
    point_at(landed, server, more="refresh_days = 0")
    assert ask_tmdb(landed, date="2022-05-03").found == 3
    assert len(records_of(landed, "2022-05-03")) == 3


def test_records_of_a_snapshot_have_no_known_age_and_are_asked_for(landed: ProjectFolder, server: TmdbServer) -> None:
    landed.write_settings()
    assert enrich(landed).found == 3
    point_at(landed, server)
    assert ask_tmdb(landed, date="2022-05-03").found == 3


@pytest.mark.parametrize(("days", "asked"), [(29, 0), (31, 4)])
def test_what_was_asked_within_refresh_days_is_left(
    landed: ProjectFolder, server: TmdbServer, days: int, asked: int
) -> None:
    ask_tmdb(landed)
    earlier = datetime.now(UTC) - timedelta(days=days)
    for path in landed.path.glob("lake/_manifests/enrich/**/*.json"):
        path.write_text(re.sub(r'"asked_at": ?"[^"]+"', f'"asked_at":"{earlier.isoformat()}"', path.read_text()))
    assert ask_tmdb(landed).asked == asked


def test_an_answer_that_is_no_record_by_its_size_is_not_kept(
    landed: ProjectFolder, server: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cinelake.enrich.client.RECORD_BYTES", 500)
    events: list[Event] = []
    assert ask_tmdb(landed, on_event=events.append).failed == 3
    assert any("its answer is longer than 500 bytes" in event.message for event in events)


def test_a_proxy_that_is_none_is_named(landed: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "user:secret-word@127.0.0.1:1")
    landed.write_settings(tmdb='source = "api"\nbase_url = "https://tmdb.invalid"')
    with pytest.raises(ConfigurationError, match=r"https_proxy is .*: that is no address of a proxy") as raised:
        ask_tmdb(landed)
    assert "secret-word" not in str(raised.value)


def test_a_proxy_that_is_not_there_is_named(landed: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://user:secret-word@127.0.0.1:9")
    monkeypatch.setattr("cinelake.enrich.client.WAIT_AT_MOST_S", 0.1)
    landed.write_settings(tmdb='source = "api"\nbase_url = "https://tmdb.invalid"')
    with pytest.raises(ServiceError, match=r"the proxy http://.*127.0.0.1:9 could not be reached") as raised:
        ask_tmdb(landed)
    assert "secret-word" not in str(raised.value)


def test_below_a_low_ceiling_the_pace_is_found_and_kept(folder: ProjectFolder) -> None:
    """Another program uses the rest of the rate: the ceiling is a quarter of what we may go at."""
    write_titles(folder, films=60)
    with serving(folder.path / "tmdb.jsonl", "--ceiling", "10") as server:
        point_at(folder, server, rate=40)
        land(folder)
        began = time.monotonic()
        assert ask_tmdb(folder).found == 60
        assert time.monotonic() - began < 60 / (0.25 * 10)
        assert sum(status == 429 for _, status, _ in server.log()) <= 6


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
    assert (plan["status"], plan["asked"], plan["requests"], plan["seconds"]) == ("planned", 200, 280, 7.0)
    assert result.requests == plan["requests"]


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


def test_too_few_requests_for_any_title_are_refused(landed: ProjectFolder, server: TmdbServer) -> None:
    with pytest.raises(ConfigurationError, match="2 requests suffice for no title"):
        ask_tmdb(landed, EnrichOptions(max_requests=2))
    assert server.log() == []


# What goes wrong on the way: each switch of the server has its outcome


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 502},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 504},
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 429, "headers": {"Retry-After": "0"}},
        {"kind": "reset"},
        {"kind": "truncate"},
        {"kind": "broken"},
        {"kind": "array"},
        {"kind": "no-body"},
        {"kind": "error-body"},
        {"kind": "no-external-ids"},
    ],
    ids=lambda fault: " ".join(str(value) for value in fault.values()),
)
@pytest.mark.parametrize("path", [MOVIE_1, TV], ids=["film", "series"])
def test_what_fails_once_is_asked_again(
    landed: ProjectFolder, server: TmdbServer, fault: dict[str, Any], path: str
) -> None:
    server.fail({**fault, "match": path, "times": 1})
    result = ask_tmdb(landed)
    assert (result.found, result.missing, result.failed) == (3, 1, 0)
    assert server.counts()[path] == 2
    assert ids_of(records_of(landed)) == ids_of(SMALL_TMDB)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"kind": "status", "status": 400}, "it answered 400: Invalid request."),
        ({"kind": "no-external-ids"}, "its record came without the external ids that were asked for"),
    ],
    ids=["400", "no-external-ids"],
)
def test_a_title_that_fails_is_told_and_asked_again_by_the_next_run(
    landed: ProjectFolder, server: TmdbServer, fault: dict[str, Any], why: str
) -> None:
    server.fail({**fault, "match": TV})
    events: list[Event] = []
    result = ask_tmdb(landed, on_event=events.append)
    assert (result.asked, result.found, result.missing, result.failed) == (4, 2, 1, 1)
    [warning] = [event.message for event in events if event.kind == "warning"]
    assert why in warning
    server.fail()
    server.forget()
    again = ask_tmdb(landed)
    assert (again.asked, again.found, again.fresh) == (1, 1, 3)
    assert server.paths() == [FIND_SERIES, TV]


def test_a_title_that_fails_for_good_does_not_stop_the_others(folder: ProjectFolder) -> None:
    write_titles(folder, films=300)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server, rate=100)
        land(folder)
        server.fail({"kind": "status", "status": 503, "match": "tt91000003"})
        result = ask_tmdb(folder)
        assert (result.found, result.failed) == (299, 1)
        assert 1 < server.counts()["/3/movie/tt91000003"] <= 6
        alone = ask_tmdb(folder)
        assert (alone.asked, alone.failed, alone.fresh) == (1, 1, 299)


def test_tries_wait_longer_and_longer(landed: ProjectFolder, server: TmdbServer) -> None:
    server.fail({"kind": "status", "status": 503, "match": MOVIE_1})
    assert ask_tmdb(landed).failed == 1
    at = [at for path, _, at in server.log() if path.startswith(MOVIE_1)]
    assert len(at) == 6
    assert (
        at[-1] - at[0] > 1
    )  # of up to 0.5, 1, 2, 4 and 8 seconds, by chance: less than 1 once in some hundred thousand


def test_titles_that_all_fail_end_the_run(folder: ProjectFolder) -> None:
    """TMDB answers, but for films: hours of asking would lead to nothing."""
    write_titles(folder, films=400)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        server.fail({"kind": "status", "status": 400, "match": "/movie/"})
        told = refusal(folder, "enrich", "--date", DATE, code=5, place=asking(folder))
        assert "TMDB failed 100 titles in a row, the last one so: it answered 400" in told.what
        assert len(server.log()) < 200


@pytest.mark.parametrize("found", [{"ok": True}, {"tv_results": None}, {"tv_results": [{"name": "Uma"}]}])
def test_an_answer_that_finds_neither_something_nor_nothing_is_a_failure(
    landed: ProjectFolder, server: TmdbServer, found: dict[str, Any]
) -> None:
    server.fail({"kind": "other", "match": "/find/", "body": found})
    result = ask_tmdb(landed)
    assert (result.found, result.missing, result.failed) == (2, 0, 2)


def test_a_record_that_is_not_of_the_title_is_landed_and_rejected_by_the_build(
    landed: ProjectFolder, server: TmdbServer
) -> None:
    server.fail({"kind": "changed-id", "match": MOVIE_1})
    events: list[Event] = []
    assert ask_tmdb(landed, on_event=events.append).found == 3
    [warning] = [event.message for event in events if event.kind == "warning"]
    assert warning == "1 record came with another IMDb id than was asked for; it is kept, and rejected by build"
    built = build(landed)
    assert "tt99000001" not in {row["imdb_id"] for row in rows_of(landed, built, "trusted.tmdb")}
    [reject] = rows_of(landed, built, "trusted.rejects")
    assert (reject["dataset"], reject["column"]) == ("TMDB", "imdb_id")
    assert reject["reason"] == "TMDB was asked for tt99000001 and answered with tt0000001"
    server.forget()
    ask_tmdb(landed)
    assert server.log() == []


def test_slow_answers_are_waited_for_side_by_side(folder: ProjectFolder) -> None:
    write_titles(folder, films=100)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        server.switch(latency_s=0.2, faults=[{"kind": "slow", "seconds": 0.3}])
        began = time.monotonic()
        assert ask_tmdb(folder).found == 100
        assert time.monotonic() - began < 100 * 0.5 / 10


def test_an_answer_that_does_not_come_is_asked_for_again(
    landed: ProjectFolder, server: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cinelake.enrich.client.SILENCE_S", 0.3)
    server.fail({"kind": "slow", "seconds": 20, "match": MOVIE_1, "times": 1})
    began = time.monotonic()
    assert ask_tmdb(landed).found == 3
    assert time.monotonic() - began < 10
    assert server.counts()[MOVIE_1] == 2


def test_a_page_that_is_no_answer_of_tmdb_s_says_nothing_of_a_title(landed: ProjectFolder, server: TmdbServer) -> None:
    point_at(landed, server, rate=5)  # one after the other: TMDB has been heard of before
    server.fail({"kind": "html", "status": 404, "match": "99500001"})
    result = ask_tmdb(landed)
    assert (result.found, result.missing, result.failed) == (2, 1, 1)
    server.fail()
    assert ask_tmdb(landed).found == 1


def test_nothing_but_rubbish_ends_with_exit_5(landed: ProjectFolder, server: TmdbServer) -> None:
    server.fail({"kind": "broken"})
    told = refusal(landed, "enrich", "--date", DATE, code=5, place=asking(landed))
    assert "its answer is no JSON object" in told.what


def test_a_server_that_is_gone_ends_with_what_was_fetched_landed(folder: ProjectFolder) -> None:
    write_titles(folder, films=300)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        server.fail({"kind": "reset", "match": r"tt91000(1[0-9]{2}|2[0-9]{2})|configuration"})
        told = refusal(folder, "enrich", "--date", DATE, code=5, place=asking(folder))
        assert f"TMDB at {server.url} cannot be used: the connection failed" in told.what
        assert "goes on where it stopped" in told.hint
        fetched = ids_of(records_of(folder))
        assert fetched == [f"tt{91_000_000 + n}" for n in range(100)]
        server.fail()
        server.forget()
        rest = ask_tmdb(folder)
        assert (rest.found, rest.fresh, len(server.log())) == (200, 100, 200)


def test_nobody_there_is_told_with_exit_5(landed: ProjectFolder) -> None:
    landed.write_settings(tmdb='source = "api"\nbase_url = "http://127.0.0.1:9"')
    told = refusal(landed, "enrich", "--date", DATE, code=5, place=asking(landed))
    assert "TMDB at http://127.0.0.1:9 cannot be used: it could not be reached" in told.what
    assert "tmdb.base_url" in told.hint


def test_an_address_that_is_not_tmdb_s_is_told_and_teaches_nothing(landed: ProjectFolder, server: TmdbServer) -> None:
    landed.write_settings(tmdb=f'source = "api"\nbase_url = "{server.url}/elsewhere"')
    told = refusal(landed, "enrich", "--date", DATE, code=5, place=asking(landed))
    assert f"what answers at {server.url}/elsewhere is not TMDB (404)" in told.what
    point_at(landed, server)
    assert ask_tmdb(landed).found == 3


def test_a_wait_that_is_too_long_is_left_to_a_later_run(landed: ProjectFolder, server: TmdbServer) -> None:
    server.fail({"kind": "status", "status": 429, "headers": {"Retry-After": "7200"}})
    with pytest.raises(ServiceError, match="asks to wait for 7,200 seconds"):
        ask_tmdb(landed)


def test_a_redirect_is_not_followed_with_the_token(landed: ProjectFolder, server: TmdbServer) -> None:
    server.fail({"kind": "status", "status": 302, "headers": {"Location": f"{server.url}/_log"}})
    with pytest.raises(ServiceError, match="has moved"):
        ask_tmdb(landed)


# The rate


def test_a_ceiling_is_kept_without_a_single_refusal(folder: ProjectFolder) -> None:
    write_titles(folder, films=120)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server, rate=40)
        land(folder)
        server.switch(ceiling=41, latency_s=0.05)
        began = time.monotonic()
        assert ask_tmdb(folder).found == 120
        took_s = time.monotonic() - began
        assert Counter(status for _, status, _ in server.log()) == {200: 120}
    assert took_s > 119 / 40


def test_where_tmdb_allows_less_all_slow_down_and_every_title_is_found(folder: ProjectFolder) -> None:
    write_titles(folder, films=60)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server, rate=100)
        land(folder)
        server.switch(ceiling=30, retry_after="4")
        assert ask_tmdb(folder).found == 60
        log = server.log()
    refused = [at for _, status, at in log if status == 429]
    assert refused
    # Whatever was on its way when the first was refused came with it; then there is silence, as long as was asked for.
    later = [at for _, _, at in log if at > refused[0] + 0.3]
    assert min(later) - refused[0] >= 3.9


# How it ends


def test_ctrl_c_lands_what_was_fetched_and_ends_with_130(folder: ProjectFolder) -> None:
    write_titles(folder, films=400)
    with serving(folder.path / "tmdb.jsonl", "--latency", "0.05") as server:
        point_at(folder, server, rate=100)
        land(folder)
        place = asking(folder)
        process = subprocess.Popen(
            [PROGRAM, "enrich", "--date", DATE, "--lake", place.uri],
            cwd=folder.path,
            env={**os.environ, **place.variables},
            stderr=subprocess.PIPE,
            text=True,
        )
        while len(server.log()) < 70:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        interrupted_at = time.monotonic()
        _, told = process.communicate(timeout=30)
        assert process.returncode == 130, told
        assert time.monotonic() - interrupted_at < 3
        fetched = records_of(folder)
        assert len(fetched) >= 60
        rest = ask_tmdb(folder)
    assert rest.found + len(fetched) == 400


@pytest.mark.parametrize("error", [ServiceError("the lake is gone", "run again"), KeyboardInterrupt()])
def test_what_could_not_be_landed_at_once_is_landed_before_the_end(
    folder: ProjectFolder, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    write_titles(folder, films=400)
    put_all, calls = Lake.put_all, []

    def fail_once(lake: Lake, *args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise error
        return put_all(lake, *args, **options)

    monkeypatch.setattr(Lake, "put_all", fail_once)
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        with pytest.raises(type(error)):
            ask_tmdb(folder)
        answered = {path for path, status, _ in server.log() if status == 200}
        assert 100 <= len(records_of(folder)) <= len(answered)
        assert len(answered) - len(records_of(folder)) <= 50  # what was on its way when it stopped
        server.forget()
        kept = len(records_of(folder))
        assert ask_tmdb(folder).found == 400 - kept


def test_nothing_is_asked_any_more_once_a_run_has_stopped(folder: ProjectFolder) -> None:
    write_titles(folder, films=400)

    def stop(event: Event) -> None:
        if event.kind == "progress" and event.done >= 20:
            raise KeyboardInterrupt

    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server, rate=100)
        land(folder)
        with pytest.raises(KeyboardInterrupt):
            ask_tmdb(folder, on_event=stop)
        asked = len(server.log())
        assert [len(server.log()) for _ in range(20)] == [asked] * 20
        assert len(records_of(folder)) >= 20


def test_what_a_run_wrote_and_could_not_record_is_taken_over(landed: ProjectFolder, server: TmdbServer) -> None:
    """Killed between a file of records and its manifest."""
    ask_tmdb(landed)
    for path in landed.path.glob("lake/_manifests/enrich/**/*.json"):
        path.unlink()
    server.forget()
    foreign = [told for name, told in faults(landed).items() if name.startswith("foreign object")]
    assert len(foreign) == 2
    assert all(told.endswith("run cinelake enrich --date 2022-05-02") for told in foreign)
    again = ask_tmdb(landed)
    assert server.paths() == [f"/3/find/{UNKNOWN_SERIES}"]
    assert faults(landed) == {}
    assert (again.asked, again.fresh) == (1, 3)
    assert ids_of(records_of(landed)) == ids_of(SMALL_TMDB)
    assert len(rows_of(landed, build(landed), "trusted.tmdb")) == 3


def test_what_could_not_be_recorded_is_taken_over_on_a_later_date_too(
    landed: ProjectFolder, server: TmdbServer
) -> None:
    ask_tmdb(landed)
    for path in landed.path.glob("lake/_manifests/enrich/**/*.json"):
        path.unlink()
    server.forget()
    again = ask_tmdb(landed, date="2022-05-03")
    assert (again.asked, again.fresh) == (1, 3)
    assert records_of(landed, "2022-05-03") == []
    assert not {name for name in faults(landed) if name.startswith("foreign")}


def test_what_could_not_be_recorded_of_another_title_s_id_stays_rejected(folder: ProjectFolder) -> None:
    """The id that it came with is of a title that TMDB was asked for, and does not know."""
    folder.write_csv("movies.csv", [film("tt0000001", genero="Drama"), film("tt91000001", genero="Drama")])
    folder.write_csv("series.csv", [], header=SERIES_HEADER)
    folder.write_records("tmdb.jsonl", [{"id": 1, "imdb_id": "tt91000001", "title": "One", "popularity": 57}])
    with serving(folder.path / "tmdb.jsonl") as server:
        point_at(folder, server)
        land(folder)
        ask_tmdb(folder, EnrichOptions(limit=1))
        [before] = folder.path.glob("lake/_manifests/enrich/**/*.json")
        server.fail({"kind": "changed-id", "match": "tt91000001"})
        assert ask_tmdb(folder).found == 1
        for path in folder.path.glob("lake/_manifests/enrich/**/*.json"):
            if path != before:
                path.unlink()
        server.fail()
        again = ask_tmdb(folder)
        assert (again.asked, again.found, again.fresh) == (1, 1, 1)
        built = build(folder)
    assert [row["imdb_id"] for row in rows_of(folder, built, "trusted.tmdb")] == ["tt91000001"]
    [reject] = rows_of(folder, built, "trusted.rejects")
    assert reject["reason"] == "TMDB was asked for unknown-1 and answered with tt0000001"


def test_a_foreign_file_is_not_taken_over(landed: ProjectFolder, server: TmdbServer) -> None:
    ask_tmdb(landed)
    for path in landed.path.glob("lake/_manifests/enrich/**/*.json"):
        path.unlink()
    [films] = landed.path.glob("lake/Raw/TMDB/JSON/Movies/2022/05/02/*.json")
    data = films.read_bytes().replace(b'"budget": 1000000', b'"budget": 9000000')
    films.unlink()
    films.with_name(f"20220502T000000Z-{films.name.partition('-')[2]}").write_bytes(data)
    server.forget()
    ask_tmdb(landed)
    assert MOVIE_1 in server.paths()


def test_the_api_and_a_snapshot_of_the_same_records_give_the_same_answers(
    landed: ProjectFolder, server: TmdbServer
) -> None:
    ask_tmdb(landed)
    build(landed)
    from_api = landed.document("ask", "--date", DATE)["answers"]
    landed.write_settings(lake='uri = "file:other"')
    make_all(landed)
    from_snapshot = landed.document("ask", "--date", DATE)["answers"]
    assert [figures(answer) for answer in from_api] == [figures(answer) for answer in from_snapshot]
    [popularity] = [
        row["mean_popularity"] for row in from_api[0]["rows"] if (row["kind"], row["genre"]) == ("series", "any")
    ]
    assert float(popularity) == SERIES["popularity"]


def faults(folder: ProjectFolder) -> dict[str, str]:
    """What `verify` finds wrong, with its detail, by name."""
    return {
        check.name: check.detail for check in verify_lake(*folder.open(asking(folder), DATE)).checks if not check.ok
    }


def figures(answer: dict[str, Any]) -> dict[str, Any]:
    """Of an answer, all but what names the build."""
    return {name: value for name, value in answer.items() if name in ("question", "columns", "rows", "summary")}


def test_progress_tells_titles_and_requests(landed: ProjectFolder, server: TmdbServer) -> None:
    events: list[Event] = []
    ask_tmdb(landed, on_event=events.append)
    last = [event for event in events if event.kind == "progress"][-1]
    assert (last.done, last.total, last.unit) == (4, 4, "titles")
    assert "3 found, 1 missing" in last.message
    assert "5 requests" in last.message
    assert "/s" not in last.message  # too short to tell


def test_progress_tells_requests_a_second(landed: ProjectFolder, server: TmdbServer) -> None:
    server.switch(latency_s=0.7)  # a series takes two requests
    events: list[Event] = []
    ask_tmdb(landed, on_event=events.append)
    last = [event for event in events if event.kind == "progress"][-1]
    assert re.search(r"5 requests \([34]/s\)", last.message)
