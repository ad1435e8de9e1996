"""A snapshot: TMDB records saved earlier, one a line or in arrays."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from cinelake.enrich.interface import Estimate, Held, Missing, Outcome, Record, Title
from cinelake.enrich.records import records_in, title_of
from cinelake.errors import ConfigurationError, DataError

SUFFIXES = (".json", ".jsonl", ".ndjson")
"""The files of a folder that are read."""


class Snapshot:
    """The records in a file, in the files of a folder, or in those that a glob names. See `RecordSource`."""

    name: ClassVar[str] = "snapshot"
    batch_titles: ClassVar[int] = 1_000_000
    is_timed: ClassVar[bool] = False
    requests = 0
    refusals = 0

    def __init__(self, directory: Path, pattern: str) -> None:
        """Finds the files.

        Args:
            directory: the project folder, which `pattern` is relative to.
            pattern: `[tmdb] snapshot` of `lake.toml`.

        Raises:
            ConfigurationError: there is no such file.
        """
        path = directory / pattern
        if path.is_dir():
            self.files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
        elif path.is_file():
            self.files = [path]
        else:
            root = Path(Path(pattern).anchor or directory)
            relative = pattern.removeprefix(Path(pattern).anchor)
            self.files = sorted(file for file in root.glob(relative) if file.is_file())
        if not self.files:
            raise ConfigurationError(
                f"the snapshot {pattern} is missing",
                'put it into the project folder, mend tmdb.snapshot in lake.toml, or set tmdb.source = "off"',
            )

    def is_due(self, held: Held | None, now: datetime) -> bool:  # noqa: ARG002 it may hold another record at any time
        """See `RecordSource.is_due`."""
        return True

    def estimate(self, due: Sequence[Title], known: Mapping[Title, bool]) -> Estimate | None:  # noqa: ARG002
        """See `RecordSource.estimate`."""
        return None

    def look_up(self, titles: Sequence[Title]) -> Iterator[Sequence[Outcome]]:
        """See `RecordSource.look_up`. Of two records of one title the later is the newer.

        Raises:
            DataError: a file is no JSON Lines and no array of objects; names the file and line.
        """
        known = {record.title: record for record in self._records(frozenset(titles))}
        yield [known.get(title) or Missing(title) for title in titles]

    def stop(self) -> Sequence[Outcome]:
        """See `RecordSource.stop`."""
        return ()

    def _records(self, wanted: frozenset[Title]) -> Iterator[Record]:
        for file in self.files:
            try:
                text = file.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError as error:
                raise DataError(f"{file.name} is not UTF-8 text", "save the snapshot as UTF-8") from error
            except OSError as error:
                raise ConfigurationError(
                    f"{file.name} cannot be read: {error.strerror}", "make it a file that you may read"
                ) from error
            for body, record in records_in(text, file.name):
                title = title_of(record)
                if title is not None and title in wanted:
                    yield Record(title, body)
