"""When requests go."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from cinelake.enrich.client import retry_after_s
from cinelake.enrich.pace import Pace

NOW = datetime(2022, 5, 2, 12, tzinfo=UTC)


async def turns(pace: Pace, count: int) -> list[float]:
    """The times at which so many who wait together may go, in order."""
    return sorted(await asyncio.gather(*(pace.turn() for _ in range(count))))


def test_turns_are_spaced_evenly_from_the_first_on() -> None:
    went = asyncio.run(turns(Pace(100), 30))
    for window in zip(went, went[10:], strict=False):
        assert window[1] - window[0] >= 0.09


@pytest.mark.parametrize("refusals", [1, 2, 3, 4])
def test_slowed_down_many_who_wait_go_one_by_one(refusals: int) -> None:
    """Each refusal of a request that went at the pace before doubles the turns that each takes, up to eight."""

    async def refused() -> list[float]:
        pace = Pace(400)
        for _ in range(refusals):
            pace.slow_down(await pace.turn(), 0.001)
        return await turns(pace, 50)

    spaced_s = min(2**refusals, 8) / 400
    went = asyncio.run(refused())
    for window in zip(went, went[10:], strict=False):
        assert window[1] - window[0] >= 10 * spaced_s * 0.8
    assert went[-1] - went[0] >= 49 * spaced_s * 0.9


def test_after_some_peace_the_pace_doubles_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cinelake.enrich.pace.PEACE_S", 0.2)

    async def refused() -> list[float]:
        pace = Pace(400)
        for _ in range(3):
            pace.slow_down(await pace.turn(), 0.001)
        return await turns(pace, 60)

    went = asyncio.run(refused())
    assert went[-1] - went[-11] < (went[10] - went[0]) * 0.7


def test_after_a_refusal_everybody_pauses_and_then_goes_at_half_the_pace() -> None:
    async def refused() -> tuple[float, list[float]]:
        pace = Pace(100)
        sent_at = await pace.turn()
        waiting = asyncio.create_task(turns(pace, 20))
        pace.slow_down(sent_at, 0.2)
        return sent_at, await waiting

    sent_at, went = asyncio.run(refused())
    assert went[0] - sent_at >= 0.2
    assert went[-1] - went[0] >= 19 / 50 * 0.9


def test_refusals_of_what_was_on_its_way_slow_down_once() -> None:
    async def refused() -> list[float]:
        pace = Pace(200)
        for sent_at in await turns(pace, 5):
            pace.slow_down(sent_at, 0.01)
        return await turns(pace, 31)

    went = asyncio.run(refused())
    spaced_s = sorted(later - earlier for earlier, later in pairwise(went))[15]
    assert 0.9 * 2 / 200 <= spaced_s < 3.5 / 200


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (None, None),
        ("7", 7),
        ("0", 0),
        ("Mon, 02 May 2022 12:00:30 GMT", 30),
        ("Mon, 02 May 2022 11:00:00 GMT", 0),
        ("soon", None),
        ("-1", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(told: str | None, seconds: float | None) -> None:
    assert retry_after_s(told, NOW) == seconds
