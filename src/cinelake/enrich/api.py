"""The TMDB API as a source of records: what is asked of each title, many at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from cinelake.config import Project
from cinelake.enrich.asking import Asking
from cinelake.enrich.client import Answer, BudgetSpentError, Client, NoAnswerError
from cinelake.enrich.interface import Estimate, Failed, Held, Missing, Outcome, Record, Title
from cinelake.enrich.pace import Pace
from cinelake.enrich.records import imdb_id_of
from cinelake.errors import ServiceError

AT_ONCE = 50
"""Titles under way, those that were answered and not yet taken among them."""
KNOWN_BY = 20
"""Titles of a kind that were asked, from which on they tell how many TMDB does not know."""
MOST = {"film": 3, "series": 2}
"""Requests that a title takes at most, if each is answered at once."""
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

    asyncio.run(ask())


class Api:
    """See `RecordSource`."""

    name: ClassVar[str] = "api"
    batch_titles: ClassVar[int] = 50
    is_timed: ClassVar[bool] = True

    def __init__(self, project: Project, *, max_requests: int | None = None) -> None:
        """Gets ready; nothing is asked yet.

        Args:
            project: whose token, address and rate.
            max_requests: in all, those of further tries among them.

        Raises:
            NoTokenError: there is neither a token nor a key.
        """
        self._settings = project.tmdb
        self._max_requests = max_requests
        pace = Pace(project.tmdb.requests_per_second)
        self._client = Client(project.tmdb.base_url, project.environment, pace=pace, max_requests=max_requests)

    @property
    def requests(self) -> int:
        """See `RecordSource.requests`."""
        return self._client.requests

    def is_due(self, held: Held | None, now: datetime) -> bool:
        """See `RecordSource.is_due`: what was asked within `refresh_days` stands, also that TMDB did not know it."""
        if held is None or held.asked_at is None:
            return True
        return now - held.asked_at >= timedelta(days=self._settings.refresh_days)

    def estimate(self, due: Sequence[Title], held: Mapping[Title, Held]) -> Estimate:
        """See `RecordSource.estimate`.

        A film takes one request, known or not, but for the few that are looked for in a second way. A series takes
        two, and one where TMDB does not know it: that is taken from what the lake holds of it, or of the series that
        were asked before; where they are few, all are taken to be known.
        """
        known = {kind: _share_known(kind, held) for kind in MOST}
        requests = in_vain = at_most = 0.0
        for count, title in enumerate(due):
            earlier = held.get(title)
            share = known[title.kind] if earlier is None else float(earlier.checksum is not None)
            takes = 1 + share if title.kind == "series" else 1 + (1 - share) * (in_vain < IN_VAIN)
            if self._max_requests is not None and requests + takes > self._max_requests:
                return self._estimate(count, requests, self._max_requests)
            requests += takes
            in_vain += (1 - share) * (title.kind == "film")
            at_most += MOST[title.kind]
        return self._estimate(len(due), requests, min(at_most, self._max_requests or at_most))

    def _estimate(self, titles: int, requests: float, at_most: float) -> Estimate:
        return Estimate(titles, round(requests), round(at_most), requests / self._settings.requests_per_second)

    def look_up(self, titles: Sequence[Title]) -> Iterator[Sequence[Outcome]]:
        """See `RecordSource.look_up`.

        Raises:
            AccessError: the token or key is refused.
            ServiceError: TMDB cannot be reached.
        """
        asking = Asking(lambda tell, slots: self._ask_all(titles, tell, slots), AT_ONCE)
        try:
            while not asking.ended:
                outcomes = asking.take()
                yield outcomes
                asking.release(len(outcomes))
        finally:
            asking.stop()
        asking.raise_error()

    async def _ask_all(
        self, titles: Iterable[Title], tell: Callable[[Outcome], None], slots: asyncio.Semaphore
    ) -> None:
        """Asks for each title; ends early where the requests are spent."""
        rest = iter(titles)
        second_way = _SecondWay()
        budget = _Budget(self._client, self._max_requests)

        async def work() -> None:
            for title in rest:
                if not await budget.take(title):
                    return
                await slots.acquire()
                try:
                    tell(await self._look_up(title, second_way))
                except NoAnswerError as error:
                    tell(Failed(title, error.why))
                except BudgetSpentError:
                    return
                finally:
                    await budget.give_back(title)

        async with self._client, asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())

    async def _look_up(self, title: Title, second_way: "_SecondWay") -> Outcome:
        if title.kind == "series":
            answer = await self._found(title, "tv")
        elif answer := await self._record(f"/3/movie/{title.imdb_id}"):
            second_way.first_led()
        else:
            # That TMDB takes an IMDb id for its own is known to all and promised by nobody.
            answer = await second_way.take(lambda: self._found(title, "movie"))
        return Record(title, answer.text.strip()) if answer else Missing(title)

    async def _found(self, title: Title, kind: str) -> Answer | None:
        """The record of a title that TMDB finds by its IMDb id. It may find others, such as an episode, beside."""
        found = await self._client.get(f"/3/find/{title.imdb_id}", {"external_source": "imdb_id"})
        results = found.read.get(f"{kind}_results") if found else None
        first: Any = results[0] if isinstance(results, list) and results else None
        if not isinstance(first, dict) or not isinstance(first.get("id"), int):
            return None
        return await self._record(f"/3/{kind}/{first['id']}")

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


def _share_known(kind: str, held: Mapping[Title, Held]) -> float:
    """Of the titles of a kind that TMDB was asked for, those that it knew; 1 where too few were."""
    answered = [each for title, each in held.items() if title.kind == kind and each.asked_at is not None]
    if len(answered) < KNOWN_BY:
        return 1
    return sum(each.checksum is not None for each in answered) / len(answered)


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
