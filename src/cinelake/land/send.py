"""Sending what a plan says: many small files side by side, each large one in parts, and all of it to be interrupted."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event as Flag
from threading import Semaphore

from cinelake.lake import Event, Lake, OnEvent
from cinelake.lake.manifests import ObjectRecord
from cinelake.lake.reading import WHOLE_BYTES, ReadFile
from cinelake.lake.runs import Item
from cinelake.land.plan import PlannedObject

STAGE = "land"
CONTENT_TYPE = "text/csv"
SENDERS = 32
"""Small files on their way at once: most of their time goes into waiting for answers. One thread reads them all, since
threads that read and hash side by side mostly wait for each other to let go of Python's lock."""
BATCH_FILES, BATCH_BYTES = 32, 1 << 20
"""Of what a sender is handed at once, at most; a file that is larger goes alone."""
ROOM_BYTES = 32 << 20
"""For all small files in memory."""
TICK_S = 0.1
"""Between two looks at what has gone."""
GRACE_S = 10.0
"""For what is on its way to be given up where a run is interrupted."""


class _HaltedError(Exception):
    """The run was interrupted, or another file failed."""


class _Tally:
    """What has gone so far; written by many threads, read by one. Each change of a list or a dictionary is one step."""

    def __init__(self, files: int, bytes_to_send: int) -> None:
        self._files, self._bytes = files, bytes_to_send
        self._gone: list[int] = []
        self._ended: list[str] = []
        self._under_way: dict[str, tuple[int, list[int]]] = {}
        """The bytes of a file, and those of it that have gone."""
        self.halt = Flag()

    def begin(self, planned: PlannedObject) -> None:
        self._under_way[planned.file.source] = (planned.file.bytes, [])

    def add(self, planned: PlannedObject, count: int) -> None:
        """Raises _HaltedError where the run is to end."""
        if self.halt.is_set():
            raise _HaltedError
        if count:
            self._gone.append(count)
            self._under_way[planned.file.source][1].append(count)

    def end(self, planned: PlannedObject) -> None:
        del self._under_way[planned.file.source]
        self._ended.append(planned.file.source)

    def event(self) -> Event:
        items = tuple(Item(source, sum(gone), total) for source, (total, gone) in self._under_way.copy().items())
        message = f"sent {len(self._ended):,} of {self._files:,} file{'s' if self._files > 1 else ''}"
        return Event(STAGE, message, "progress", sum(self._gone), self._bytes, "bytes", items)


def send_files(
    lake: Lake,
    planned: Sequence[PlannedObject],
    paths: Sequence[str],
    on_event: OnEvent,
    arrived: dict[str, ObjectRecord] | None = None,
) -> dict[str, ObjectRecord]:
    """Writes files to the lake.

    Args:
        lake: there already.
        planned: what to send.
        paths: of the files, in the same order.
        on_event: told of the progress, from this thread.
        arrived: by key. What is in here is not sent again; what arrives is added, also before a failure.

    Returns:
        The objects by key, `arrived` where that was given; each confirmed by the store.

    Raises:
        CinelakeError: the first that failed; what was on its way beside it is given up.
        KeyboardInterrupt: likewise.
    """
    arrived = {} if arrived is None else arrived
    jobs = [job for job in zip(planned, paths, strict=True) if job[0].file.key not in arrived]
    if not jobs:
        lake.confirm(arrived.values())
        return arrived
    tally = _Tally(len(jobs), sum(each.file.bytes for each, _ in jobs))
    sending = _Sending(lake, tally, arrived)
    small = [job for job in jobs if job[0].file.bytes <= WHOLE_BYTES]
    large = [job for job in jobs if job[0].file.bytes > WHOLE_BYTES]
    pool = ThreadPoolExecutor(1, "sending")
    try:
        # One large file at a time fills the wire with its parts; small ones need company.
        for send, share in ((sending.send_small, small), (sending.send_large, large)):
            _watch(pool.submit(send, share), tally, on_event)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    lake.confirm(arrived.values())
    return arrived


