"""The TMDB API as a source of records: what is asked of each title, many at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import ClassVar

from cinelake.config import Project
from cinelake.enrich.asking import Asking
from cinelake.enrich.client import Answer, BudgetSpentError, Client, NoAnswerError
from cinelake.enrich.interface import Estimate, Failed, Held, Missing, Outcome, Record, Title
from cinelake.enrich.pace import Pace
from cinelake.enrich.records import imdb_id_of
from cinelake.errors import ServiceError

FINISH_S = 10.0
"""What is being asked when the time is over is waited for so long: TMDB as a rule answers within one."""
AT_ONCE = 50
"""Titles under way, those that were answered and not yet taken among them."""
KNOWN_BY, LAST = 20, 100
"""Titles of a kind that were asked, from which on they tell how many TMDB does not know; and as many as tell it."""
KNOWN_AT_FIRST = {"film": 1.0, "series": 0.9}
"""Shares of a kind that TMDB is taken to know before these are told.

No figure is published. Of series, any share from 0.81 to 1 then brings a plan within 5 % of the requests, whatever else
is asked beside; of films, twenty that are not known are the most that take one request more.
"""
MOST = {"film": 3, "series": 2}
"""Requests that a title takes at most, if each is answered at once."""
FAILED_IN_A_ROW = 100
"""Titles that fail one after another, after which a later run is better."""
IN_VAIN = 20
"""Films that neither way leads to, after which the second way is left alone."""
WITH_IDS = {"append_to_response": "external_ids"}
TRIES = 3
"""Of a record that comes without the external ids that were asked for."""


def ask_whether_accepted(project: Project) -> None:
    """Asks TMDB for nothing but whether it takes the token or key.

    Raises:
        NoTokenError: there is neither.
        AccessError: it is refused.
        ServiceError: TMDB cannot be reached, or does not tell.
    """
    pace = Pace(project.tmdb.requests_per_second)
    client = Client(project.tmdb.base_url, project.environment, pace=pace, tries=2)

    async def ask() -> None:
        async with client:
            try:
                await client.get("/3/authentication")
            except NoAnswerError as error:
                raise ServiceError(f"TMDB does not tell: {error.why}", "run again later") from error

    # In a thread: in a notebook a loop runs already in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(ask())).result()


class Api:
    """See `RecordSource`."""

    name: ClassVar[str] = "api"
    batch_titles: ClassVar[int] = 50
    is_timed: ClassVar[bool] = True

    def __init__(self, project: Project, *, max_requests: int | None = None, max_seconds: float | None = None) -> None:
        """Gets ready; nothing is asked yet.

        Args:
            project: whose token, address and rate.
            max_requests: in all, those of further tries among them.
            max_seconds: from now on, after which no title is begun.

        Raises:
            NoTokenError: there is neither a token nor a key.
        """
        self._settings = project.tmdb
        self._max_requests = max_requests
        self._max_seconds = max_seconds
        self._until = time.monotonic() + max_seconds if max_seconds is not None else float("inf")
        self._asking: Asking | None = None
        pace = Pace(project.tmdb.requests_per_second)
        self._client = Client(project.tmdb.base_url, project.environment, pace=pace, max_requests=max_requests)

    @property
    def requests(self) -> int:
        """See `RecordSource.requests`."""
        return self._client.requests

    @property
    def refusals(self) -> int:
        """See `RecordSource.refusals`."""
        return self._client.refusals

    def is_due(self, held: Held | None, now: datetime) -> bool:
        """See `RecordSource.is_due`: what was asked within `refresh_days` stands, also that TMDB did not know it."""
        if held is None or held.asked_at is None:
            return True
        return now - held.asked_at >= timedelta(days=self._settings.refresh_days)

    def estimate(self, due: Sequence[Title], known: Mapping[Title, bool]) -> Estimate:
        """See `RecordSource.estimate`.

        A film takes one request, known or not, but for the few that are looked for in a second way. A series takes
        two, and one where TMDB does not know it: that is taken from what it answered before, of this series or of the
        last ones; where these are few, nine of ten are taken to be known.
        """
        shares = {kind: _share_known(kind, known) for kind in MOST}
        requests = in_vain = 0.0
        least = most = titles = 0
        for title in due:
            if self._max_requests is not None and requests + MOST[title.kind] > self._max_requests:
                break
            if self._max_seconds is not None and requests / self._settings.requests_per_second >= self._max_seconds:
                break
            share = float(known[title]) if title in known else shares[title.kind]
            requests += 1 + share if title.kind == "series" else 1 + (1 - share) * (in_vain < IN_VAIN)
            in_vain += (1 - share) * (title.kind == "film")
            titles, least, most = titles + 1, least + 1, most + MOST[title.kind]
        if self._max_requests is not None:
            most = min(most, self._max_requests)
        return Estimate(titles, round(requests), least, most, requests / self._settings.requests_per_second)

    def look_up(self, titles: Sequence[Title]) -> Iterator[Sequence[Outcome]]:
        """See `RecordSource.look_up`.

        Raises:
            AccessError: the token or key is refused.
            ServiceError: TMDB cannot be reached.
        """
        self._asking = asking = Asking(lambda tell, slots: self._ask_all(titles, tell, slots), AT_ONCE)
        try:
            while not asking.ended:
                outcomes = asking.take()
                yield outcomes
                asking.release(len(outcomes))
        finally:
            asking.stop()
        asking.raise_error()

    def stop(self) -> Sequence[Outcome]:
        """See `RecordSource.stop`."""
        return self._asking.stop() if self._asking else ()

    async def _ask_all(
        self, titles: Iterable[Title], tell: Callable[[Outcome], None], slots: asyncio.Semaphore
    ) -> None:
        """Asks for each title; ends early where the requests are spent, or the time is over."""
        rest = iter(titles)
        second_way = _SecondWay()
        budget = _Budget(self._client, self._max_requests)
        failed = 0

        async def work() -> None:
            nonlocal failed
            for title in rest:
                if not await budget.take(title):
                    return
                await slots.acquire()
                try:
                    if time.monotonic() >= self._until:
                        return
                    tell(await self._look_up(title, second_way))
                    failed = 0
                except NoAnswerError as error:
                    tell(Failed(title, error.why))
                    failed += 1
                    if failed == FAILED_IN_A_ROW:
                        raise ServiceError(
                            f"TMDB failed {failed} titles in a row, the last one so: {error.why}",
                            "run again later: it goes on where it stopped",
                        ) from error
                except BudgetSpentError:
                    return
                finally:
                    await budget.give_back(title)

        with suppress(TimeoutError):  # of `timeout_at` alone: the client has words for its own
            async with self._client, asyncio.timeout_at(self._end()), asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())

    def _end(self) -> float | None:
        """When what is still being asked is given up, by the clock of the event loop that runs; None for never."""
        if self._max_seconds is None:
            return None
        return asyncio.get_running_loop().time() + max(0.0, self._until - time.monotonic()) + FINISH_S

    async def _look_up(self, title: Title, second_way: "_SecondWay") -> Outcome:
        if title.kind == "series":
            answer = await self._found(title, "tv")
        elif answer := await self._record(f"/3/movie/{title.imdb_id}"):
            second_way.first_led()
        else:
            # That TMDB takes an IMDb id for its own is known to all and promised by nobody.
            answer = await second_way.take(lambda: self._found(title, "movie"))
        if answer is None:
            return Missing(title)
        told = imdb_id_of(answer.read)
        return Record(title, answer.text.strip(), told if told != title.imdb_id else None)

    async def _found(self, title: Title, kind: str) -> Answer | None:
        """The record of a title that TMDB finds by its IMDb id. It may find others, such as an episode, beside."""
        found = await self._client.get(f"/3/find/{title.imdb_id}", {"external_source": "imdb_id"})
        if found is None:
            return None
        match found.read.get(f"{kind}_results"):
            case []:
                return None
            case [{"id": int(number)}, *_]:
                return await self._record(f"/3/{kind}/{number}")
            case _:
                raise NoAnswerError("its answer is not what TMDB finds by an IMDb id")

    async def _record(self, path: str) -> Answer | None:
        answer = None
        for _ in range(TRIES):
            answer = await self._client.get(path, WITH_IDS)
            # What was asked to come along may fail to, without a word.
            if answer is None or "external_ids" in answer.read:
                return answer
        if answer is None or imdb_id_of(answer.read) is None:
            raise NoAnswerError("its record came without the external ids that were asked for")
        return answer


def _share_known(kind: str, known: Mapping[Title, bool]) -> float:
    """Of the last titles of a kind that TMDB was asked for, those that it knew; a guess where few were asked.

    The last, since those with most votes are asked first, and are known best.
    """
    answered = [each for title, each in known.items() if title.kind == kind][-LAST:]
    return sum(answered) / len(answered) if len(answered) >= KNOWN_BY else KNOWN_AT_FIRST[kind]


class _SecondWay:
    """Looking for films with `/find` that `/movie` does not have: as long as that may lead anywhere.

    Where the first way has led to some films, and the second to none of the first 20 that are left, both know the
    same ones, and each further film that TMDB does not know takes one request instead of two.
    """

    def __init__(self) -> None:
        self._first_leads = False
        self._leads = False
        self._in_vain = self._under_way = 0
        self._changed = asyncio.Condition()

    def first_led(self) -> None:
        """The first way has led to a film."""
        self._first_leads = True

    async def take(self, find: Callable[[], Awaitable[Answer | None]]) -> Answer | None:
        """What it leads to, if it is taken. It waits for those under way, where they may tell."""
        async with self._changed:
            while self._first_leads and not self._leads and self._in_vain + self._under_way >= IN_VAIN:
                if self._in_vain >= IN_VAIN:
                    return None
                await self._changed.wait()
            self._under_way += 1
        try:
            answer = await find()
            self._leads = self._leads or answer is not None
            self._in_vain += answer is None
        finally:
            async with self._changed:
                self._under_way -= 1
                self._changed.notify_all()
        return answer


class _Budget:
    """A title is begun only where the requests that are left can finish it: else each run might begin the same ones."""

    def __init__(self, client: Client, most: int | None) -> None:
        self._client, self._most = client, most
        self._held = 0
        """Requests that the titles under way may take, those that they have taken among them."""
        self._changed = asyncio.Condition()
        self._turn = asyncio.Lock()
        """One waits at a time: else titles that take more would wait for ever."""

    async def take(self, title: Title) -> bool:
        """Waits until a title may be begun; False where it may not any more."""
        if self._most is None:
            return True
        async with self._turn, self._changed:
            while self._client.requests + self._held + MOST[title.kind] > self._most:
                if not self._held:
                    return False
                await self._changed.wait()
            self._held += MOST[title.kind]
            return True

    async def give_back(self, title: Title) -> None:
        """A title has ended."""
        if self._most is not None:
            async with self._changed:
                self._held -= MOST[title.kind]
                self._changed.notify_all()
