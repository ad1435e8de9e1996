"""IMDb's datasets, invented in their real format, and a server of them as a process."""

import csv
import gzip
import json
import random
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVER = Path(__file__).with_name("imdb_server.py")
UNKNOWN = "\\N"
COLUMNS = {
    "title.basics": (
        "tconst", "titleType", "primaryTitle", "originalTitle", "isAdult", "startYear", "endYear", "runtimeMinutes",
        "genres",
    ),
    "title.ratings": ("tconst", "averageRating", "numVotes"),
    "title.principals": ("tconst", "ordering", "nconst", "category", "job", "characters"),
    "name.basics": ("nconst", "primaryName", "birthYear", "deathYear", "primaryProfession", "knownForTitles"),
}  # fmt: skip
NAMES = tuple(f"{name}.tsv.gz" for name in COLUMNS)
KINDS = ("movie", "tvSeries", "tvMiniSeries", "tvEpisode", "short", "tvMovie", "videoGame")
CATEGORIES = ("actor", "actress", "director", "writer", "self", "archive_footage")
GENRES = ("Drama", "Romance", "Drama,Romance", "Comedy", "Action,Sci-Fi", UNKNOWN)
WORDS = ("Lantern", "Ação", 'The "Real" One', "a | b", "雨", "Été", "It's", "#1", " padded", "x,y", "back\\slash")


@dataclass
class Datasets:
    """The rows of IMDb's files, each field as the file writes it."""

    basics: list[Sequence[str]] = field(default_factory=list)
    ratings: list[Sequence[str]] = field(default_factory=list)
    principals: list[Sequence[str]] = field(default_factory=list)
    names: list[Sequence[str]] = field(default_factory=list)

    def add_title(self, tconst: str, kind: str = "movie", title: str = "A Title", **given: str) -> None:
        """A title; a rating too, but where it is given as unknown."""
        fields = {
            "originalTitle": title, "isAdult": "0", "startYear": "2001", "endYear": UNKNOWN, "runtimeMinutes": "90",
            "genres": "Drama", "averageRating": "6.4", "numVotes": "100", **given,
        }  # fmt: skip
        self.basics.append((tconst, kind, title, *(fields[name] for name in COLUMNS["title.basics"][3:])))
        if fields["averageRating"] != UNKNOWN:
            self.ratings.append((tconst, fields["averageRating"], fields["numVotes"]))

    def add_artist(
        self, tconst: str, ordering: int, nconst: str, category: str = "actor", characters: str = UNKNOWN
    ) -> None:
        """An artist of a title, whose name is to be added once."""
        self.principals.append((tconst, str(ordering), nconst, category, UNKNOWN, characters))

    def add_name(self, nconst: str, name: str = "An Artist", **given: str) -> None:
        """A person."""
        fields = {
            "birthYear": "1961", "deathYear": UNKNOWN, "primaryProfession": "actor", "knownForTitles": "tt0000001",
            **given,
        }  # fmt: skip
        self.names.append((nconst, name, *(fields[column] for column in COLUMNS["name.basics"][2:])))

    def write(self, folder: Path, *, level: int = 6) -> None:
        """Writes the four files."""
        folder.mkdir(exist_ok=True)
        tables: tuple[Iterable[Sequence[str]], ...] = (self.basics, self.ratings, self.principals, self.names)
        for (name, columns), rows in zip(COLUMNS.items(), tables, strict=True):
            write_tsv(folder / f"{name}.tsv.gz", columns, rows, level=level)


def write_tsv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], *, level: int = 6) -> None:
    """One file: tabs, no quoting, a header; the same rows give the same bytes."""
    with path.open("wb") as file, gzip.GzipFile("", "wb", level, file, mtime=0) as packed:
        packed.write(("\t".join(columns) + "\n").encode())
        for row in rows:
            packed.write(("\t".join(row) + "\n").encode())


def invented(*, titles: int = 400, names: int = 300, artists: int = 6, seed: int = 1) -> Datasets:
    """Titles of all kinds, some without a rating, some for adults, some without artists."""
    chosen, datasets = random.Random(seed), Datasets()
    for number in range(names):
        born = str(1900 + chosen.randrange(100))
        datasets.add_name(
            f"nm{90_000_000 + number}",
            f"Invented {chosen.choice(WORDS)} {number}",
            birthYear=chosen.choice((born, UNKNOWN)),
            primaryProfession=chosen.choice(("actor", "actress,producer", "", UNKNOWN)),
            knownForTitles=chosen.choice(("tt90000001,tt90000002", UNKNOWN)),
        )
    for number in range(titles):
        tconst = f"tt{99_999_000 + number * 7}"
        datasets.add_title(
            tconst,
            chosen.choice(KINDS),
            f"Invented: {chosen.choice(WORDS)} {number}",
            originalTitle=chosen.choice((f"Original {number}", "Ōmura")),
            isAdult="1" if chosen.random() < 0.05 else "0",
            startYear=chosen.choice((str(1930 + chosen.randrange(90)), UNKNOWN)),
            runtimeMinutes=chosen.choice((str(1 + chosen.randrange(200)), UNKNOWN)),
            genres=chosen.choice(GENRES),
            averageRating=UNKNOWN if chosen.random() < 0.2 else f"{1 + chosen.random() * 9:.1f}",
            numVotes=str(5 + int(chosen.paretovariate(0.7))),
        )
        for ordering in range(1, chosen.randrange(artists + 1) + 1):
            characters = json.dumps([chosen.choice(WORDS) for _ in range(1 + chosen.randrange(2))], ensure_ascii=False)
            datasets.add_artist(
                tconst,
                ordering,
                f"nm{90_000_000 + chosen.randrange(names + 3)}",
                chosen.choice(CATEGORIES),
                chosen.choice((characters, UNKNOWN)),
            )
    return datasets


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a file that was made, read by Python's own reader."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="|", strict=True))


@dataclass(frozen=True)
class ImdbServer:
    """The process, from outside."""

    url: str
    folder: Path
    """Whose files it serves, as they are at the moment."""

    def fail(self, *faults: Mapping[str, Any]) -> None:
        """Sets what goes wrong; see `imdb_server.Fault`."""
        self._ask("_faults", json.dumps(faults).encode())

    def log(self) -> list[dict[str, Any]]:
        """Every request: name, status, the headers Range and If-Range, and how many bytes were answered."""
        read: list[dict[str, Any]] = self._ask("_log")
        return read

    def forget(self) -> None:
        """Empties the log."""
        self._ask("_log", b"")

    def wait_until_sent(self, name: str, size_bytes: int) -> None:
        """Returns once so many bytes of a file have gone to whoever asks."""
        self._ask(f"_sent/{name}/{size_bytes}")

    def _ask(self, path: str, data: bytes | None = None) -> Any:
        with urllib.request.urlopen(f"{self.url}/{path}", data, timeout=60) as response:
            return json.load(response)


@contextmanager
def serving(folder: Path) -> Iterator[ImdbServer]:
    """The process, at work on a folder."""
    process = subprocess.Popen([sys.executable, str(SERVER), str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield ImdbServer(process.stdout.readline().strip(), folder)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