def _watch(future: Future[None], tally: _Tally, on_event: OnEvent) -> None:
    """Tells the progress until all is done; raises what failed. Where it ends early, what is on its way is given up."""
    try:
        on_event(tally.event())
        while not wait([future], TICK_S).done:
            on_event(tally.event())
    except BaseException:
        tally.halt.set()
        wait([future], GRACE_S)
        raise
    future.result()
    on_event(tally.event())


Job = tuple[PlannedObject, str]
"""What to send, and the path of its file."""


class _Sending:
    """What is sent of one landing, and what has arrived."""

    def __init__(self, lake: Lake, tally: _Tally, arrived: dict[str, ObjectRecord]) -> None:
        self._lake, self._tally = lake, tally
        self._records = arrived

    def send_large(self, jobs: Sequence[Job]) -> None:
        """One after the other."""
        for planned, path in jobs:
            self._send_from_disk(planned, path)

    def send_small(self, jobs: Sequence[Job]) -> None:
        """Many at once; raises the first failure, when what was on its way beside it has ended."""
        room = Semaphore(ROOM_BYTES // BATCH_BYTES)
        failures: list[BaseException] = []

        def send(batch: Sequence[tuple[PlannedObject, str, ReadFile | None]], pieces: int) -> None:
            try:
                for planned, path, read in batch:
                    self._send_read(planned, path, read)
            except BaseException as error:  # noqa: BLE001 it is raised by the thread that reads
                failures.append(error)
                self._tally.halt.set()
            finally:
                room.release(pieces)

        with ThreadPoolExecutor(min(SENDERS, len(jobs)) or 1, "send") as pool:
            try:
                for batch, size_bytes in _batches(jobs):
                    pieces = min(-(-size_bytes // BATCH_BYTES), ROOM_BYTES // BATCH_BYTES)
                    for _ in range(pieces):
                        room.acquire()
                    if self._tally.halt.is_set():
                        break
                    pool.submit(send, [(*job, self._lake.read_small(job[0].file.key, job[1])) for job in batch], pieces)
            except BaseException:
                self._tally.halt.set()
                raise
        if self._tally.halt.is_set():
            raise next((error for error in failures if not isinstance(error, _HaltedError)), _HaltedError())

    def _send_read(self, planned: PlannedObject, path: str, read: ReadFile | None) -> None:
        if read is None:  # it has grown since it was listed
            self._send_from_disk(planned, path)
            return
        self._tally.begin(planned)
        self._tally.add(planned, 0)
        record = self._lake.put_read(read, content_type=CONTENT_TYPE, replaces=planned.replaces, if_match=planned.e_tag)
        self._records[planned.file.key] = record
        self._tally.add(planned, record.bytes)
        self._tally.end(planned)

    def _send_from_disk(self, planned: PlannedObject, path: str) -> None:
        self._tally.begin(planned)
        record = self._lake.put_file(
            planned.file.key,
            path,
            content_type=CONTENT_TYPE,
            replaces=planned.replaces,
            if_match=planned.e_tag,
            on_bytes=lambda count: self._tally.add(planned, count),
        )
        self._records[planned.file.key] = record
        self._tally.end(planned)


def _batches(jobs: Sequence[Job]) -> Iterator[tuple[list[Job], int]]:
    """Shares of the jobs with their bytes: few files are spread over all senders, many handed over by the handful."""
    most = max(1, min(BATCH_FILES, len(jobs) // SENDERS))
    batch: list[Job] = []
    size_bytes = 0
    for job in jobs:
        if batch and (len(batch) == most or size_bytes + job[0].file.bytes > BATCH_BYTES):
            yield batch, size_bytes
            batch, size_bytes = [], 0
        batch.append(job)
        size_bytes += job[0].file.bytes
    if batch:
        yield batch, size_bytes
