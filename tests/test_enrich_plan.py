"""Which TMDB records are landed, and in which files: decided without touching anything."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinelake.enrich.interface import Failed, Held, Missing, Outcome, Record, Title
from cinelake.enrich.plan import CHUNK_BYTES, CHUNK_RECORDS, FILE, Batch, Chunk, Tally, checksum_of, in_turn


def film(number: int) -> Title:
    return Title("film", f"tt{number}")


def record(title: Title, body: str = "{}") -> Record:
    return Record(title, body)


def chunks_of(records: Iterable[Record]) -> list[Chunk]:
    return Batch(tuple(records), None).chunks


def counted(outcome: Outcome, held: Held | None, *, timed: bool) -> tuple[Tally, bool]:
    tally = Tally()
    return tally, tally.count(outcome, held, timed=timed)


RECORD = record(film(1), '{"a": 1}')
SAME, OTHER = Held(checksum_of(RECORD.body), None), Held("another checksum", None)
ASKED = datetime(2022, 5, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcome", "held", "tally", "is_news"),
    [
        (RECORD, None, Tally(found=1), True),
        (RECORD, OTHER, Tally(found=1), True),
        (RECORD, SAME, Tally(fresh=1), False),
        (RECORD, Held(None, ASKED), Tally(found=1), True),
        (Missing(film(1)), None, Tally(missing=1), True),
        (Missing(film(1)), SAME, Tally(fresh=1), False),
        (Missing(film(1)), Held(None, ASKED), Tally(missing=1), True),
    ],
)
def test_a_snapshot_s_record_is_news_where_it_is_another(
    outcome: Outcome, held: Held | None, tally: Tally, is_news: bool
) -> None:
    assert counted(outcome, held, timed=False) == (tally, is_news)


@pytest.mark.parametrize("held", [None, SAME, OTHER, Held(None, ASKED)])
@pytest.mark.parametrize(
    ("outcome", "tally"),
    [
        (RECORD, Tally(found=1)),
        (Missing(film(1)), Tally(missing=1)),
        (Failed(film(1), "why"), Tally(failed=1)),
    ],
)
def test_an_answer_of_tmdb_is_news_for_its_time(outcome: Outcome, tally: Tally, held: Held | None) -> None:
    assert counted(outcome, held, timed=True) == (tally, True)
    assert tally.asked == 1


def test_a_record_that_differs_in_a_digit_is_another() -> None:
    assert checksum_of('{"a": 1}') != checksum_of('{"a": 1.0}')


@given(st.lists(st.booleans()))
def test_films_and_series_are_asked_in_turn_each_in_its_order(kinds: list[bool]) -> None:
    titles = [Title("film" if is_film else "series", f"tt{number}") for number, is_film in enumerate(kinds)]
    turned = in_turn(titles)
    for kind in ("film", "series"):
        assert [title for title in turned if title.kind == kind] == [title for title in titles if title.kind == kind]
    fewer = min(kinds.count(True), kinds.count(False))
    assert [title.kind for title in turned[: 2 * fewer]] == ["film", "series"] * fewer


def test_a_file_of_the_api_is_named_by_its_time_and_content_one_of_a_snapshot_by_its_content() -> None:
    [chunk] = chunks_of([RECORD])
    assert chunk.file(ASKED) == f"20220502T000000Z-{chunk.file(None)}"
    assert FILE.fullmatch(chunk.file(ASKED))
    assert not FILE.fullmatch(chunk.file(None))


@pytest.mark.parametrize(("titles", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_a_file_holds_at_most_a_hundred_records(titles: int, sizes: list[int]) -> None:
    chunks = chunks_of(record(film(number)) for number in range(titles))
    assert [len(chunk.records) for chunk in chunks] == sizes
    assert CHUNK_RECORDS == 100


def test_a_file_holds_at_most_ten_megabytes() -> None:
    wanted = [film(number) for number in range(7)]
    body = json.dumps({"overview": "é" * 1_500_000}, ensure_ascii=False)
    chunks = chunks_of(record(title, body) for title in wanted)
    assert [len(chunk.records) for chunk in chunks] == [3, 3, 1]
    assert all(len(chunk.data) <= 10_000_000 for chunk in chunks)
    assert CHUNK_BYTES == 10_000_000


@pytest.mark.parametrize("spare", [-1, 0, 1, 2, 3, 4, 5, 6, 7])
def test_the_ten_megabytes_count_brackets_and_commas(spare: int) -> None:
    wanted = [film(1), film(2)]
    bodies = [
        json.dumps("x" * ((CHUNK_BYTES - spare) // 2 - 2)),
        json.dumps("x" * (-(-(CHUNK_BYTES - spare) // 2) - 2)),
    ]
    assert sum(map(len, bodies)) == CHUNK_BYTES - spare
    chunks = chunks_of(record(*pair) for pair in zip(wanted, bodies, strict=True))
    assert all(len(chunk.data) <= CHUNK_BYTES for chunk in chunks)


def test_films_and_series_lie_in_files_of_their_own() -> None:
    wanted = [Title("series", "tt1"), Title("film", "tt1"), Title("series", "tt2")]
    chunks = chunks_of(record(title) for title in wanted)
    assert [(chunk.kind, [record.title for record in chunk.records]) for chunk in chunks] == [
        ("film", [Title("film", "tt1")]),
        ("series", [Title("series", "tt1"), Title("series", "tt2")]),
    ]


def test_a_file_is_an_array_of_the_bodies_as_they_came() -> None:
    bodies = ['{"a": 1.00000000000000000001}', '{"b":"\\u00e9 é"}']
    chunks = chunks_of(record(film(n + 1), body) for n, body in enumerate(bodies))
    [chunk] = chunks
    assert chunk.data.decode() == f"[\n{bodies[0]},\n{bodies[1]}\n]\n"
    assert len(json.loads(chunk.data)) == 2
