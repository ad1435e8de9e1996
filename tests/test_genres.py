"""Genres that keep answers from telling what they seem to: misspelt ones, and those never looked up in TMDB."""

import json
from collections.abc import Sequence

import pytest

from cinelake import AskOptions, EnrichOptions, Event, ask_questions, enrich_titles
from cinelake.engine.genres import absent_genres
from projects import DATE, ProjectFolder
from tables import build, enrich, files_of, land, make_all, manifest_of

SNAPSHOT = 'source = "snapshot"\nsnapshot = "tmdb.jsonl"'
UNASKED = "were not looked up in TMDB"


def set_genres(folder: ProjectFolder, *genres: str, tmdb: str = SNAPSHOT) -> None:
    folder.write_settings(tmdb=tmdb, analysis=f"genres = {json.dumps(list(genres), ensure_ascii=False)}")


def warnings_of_ask(folder: ProjectFolder) -> list[str]:
    events: list[Event] = []
    asked = ask_questions(*folder.open(), AskOptions(record=False), events.append)
    told = [event.message for event in events if event.kind == "warning"]
    assert told == [words.en for words in asked.limits]
    return told


# Genres that no title has


@pytest.mark.parametrize(
    ("genre", "near"),
    [("Romanse", "Romance"), ("Comédia", "Comedy"), ("drama", "Drama"), ("DRAMA", "Drama"), ("Polka", None)],
)
def test_a_genre_that_no_title_has_is_told_with_the_nearest(genre: str, near: str | None) -> None:
    [absent] = absent_genres([genre, "Drama"], ["Comedy", "Drama", "Romance"])
    assert (absent.name, absent.near) == (genre, near)


@pytest.mark.parametrize("command", ["run", "ask", "report", "enrich"])
def test_a_misspelt_genre_is_warned_of_and_stops_nothing(folder: ProjectFolder, command: str) -> None:
    make_all(folder)
    set_genres(folder, "Drama", "Romanse")
    ended = folder.cinelake(command, "-q")
    assert ended.returncode == 0, ended.stderr
    stage = "enrich" if command == "enrich" else "ask"
    assert f"warning: {stage}: no title has the genre 'Romanse': did you mean Romance?" in ended.stderr.splitlines()


def test_a_genre_like_no_other_is_told_with_those_of_the_titles(folder: ProjectFolder) -> None:
    make_all(folder)
    set_genres(folder, "Polka")
    assert warnings_of_ask(folder) == ["no title has the genre 'Polka'; genres here are: Comedy, Drama, Romance"]


def test_the_report_tells_a_misspelt_genre_among_its_limits(folder: ProjectFolder) -> None:
    set_genres(folder, "Drama", "Romanse")
    folder.document("run", "--date", DATE)
    page = folder.path.joinpath("report/report.html").read_text(encoding="utf-8")
    limits = page.partition('id="limits"')[2].partition("</section>")[0]
    assert "No title has the genre &#39;Romanse&#39;: did you mean Romance?" in limits
    assert folder.document("ask")["limits"] == ["no title has the genre 'Romanse': did you mean Romance?"]


def test_genres_that_titles_have_are_no_limit(folder: ProjectFolder) -> None:
    make_all(folder)
    assert warnings_of_ask(folder) == []
    assert "limits" not in folder.document("ask")


# Genres whose titles were not looked up


def test_genres_that_were_changed_without_an_enrichment_are_warned_of(folder: ProjectFolder) -> None:
    make_all(folder)
    set_genres(folder, "Comedy", "Drama")
    [warning] = warnings_of_ask(folder)
    assert warning.startswith(f"titles of Comedy {UNASKED}")
    assert warning.endswith("run cinelake enrich, then build")
    folder.document("report")
    page = folder.path.joinpath("report/report.html").read_text(encoding="utf-8")
    assert f"Titles of Comedy {UNASKED}" in page.partition('id="limits"')[2]
    enrich(folder)
    build(folder)
    assert warnings_of_ask(folder) == []


def test_an_enrichment_after_the_build_does_not_count_for_it(folder: ProjectFolder) -> None:
    set_genres(folder, "Romance")
    make_all(folder)
    set_genres(folder, "Comedy")
    assert enrich(folder).found == 1
    assert UNASKED in warnings_of_ask(folder)[0]
    build(folder)
    assert warnings_of_ask(folder) == []


def test_an_enrichment_without_a_new_record_tells_its_new_genres_once(folder: ProjectFolder) -> None:
    make_all(folder)
    set_genres(folder, "Comedy")
    assert enrich_titles(*folder.open(), EnrichOptions(dry_run=True)).status == "planned"
    result = enrich(folder)
    assert (result.status, result.found, result.objects) == ("done", 0, ())
    assert manifest_of(folder, result).detail["genres"] == ["Comedy"]
    before = files_of(folder)
    assert enrich(folder).status == "unchanged"
    set_genres(folder, "Drama", "Comedy")
    assert enrich(folder).status == "unchanged"
    assert files_of(folder) == before
    assert build(folder).status == "unchanged"
    assert warnings_of_ask(folder) == []


def test_manifests_that_do_not_tell_their_genres_are_still_read(folder: ProjectFolder) -> None:
    first = enrich_after_landing(folder)
    path = folder.path / "lake" / first
    told = json.loads(path.read_text())
    del told["detail"]["genres"]
    path.write_text(json.dumps(told))
    build(folder)
    assert UNASKED in warnings_of_ask(folder)[0]
    assert enrich(folder).status == "done"
    assert warnings_of_ask(folder) == []


def enrich_after_landing(folder: ProjectFolder) -> str:
    land(folder)
    result = enrich(folder)
    assert result.manifest is not None
    return result.manifest


@pytest.mark.parametrize(("tmdb", "told"), [('source = "off"', []), (SNAPSHOT, [True])])
def test_a_lake_without_any_enrichment_is_warned_of_where_one_is_wanted(
    folder: ProjectFolder, tmdb: str, told: Sequence[bool]
) -> None:
    set_genres(folder, "Drama", tmdb=tmdb)
    land(folder)
    build(folder)
    assert [UNASKED in warning for warning in warnings_of_ask(folder)] == told


def test_verify_repeats_no_warning(folder: ProjectFolder) -> None:
    set_genres(folder, "Drama", "Romanse")
    folder.document("run", "--date", DATE)
    ended = folder.cinelake("verify")
    assert ended.returncode == 0
    assert "warning" not in ended.stderr
