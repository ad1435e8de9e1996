"""Which TMDB records are landed, and in which files: decided without touching anything."""

import json

import pytest

from cinelake.enrich.interface import Record, Title
from cinelake.enrich.plan import CHUNK_BYTES, CHUNK_RECORDS, EnrichPlan, checksum_of, plan_enrichment


def film(number: int) -> Title:
    return Title("film", f"tt{number}")


def record(title: Title, body: str = "{}") -> Record:
    return Record(title, body)


def landed(plan: EnrichPlan) -> list[Title]:
    return [record.title for chunk in plan.chunks for record in chunk.records]


def test_nothing_wanted_is_nothing_landed() -> None:
    assert plan_enrichment([], {film(2): "x"}, [record(film(1))]) == EnrichPlan((), fresh=0, found=0, missing=0)


def test_every_wanted_title_is_fresh_or_found_or_missing() -> None:
    held = {film(1): checksum_of(record(film(1))), film(2): "another checksum", film(3): "gone from the source"}
    records = [record(film(1)), record(film(2)), record(film(4)), record(film(9))]
    plan = plan_enrichment([film(number) for number in range(1, 7)], held, records)
    assert landed(plan) == [film(2), film(4)]
    assert (plan.fresh, plan.found, plan.missing) == (2, 2, 2)
    assert plan.asked == plan.found + plan.missing


def test_a_record_of_an_unwanted_title_is_not_landed() -> None:
    assert plan_enrichment([film(1)], {}, [record(film(2))]).chunks == ()


def test_the_later_of_two_records_counts() -> None:
    plan = plan_enrichment([film(1)], {}, [record(film(1), '{"a": 1}'), record(film(1), '{"a": 2}')])
    assert [chunk.records for chunk in plan.chunks] == [(record(film(1), '{"a": 2}'),)]


def test_a_changed_record_is_landed_and_the_same_one_is_not() -> None:
    held = {film(1): checksum_of(record(film(1), '{"a": 1}'))}
    assert landed(plan_enrichment([film(1)], held, [record(film(1), '{"a": 1}')])) == []
    assert landed(plan_enrichment([film(1)], held, [record(film(1), '{"a": 1.0}')])) == [film(1)]


def test_records_keep_the_order_of_the_wanted_titles() -> None:
    wanted = [film(3), film(1), film(2)]
    assert landed(plan_enrichment(wanted, {}, [record(film(number)) for number in (1, 2, 3)])) == wanted


@pytest.mark.parametrize(("titles", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_a_file_holds_at_most_a_hundred_records(titles: int, sizes: list[int]) -> None:
    wanted = [film(number) for number in range(titles)]
    plan = plan_enrichment(wanted, {}, [record(title) for title in wanted])
    assert [len(chunk.records) for chunk in plan.chunks] == sizes
    assert CHUNK_RECORDS == 100


def test_a_file_holds_at_most_ten_megabytes() -> None:
    wanted = [film(number) for number in range(7)]
    body = json.dumps({"overview": "é" * 1_500_000}, ensure_ascii=False)
    plan = plan_enrichment(wanted, {}, [record(title, body) for title in wanted])
    assert [len(chunk.records) for chunk in plan.chunks] == [3, 3, 1]
    assert all(len(chunk.data) <= 10_000_000 for chunk in plan.chunks)
    assert CHUNK_BYTES == 10_000_000


@pytest.mark.parametrize("spare", [-1, 0, 1, 2, 3, 4, 5, 6, 7])
def test_the_ten_megabytes_count_brackets_and_commas(spare: int) -> None:
    wanted = [film(1), film(2)]
    bodies = [
        json.dumps("x" * ((CHUNK_BYTES - spare) // 2 - 2)),
        json.dumps("x" * (-(-(CHUNK_BYTES - spare) // 2) - 2)),
    ]
    assert sum(map(len, bodies)) == CHUNK_BYTES - spare
    plan = plan_enrichment(wanted, {}, [record(*pair) for pair in zip(wanted, bodies, strict=True)])
    assert all(len(chunk.data) <= CHUNK_BYTES for chunk in plan.chunks)


def test_films_and_series_lie_in_files_of_their_own() -> None:
    wanted = [Title("series", "tt1"), Title("film", "tt1"), Title("series", "tt2")]
    plan = plan_enrichment(wanted, {}, [record(title) for title in wanted])
    assert [(chunk.kind, [record.title for record in chunk.records]) for chunk in plan.chunks] == [
        ("film", [Title("film", "tt1")]),
        ("series", [Title("series", "tt1"), Title("series", "tt2")]),
    ]


def test_a_file_is_an_array_of_the_bodies_as_they_came() -> None:
    bodies = ['{"a": 1.00000000000000000001}', '{"b":"\\u00e9 é"}']
    plan = plan_enrichment([film(1), film(2)], {}, [record(film(n + 1), body) for n, body in enumerate(bodies)])
    [chunk] = plan.chunks
    assert chunk.data.decode() == f"[\n{bodies[0]},\n{bodies[1]}\n]\n"
    assert len(json.loads(chunk.data)) == 2
