"""When requests go."""

import asyncio
from datetime import UTC, datetime

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
    assert went[-1] - went[0] < 29 / 100 / 0.9


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
        sent = await turns(pace, 5)
        for sent_at in sent:
            pace.slow_down(sent_at, 0.01)
        return await turns(pace, 21)

    went = asyncio.run(refused())
    assert 20 / 100 * 0.9 <= went[-1] - went[0] < 20 / 50


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
