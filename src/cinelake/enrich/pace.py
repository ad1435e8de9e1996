"""When a request may go: evenly spaced, and slower for everybody once TMDB asks for it."""

import asyncio
import time

from aiolimiter import AsyncLimiter

SLOWEST = 8
"""Turns that a request takes at most."""
PEACE_S = 10.0
"""After so long without being asked to slow down a request takes half as many turns."""


class Pace:
    """At most so many requests a second, one at a time rather than many at once: TMDB counts within a second.

    Where TMDB asks to slow down, everybody pauses, and then each request takes twice as many turns as before.
    """

    def __init__(self, requests_per_second: float) -> None:
        self._limiter = AsyncLimiter(1, 1 / requests_per_second)
        self._next = asyncio.Lock()
        """One takes its turns at a time: many that took theirs side by side would go together in the end."""
        self._turns = 1
        self._slowed_at = self._resume_at = float("-inf")

    async def turn(self) -> float:
        """Waits until a request may go; returns the time that it goes, for `slow_down`."""
        async with self._next:
            while True:
                while (wait_s := self._resume_at - time.monotonic()) > 0:
                    await asyncio.sleep(wait_s)
                for _ in range(self._turns):
                    await self._limiter.acquire()
                now = time.monotonic()
                if now >= self._resume_at:
                    if self._turns > 1 and now - max(self._slowed_at, self._resume_at) > PEACE_S:
                        self._turns //= 2
                        self._slowed_at = now
                    return now

    def slow_down(self, sent_at: float, pause_s: float | None) -> None:
        """Everybody waits for some seconds, and goes slower after that.

        Args:
            sent_at: when the request went that was answered so; one that went before we had slowed down is no news.
            pause_s: as long as TMDB asks for; a time that is not told, or 0, is as many seconds as turns are taken.
        """
        now = time.monotonic()
        if sent_at > self._slowed_at:
            self._turns = min(2 * self._turns, SLOWEST)
            self._slowed_at = now
        self._resume_at = max(self._resume_at, now + (pause_s or self._turns))
