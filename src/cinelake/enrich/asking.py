"""An event loop in a thread of its own: it asks, while those who wait for its outcomes do other things."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from cinelake.enrich.interface import Outcome

MOMENT_S = 0.2
"""The longest that nothing is told."""

Ask = Callable[[Callable[[Outcome], None], asyncio.Semaphore], Coroutine[Any, Any, None]]


class Asking:
    """An event loop in a thread of its own, which asks while what it was told is landed."""

    def __init__(self, ask: Ask, at_once: int) -> None:
        """Begins.

        Args:
            ask: tells outcomes, each for a slot that it has taken before.
            at_once: slots.

        Raises:
            OSError: the system has no room for it.
        """
        self._ask, self._at_once = ask, at_once
        self._outcomes: SimpleQueue[Outcome | None] = SimpleQueue()
        self.ended = False
        self._error: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tmdb", daemon=True)
        self._thread.start()
        self._ready.wait()
        self.raise_error()

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

    def stop(self) -> list[Outcome]:
        """Ends the asking, whatever is under way; returns what has come and was not taken."""
        self._call(self._task.cancel)
        self._thread.join(MOMENT_S)
        left: list[Outcome] = []
        with suppress(Empty):
            while True:
                item = self._outcomes.get_nowait()
                left += [item] if item is not None else []
        return left

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
        self._slots = asyncio.Semaphore(self._at_once)
        self._task = asyncio.ensure_future(self._ask(self._outcomes.put, self._slots))
        self._ready.set()
        await self._task


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
