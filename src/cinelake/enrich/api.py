"""The TMDB API as a source of records: what is asked of each title, many at once, in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any, ClassVar

from cinelake.config import Project
from cinelake.enrich.client import Answer, BudgetSpentError, Client, NoAnswerError
from cinelake.enrich.interface import Estimate, Failed, Held, Missing, Outcome, Record, Title
from cinelake.enrich.pace import Pace
from cinelake.enrich.records import imdb_id_of

AT_ONCE = 50
"""Titles under way, those that were answered and not yet taken among them."""
MOMENT_S = 0.2
"""The longest that nothing is told."""
KNOWN_BY = 20
"""Titles of a kind that were asked, from which on they tell how many TMDB does not know."""
MOST = {"film": 3, "series": 2}
"""Requests that a title takes at most, if each is answered at once."""
WITH_IDS = {"append_to_response": "external_ids"}
TRIES = 3
"""Of a record that comes without the external ids that were asked for."""


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

        A film takes one request, and two where TMDB does not know it; a series two, and one where not. How many are
        not known is taken from what the lake holds of earlier answers; where they are few, all are taken to be.
        """
        requests = 0.0
        for kind, if_known, if_missing in (("film", 1, 2), ("series", 2, 1)):
            answered = [each for title, each in held.items() if title.kind == kind and each.asked_at is not None]
            missing = sum(each.checksum is None for each in answered)
            share = missing / len(answered) if len(answered) >= KNOWN_BY else 0
            titles = sum(title.kind == kind for title in due)
            requests += titles * ((1 - share) * if_known + share * if_missing)
        bound = self._max_requests or 3 * len(due)
        told = min(round(requests), bound)
        return Estimate(told, min(2 * len(due), bound), told / self._settings.requests_per_second)

    def look_up(self, titles: Sequence[Title]) -> Iterator[Sequence[Outcome]]:
        """See `RecordSource.look_up`.

        Raises:
            AccessError: the token or key is refused.
            ServiceError: TMDB cannot be reached.
        """
        asking = _Asking(lambda outcomes, slots: self._ask_all(titles, outcomes, slots))
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
        budget = _Budget(self._client, self._max_requests)

        async def work() -> None:
            for title in rest:
                if not await budget.take(title):
                    return
                await slots.acquire()
                try:
                    tell(await self._look_up(title))
                except NoAnswerError as error:
                    tell(Failed(title, error.why))
                except BudgetSpentError:
                    return
                finally:
                    await budget.give_back(title)

        async with self._client, asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())

    async def _look_up(self, title: Title) -> Outcome:
        if title.kind == "film":
            # That TMDB takes an IMDb id for its own is known to all and promised by nobody.
            answer = await self._record(f"/3/movie/{title.imdb_id}") or await self._found(title, "movie")
        else:
            answer = await self._found(title, "tv")
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


class _Budget:
    """A title is begun only where the requests that are left can finish it: else each run might begin the same ones."""

    def __init__(self, client: Client, most: int | None) -> None:
        self._client, self._most = client, most
        self._held = 0
        """Requests that the titles under way may take, those that they have taken among them."""
        self._changed = asyncio.Condition()

    async def take(self, title: Title) -> bool:
        """Waits until a title may be begun; False where none may any more."""
        if self._most is None:
            return True
        async with self._changed:
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


class _Asking:
    """An event loop in a thread of its own, which asks while what it was told is landed."""

    def __init__(
        self, ask: Callable[[Callable[[Outcome], None], asyncio.Semaphore], Coroutine[Any, Any, None]]
    ) -> None:
        self._ask = ask
        self._outcomes: SimpleQueue[Outcome | None] = SimpleQueue()
        self.ended = False
        self._error: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tmdb", daemon=True)
        self._thread.start()
        self._ready.wait()

    def take(self) -> list[Outcome]:
        """What has come, after a moment at most."""
        taken: list[Outcome] = []
        try:
            item = self._outcomes.get(timeout=MOMENT_S)
            while item is not None:
                taken.append(item)
                item = self._outcomes.get_nowait()
            self.ended = True
        except Empty:
            pass
        return taken

    def release(self, count: int) -> None:
        """So many more may be asked."""

        def release() -> None:
            for _ in range(count):
                self._slots.release()

        self._call(release)

    def stop(self) -> None:
        """Ends the asking, whatever is under way."""
        self._call(self._task.cancel)
        self._thread.join(MOMENT_S)

    def _call(self, do: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(do)

    def raise_error(self) -> None:
        """Raises what ended the asking, if that was an error."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseExceptionGroup as group:
            self._error = _first(group)
        except BaseException as error:  # noqa: BLE001 it is raised where it is waited for
            self._error = error
        finally:
            self._ready.set()
            self._outcomes.put(None)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._task = asyncio.ensure_future(self._ask(self._outcomes.put, self._slots))
        self._ready.set()
        await self._task


Ask = Callable[[Callable[[Outcome], None], asyncio.Semaphore], Coroutine[Any, Any, None]]
"""Tells outcomes, each for a slot that it has taken before."""


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
