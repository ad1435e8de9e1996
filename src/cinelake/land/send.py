"""Sending what a plan says: many small files side by side, each large one in parts, and all of it to be interrupted."""

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event as Flag
from threading import Lock

from cinelake.lake import Event, Lake, OnEvent
from cinelake.lake.lake import WHOLE_BYTES
from cinelake.lake.manifests import ObjectRecord
from cinelake.lake.runs import Item
from cinelake.land.plan import PlannedObject

STAGE = "land"
CONTENT_TYPE = "text/csv"
WORKERS = 6
"""Small files sent at once; more are slower, since each holds Python's lock for a moment."""
TICK_S = 0.1
"""Between two looks at what has gone."""
GRACE_S = 10.0
"""For what is on its way to be given up where a run is interrupted."""


class _HaltedError(Exception):
    """The run was interrupted, or another file failed."""


class _Tally:
    """What has gone so far; written by many threads, read by one."""

    def __init__(self, files: int, bytes_to_send: int) -> None:
        self._files, self._bytes = files, bytes_to_send
        self._done_files = self._done_bytes = 0
        self._under_way: dict[str, list[int]] = {}
        self._lock = Lock()
        self.halt = Flag()

    def begin(self, planned: PlannedObject) -> None:
        with self._lock:
            self._under_way[planned.file.source] = [0, planned.file.bytes]

    def add(self, planned: PlannedObject, count: int) -> None:
        if self.halt.is_set():
            raise _HaltedError
        if count:
            with self._lock:
                self._done_bytes += count
                self._under_way[planned.file.source][0] += count

    def end(self, planned: PlannedObject) -> None:
        with self._lock:
            self._done_files += 1
            del self._under_way[planned.file.source]

    def event(self) -> Event:
        with self._lock:
            items = tuple(Item(source, done, total) for source, (done, total) in self._under_way.items())
        message = f"sent {self._done_files:,} of {self._files:,} file{'s' if self._files > 1 else ''}"
        return Event(STAGE, message, "progress", self._done_bytes, self._bytes, "bytes", items)


def send_files(
    lake: Lake, planned: Sequence[PlannedObject], paths: Sequence[str], on_event: OnEvent
) -> dict[str, ObjectRecord]:
    """Writes files to the lake.

    Args:
        lake: there already.
        planned: what to send.
        paths: of the files, in the same order.
        on_event: told of the progress, from this thread.

    Returns:
        The objects by key, each confirmed by the store.

    Raises:
        CinelakeError: the first that failed; what was on its way beside it is given up.
        KeyboardInterrupt: likewise.
    """
    if not planned:
        return {}
    tally = _Tally(len(planned), sum(each.file.bytes for each in planned))
    records: dict[str, ObjectRecord] = {}
    jobs = list(zip(planned, paths, strict=True))
    large = [job for job in jobs if job[0].file.bytes > WHOLE_BYTES]
    small = [job for job in jobs if job[0].file.bytes <= WHOLE_BYTES]

    def send(share: Sequence[tuple[PlannedObject, str]]) -> None:
        for each, path in share:
            tally.begin(each)
            records[each.file.key] = lake.put_file(
                each.file.key,
                path,
                content_type=CONTENT_TYPE,
                replaces=each.replaces,
                on_bytes=lambda count, each=each: tally.add(each, count),  # type: ignore[misc]
            )
            tally.end(each)

    # One large file at a time fills the wire with its parts; small ones need company.
    for shares in ([small[start::WORKERS] for start in range(min(WORKERS, len(small)))], [large]):
        pool = ThreadPoolExecutor(WORKERS, "send")
        futures = [pool.submit(send, share) for share in shares if share]
        try:
            _watch(futures, tally, on_event)
        except BaseException:
            tally.halt.set()
            wait(futures, GRACE_S)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    lake.confirm(records.values())
    return records


def _watch(futures: Sequence[Future[None]], tally: _Tally, on_event: OnEvent) -> None:
    """Tells the progress until all is done; raises what the first that failed has raised."""
    pending: set[Future[None]] = set(futures)
    while pending:
        on_event(tally.event())
        done, pending = wait(pending, TICK_S, FIRST_EXCEPTION)
        failed = [error for future in done if (error := future.exception())]
        if failed:
            tally.halt.set()
            others, _ = wait(pending, GRACE_S)
            failed += [error for future in others if (error := future.exception())]
            raise next((error for error in failed if not isinstance(error, _HaltedError)), failed[0])
    on_event(tally.event())
