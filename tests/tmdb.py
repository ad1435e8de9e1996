"""A TMDB of the tests' own, as a process, and projects that ask it."""

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinelake import EnrichOptions, EnrichResult, enrich_titles
from cinelake.lake import OnEvent, silent
from projects import DATE, SERIES_HEADER, Place, ProjectFolder
from tables import film, one_series

SERVER = Path(__file__).with_name("tmdb_server.py")
TOKEN = "eyJ-a-token-of-the-tests"


@dataclass(frozen=True)
class TmdbServer:
    """The process, from outside."""

    url: str

    def switch(self, **switches: Any) -> None:
        """Sets how it behaves; see `tmdb_server.Switches`."""
        self._ask("_switches", json.dumps(switches).encode())

    def fail(self, *faults: Mapping[str, Any]) -> None:
        """Sets what goes wrong; see `tmdb_server.Fault`."""
        self.switch(faults=faults)

    def log(self) -> list[tuple[str, int, float]]:
        """Path with query, status and second of every request."""
        return [(path, status, at) for path, status, at in self._ask("_log")]

    def paths(self) -> list[str]:
        """What was asked, without the query."""
        return [path.partition("?")[0] for path, _, _ in self.log()]

    def counts(self) -> "Counter[str]":
        """How often each path was asked."""
        counts: Counter[str] = Counter()
        for path, count in self._ask("_counts").items():
            counts[path.partition("?")[0]] += count
        return counts

    def forget(self) -> None:
        """Empties the log."""
        request = urllib.request.Request(f"{self.url}/_log", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()

    def _ask(self, path: str, data: bytes | None = None) -> Any:
        with urllib.request.urlopen(f"{self.url}/{path}", data, timeout=10) as response:
            return json.load(response)


@contextmanager
def serving(records: Path, *options: str) -> Iterator[TmdbServer]:
    """The process, at work on a file of records."""
    command = [sys.executable, str(SERVER), str(records), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield TmdbServer(process.stdout.readline().strip())
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def write_titles(folder: ProjectFolder, *, films: int, series: int = 0, known: float = 1) -> list[dict[str, Any]]:
    """Titles in the project's files, most votes first, and records of a share of them, which are returned."""
    film_ids = [f"tt{91_000_000 + number}" for number in range(films)]
    series_ids = [f"tt{95_000_000 + number}" for number in range(series)]
    votes = [str(90_000 - number) for number in range(max(films, series))]
    rows = [film(imdb_id, genero="Drama", numeroVotos=each) for imdb_id, each in zip(film_ids, votes, strict=False)]
    folder.write_csv("movies.csv", rows)
    rows = [one_series(each, genero="Drama", numeroVotos=vote) for each, vote in zip(series_ids, votes, strict=False)]
    folder.write_csv("series.csv", rows, header=SERIES_HEADER)
    records: list[dict[str, Any]] = [
        {"id": number, "imdb_id": imdb_id, "title": imdb_id, "popularity": number / 8, "budget": 0, "revenue": 0}
        for number, imdb_id in enumerate(film_ids, start=1)
    ]
    records += [
        {"id": number, "name": imdb_id, "popularity": number / 8, "external_ids": {"imdb_id": imdb_id}}
        for number, imdb_id in enumerate(series_ids, start=1)
    ]
    # Those that are known are spread evenly; the first of all is.
    percent = round(100 * known)
    kept = [record for number, record in enumerate(records) if number * percent % 100 < percent]
    folder.write_records("tmdb.jsonl", kept)
    return kept


def point_at(folder: ProjectFolder, server: TmdbServer, *, rate: float = 10_000, more: str = "") -> None:
    """A lake.toml that asks the server."""
    folder.write_settings(tmdb=f'source = "api"\nbase_url = "{server.url}"\nrequests_per_second = {rate}\n{more}')


def asking(folder: ProjectFolder, **variables: str) -> Place:
    """The project's own lake, and a token."""
    return Place(f"file:{folder.path / 'lake'}", variables or {"TMDB_TOKEN": TOKEN})


def ask_tmdb(
    folder: ProjectFolder, options: EnrichOptions | None = None, *, date: str = DATE, on_event: OnEvent = silent
) -> EnrichResult:
    """Enriches in this process."""
    return enrich_titles(*folder.open(asking(folder), date), options, on_event)


def records_of(folder: ProjectFolder, date: str = DATE) -> list[dict[str, Any]]:
    """Every record that the lake holds of a date, read from its files."""
    day = date.replace("-", "/")
    files = folder.path.glob(f"lake/Raw/TMDB/JSON/*/{day}/*.json")
    return [record for path in sorted(files) for record in json.loads(path.read_bytes())]


def ids_of(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Their IMDb ids, in order."""
    return sorted(record.get("imdb_id") or record["external_ids"]["imdb_id"] for record in records)


def twice(counts: Mapping[str, int], paths: Sequence[str]) -> list[str]:
    """Those of the paths that were asked more than once."""
    return [path for path in paths if counts[path] > 1]
