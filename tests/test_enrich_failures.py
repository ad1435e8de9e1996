"""What goes wrong while TMDB is asked, each with its outcome: the server's faults, its rate, stops and kills."""

import os
import signal
import subprocess
import time
from collections import Counter
from typing import Any

import pytest

from cinelake import ConfigurationError, EnrichOptions, Event, ServiceError, verify_lake
from cinelake.lake import Lake
from projects import DATE, PROGRAM, SERIES_HEADER, SMALL_TMDB, ProjectFolder
from refusals import refusal
from tables import build, film, land, rows_of
from tmdb import TmdbServer, ask_tmdb, asking, ids_of, point_at, records_of, serving, write_titles

UNKNOWN_SERIES = "tt99500002"
MOVIE_1, MOVIE_2 = "/3/movie/tt99000001", "/3/movie/tt99000002"
FIND_SERIES, TV = "/3/find/tt99500001", "/3/tv/3"


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
    landed: ProjectFolder, tmdb: TmdbServer, fault: dict[str, Any], path: str
) -> None:
    tmdb.fail({**fault, "match": path, "times": 1})
    result = ask_tmdb(landed)
    assert (result.found, result.missing, result.failed) == (3, 1, 0)
    assert tmdb.counts()[path] == 2
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
    landed: ProjectFolder, tmdb: TmdbServer, fault: dict[str, Any], why: str
) -> None:
    tmdb.fail({**fault, "match": TV})
    events: list[Event] = []
    result = ask_tmdb(landed, on_event=events.append)
    assert (result.asked, result.found, result.missing, result.failed) == (4, 2, 1, 1)
    [warning] = [event.message for event in events if event.kind == "warning"]
    assert why in warning
    tmdb.fail()
    tmdb.forget()
    again = ask_tmdb(landed)
    assert (again.asked, again.found, again.fresh) == (1, 1, 3)
    assert tmdb.paths() == [FIND_SERIES, TV]


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


def test_tries_wait_longer_and_longer(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    tmdb.fail({"kind": "status", "status": 503, "match": MOVIE_1})
    assert ask_tmdb(landed).failed == 1
    at = [at for path, _, at in tmdb.log() if path.startswith(MOVIE_1)]
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
    landed: ProjectFolder, tmdb: TmdbServer, found: dict[str, Any]
) -> None:
    tmdb.fail({"kind": "other", "match": "/find/", "body": found})
    result = ask_tmdb(landed)
    assert (result.found, result.missing, result.failed) == (2, 0, 2)


def test_a_record_that_is_not_of_the_title_is_landed_and_rejected_by_the_build(
    landed: ProjectFolder, tmdb: TmdbServer
) -> None:
    tmdb.fail({"kind": "changed-id", "match": MOVIE_1})
    events: list[Event] = []
    assert ask_tmdb(landed, on_event=events.append).found == 3
    [warning] = [event.message for event in events if event.kind == "warning"]
    assert warning == "1 record came with another IMDb id than was asked for; it is kept, and rejected by build"
    built = build(landed)
    assert "tt99000001" not in {row["imdb_id"] for row in rows_of(landed, built, "trusted.tmdb")}
    [reject] = rows_of(landed, built, "trusted.rejects")
    assert (reject["dataset"], reject["column"]) == ("TMDB", "imdb_id")
    assert reject["reason"] == "TMDB was asked for tt99000001 and answered with tt0000001"
    tmdb.forget()
    ask_tmdb(landed)
    assert tmdb.log() == []


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
    landed: ProjectFolder, tmdb: TmdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cinelake.enrich.client.SILENCE_S", 0.3)
    tmdb.fail({"kind": "slow", "seconds": 20, "match": MOVIE_1, "times": 1})
    began = time.monotonic()
    assert ask_tmdb(landed).found == 3
    assert time.monotonic() - began < 10
    assert tmdb.counts()[MOVIE_1] == 2


def test_a_page_that_is_no_answer_of_tmdb_s_says_nothing_of_a_title(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    point_at(landed, tmdb, rate=5)  # one after the other: TMDB has been heard of before
    tmdb.fail({"kind": "html", "status": 404, "match": "99500001"})
    result = ask_tmdb(landed)
    assert (result.found, result.missing, result.failed) == (2, 1, 1)
    tmdb.fail()
    assert ask_tmdb(landed).found == 1


def test_nothing_but_rubbish_ends_with_exit_5(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    tmdb.fail({"kind": "broken"})
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


def test_an_address_that_is_not_tmdb_s_is_told_and_teaches_nothing(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    landed.write_settings(tmdb=f'source = "api"\nbase_url = "{tmdb.url}/elsewhere"')
    told = refusal(landed, "enrich", "--date", DATE, code=5, place=asking(landed))
    assert f"what answers at {tmdb.url}/elsewhere is not TMDB (404)" in told.what
    point_at(landed, tmdb)
    assert ask_tmdb(landed).found == 3


def test_a_wait_that_is_too_long_is_left_to_a_later_run(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    tmdb.fail({"kind": "status", "status": 429, "headers": {"Retry-After": "7200"}})
    with pytest.raises(ServiceError, match="asks to wait for 7,200 seconds"):
        ask_tmdb(landed)


def test_a_redirect_is_not_followed_with_the_token(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    tmdb.fail({"kind": "status", "status": 302, "headers": {"Location": f"{tmdb.url}/_log"}})
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


def test_what_a_run_wrote_and_could_not_record_is_taken_over(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    """Killed between a file of records and its manifest."""
    ask_tmdb(landed)
    for path in landed.path.glob("lake/_manifests/enrich/**/*.json"):
        path.unlink()
    tmdb.forget()
    foreign = [told for name, told in faults(landed).items() if name.startswith("foreign object")]
    assert len(foreign) == 2
    assert all(told.endswith("run cinelake enrich --date 2022-05-02") for told in foreign)
    again = ask_tmdb(landed)
    assert tmdb.paths() == [f"/3/find/{UNKNOWN_SERIES}"]
    assert faults(landed) == {}
    assert (again.asked, again.fresh) == (1, 3)
    assert ids_of(records_of(landed)) == ids_of(SMALL_TMDB)
    assert len(rows_of(landed, build(landed), "trusted.tmdb")) == 3


def test_what_could_not_be_recorded_is_taken_over_on_a_later_date_too(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    ask_tmdb(landed)
    for path in landed.path.glob("lake/_manifests/enrich/**/*.json"):
        path.unlink()
    tmdb.forget()
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


def test_a_foreign_file_is_not_taken_over(landed: ProjectFolder, tmdb: TmdbServer) -> None:
    ask_tmdb(landed)
    for path in landed.path.glob("lake/_manifests/enrich/**/*.json"):
        path.unlink()
    [films] = landed.path.glob("lake/Raw/TMDB/JSON/Movies/2022/05/02/*.json")
    data = films.read_bytes().replace(b'"budget": 1000000', b'"budget": 9000000')
    films.unlink()
    films.with_name(f"20220502T000000Z-{films.name.partition('-')[2]}").write_bytes(data)
    tmdb.forget()
    ask_tmdb(landed)
    assert MOVIE_1 in tmdb.paths()


def faults(folder: ProjectFolder) -> dict[str, str]:
    """What `verify` finds wrong, with its detail, by name."""
    return {
        check.name: check.detail for check in verify_lake(*folder.open(asking(folder), DATE)).checks if not check.ok
    }
