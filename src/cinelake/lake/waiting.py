"""Waiting that Ctrl-C ends: Python hears of it in its main thread alone, and not while that waits in obstore."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Thread, current_thread, main_thread
from typing import TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")


def interruptibly(do: Callable[[], Result]) -> Result:
    """Does it in a thread of its own, which is left behind where Ctrl-C ends the waiting for it."""
    return do() if current_thread() is not main_thread() else _begun(do).result()


def to_the_end(do: Callable[[], Result], *, within_s: float) -> Result:
    """Does it in a thread of its own, and to its end where Ctrl-C comes meanwhile, which then waits some seconds."""
    if current_thread() is not main_thread():
        return do()
    future = _begun(do)
    try:
        return future.result()
    except KeyboardInterrupt:
        wait([future], within_s)
        raise


def attended(
    do: Callable[[], Result],
    look: Callable[[], None],
    *,
    every_s: float,
    undo: Callable[[Result], object] | None = None,
    within_s: float = 0,
) -> Result:
    """Does it in a thread of its own, which is left behind where `look`, called again and again meanwhile, raises.

    Args:
        do: what.
        look: see above.
        every_s: between two looks.
        undo: takes back what is done after all, where that is so within some seconds.
        within_s: how many.
    """
    future = _begun(do)
    try:
        while not wait([future], every_s).done:
            look()
    except BaseException:
        if undo is not None and wait([future], within_s).done and future.exception() is None:
            undo(future.result())
        raise
    return future.result()


def side_by_side(do: Callable[[Given], Result], items: Iterable[Given], *, at_once: int) -> list[Result]:
    """Does it to each, some at once; the results are in the order of the items.

    Raises:
        BaseException: the first that was raised, once what was begun has ended; KeyboardInterrupt at once.
    """
    pool = ThreadPoolExecutor(at_once)
    try:
        return list(pool.map(do, items))
    except BaseException as error:
        pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    finally:
        pool.shutdown(wait=False)


def _begun(do: Callable[[], Result]) -> Future[Result]:
    future: Future[Result] = Future()

    def work() -> None:
        try:
            future.set_result(do())
        except BaseException as error:  # noqa: BLE001 it is raised where it is waited for
            future.set_exception(error)

    Thread(target=work, name="waiting", daemon=True).start()
    return future
