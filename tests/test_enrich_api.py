"""Titles → the TMDB API → Raw/TMDB: who may ask, what is asked and landed, against a real server of TMDB's schema."""

import json
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cinelake import EnrichOptions, Event
from cinelake.enrich.interface import NoTokenError
from projects import DATE, SMALL_TMDB, ProjectFolder
from refusals import refusal
from tables import build, enrich, files_of, land, make_all
from tmdb import TOKEN, TmdbServer, ask_tmdb, asking, ids_of, point_at, records_of, serving, write_titles

FILM, OTHER_FILM, SERIES = SMALL_TMDB
UNKNOWN_SERIES = "tt99500002"
MOVIE_1, MOVIE_2 = "/3/movie/tt99000001", "/3/movie/tt99000002"
FIND_SERIES, TV = "/3/find/tt99500001", "/3/tv/3"


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
    landed: ProjectFolder, tmdb: TmdbServer, tmp_path: Any
) -> None:
    key = "0123456789abcdef0123456789abcdef"
    place = asking(landed, TMDB_API_KEY=key)
    tmdb.switch(token=key, faults=[{"kind": "reset", "match": MOVIE_1, "times": 1}])
    ended = landed.cinelake("enrich", "--date", DATE, "-vv", place=place)
    assert ended.returncode == 0, ended.stderr
    assert all(f"api_key={key}" in path for path, _, _ in tmdb.log())
    point_at(landed, tmdb, more="refresh_days = 0")
    tmdb.fail({"kind": "reset"})
    failed = landed.cinelake("enrich", "--date", "2022-05-03", "-vv", place=place)
    tmdb.fail({"kind": "status", "status": 401})
    refused = landed.cinelake("enrich", "--date", "2022-05-03", "-vv", place=place)
    assert (failed.returncode, refused.returncode) == (5, 4)
    shown = "".join(each.stdout + each.stderr for each in (ended, failed, refused))
    assert key not in shown
    assert not [path for path in landed.path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


@pytest.mark.parametrize("status", [422, 503, 401])
def test_a_key_that_a_service_repeats_in_its_words_is_shown_nowhere(
    landed: ProjectFolder, tmdb: TmdbServer, status: int
) -> None:
    key = "0123456789abcdef0123456789abcdef"
    tmdb.fail({"kind": "echo", "match": MOVIE_1, "status": status})
    ended = landed.cinelake("enrich", "--date", DATE, "-vv", place=asking(landed, TMDB_API_KEY=key))
    assert "Invalid parameters" in ended.stdout + ended.stderr
    assert key not in ended.stdout + ended.stderr
    assert not [path for path in landed.path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


def test_logins_of_netrc_are_not_sent(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    landed.path.joinpath(".netrc").write_text("default login joe password netrc-secret\n")
    landed.path.joinpath(".netrc").chmod(0o600)
    tmdb.switch(token=TOKEN)
    place = asking(landed, TMDB_TOKEN=TOKEN, HOME=str(landed.path), NETRC=str(landed.path / ".netrc"))
    ended = landed.cinelake("enrich", "--date", DATE, place=place)
    assert ended.returncode == 0, ended.stderr
    assert {status for _, status, _ in tmdb.log()} == {200}


def test_a_token_travels_in_a_header_alone(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    tmdb.switch(token=TOKEN)
    ended = landed.cinelake(
        "enrich", "--date", DATE, "-vv", place=asking(landed, TMDB_TOKEN=TOKEN, TMDB_API_KEY="f" * 32)
    )
    assert ended.returncode == 0, ended.stderr
    assert not [path for path, _, _ in tmdb.log() if TOKEN in path or "api_key" in path]
    assert TOKEN not in ended.stdout + ended.stderr
    assert not [path for path in landed.path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


# What is asked


def test_a_film_takes_one_request_and_a_series_two(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    result = ask_tmdb(landed)
    assert (result.asked, result.found, result.missing, result.failed) == (4, 3, 1, 0)
    assert tmdb.counts() == Counter([MOVIE_1, MOVIE_2, FIND_SERIES, TV, f"/3/find/{UNKNOWN_SERIES}"])
    assert result.requests == 5
    assert all("append_to_response=external_ids" in path for path, _, _ in tmdb.log() if "/find/" not in path)


def test_bodies_are_landed_to_the_letter(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    ask_tmdb(landed)
    assert ids_of(records_of(landed)) == ["tt99000001", "tt99000002", "tt99500001"]
    texts = [data.decode() for key, data in files_of(landed).items() if key.startswith("Raw/TMDB/")]
    assert any(json.dumps(FILM)[1:] in text for text in texts)
    for record in records_of(landed):
        assert record["external_ids"]["imdb_id"] in ids_of(SMALL_TMDB)


def test_a_film_is_found_by_find_where_its_imdb_id_is_not_taken_for_its_own(
    landed: ProjectFolder, tmdb: TmdbServer
) -> None:
    tmdb.switch(no_movie_by_imdb_id=True)
    assert ask_tmdb(landed).found == 3
    assert tmdb.paths().count("/3/movie/1") == 1


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


def test_a_second_enrichment_of_the_day_asks_nothing(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    ask_tmdb(landed)
    before = files_of(landed)
    tmdb.forget()
    again = ask_tmdb(landed)
    assert (again.status, again.asked, again.fresh, again.requests) == ("unchanged", 0, 4, 0)
    assert tmdb.log() == []
    assert files_of(landed) == before


def test_what_is_older_than_refresh_days_is_asked_again(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    ask_tmdb(landed)
    point_at(landed, tmdb, more="refresh_days = 0")
    assert ask_tmdb(landed, date="2022-05-03").found == 3
    assert len(records_of(landed, "2022-05-03")) == 3


def test_records_of_a_snapshot_have_no_known_age_and_are_asked_for(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    landed.write_settings()
    assert enrich(landed).found == 3
    point_at(landed, tmdb)
    assert ask_tmdb(landed, date="2022-05-03").found == 3


@pytest.mark.parametrize(("days", "asked"), [(29, 0), (31, 4)])
def test_what_was_asked_within_refresh_days_is_left(
    landed: ProjectFolder, tmdb: TmdbServer, days: int, asked: int
) -> None:
    ask_tmdb(landed)
    earlier = datetime.now(UTC) - timedelta(days=days)
    for path in landed.path.glob("lake/_manifests/enrich/**/*.json"):
        path.write_text(re.sub(r'"asked_at": ?"[^"]+"', f'"asked_at":"{earlier.isoformat()}"', path.read_text()))
    assert ask_tmdb(landed).asked == asked


def test_an_answer_that_is_no_record_by_its_size_is_not_kept(
    landed: ProjectFolder, tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cinelake.enrich.client.RECORD_BYTES", 500)
    events: list[Event] = []
    assert ask_tmdb(landed, on_event=events.append).failed == 3
    assert any("its answer is longer than 500 bytes" in event.message for event in events)


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


def test_the_api_and_a_snapshot_of_the_same_records_give_the_same_answers(
    landed: ProjectFolder, tmdb: TmdbServer
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


def figures(answer: dict[str, Any]) -> dict[str, Any]:
    """Of an answer, all but what names the build."""
    return {name: value for name, value in answer.items() if name in ("question", "columns", "rows", "summary")}


def test_progress_tells_titles_and_requests(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    events: list[Event] = []
    ask_tmdb(landed, on_event=events.append)
    last = [event for event in events if event.kind == "progress"][-1]
    assert (last.done, last.total, last.unit) == (4, 4, "titles")
    assert "3 found, 1 missing" in last.message
    assert "5 requests" in last.message
    assert "/s" not in last.message  # too short to tell


def test_progress_tells_requests_a_second(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    tmdb.switch(latency_s=0.7)  # a series takes two requests
    events: list[Event] = []
    ask_tmdb(landed, on_event=events.append)
    last = [event for event in events if event.kind == "progress"][-1]
    assert re.search(r"5 requests \([34]/s\)", last.message)
