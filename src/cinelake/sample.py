"""Invented films, series and TMDB records, in the schema and with the shape of the real files.

    python -m cinelake.sample DIRECTORY [--films N] [--series N] [--seed N]

The same arguments give the same bytes on every machine. Every title says that it is invented, and the ids lie in a
range that IMDb does not use. What is copied from the real files is their shape: several artist rows a title, the shares
of unknowns, votes with a long tail, quotes and accents, and TMDB's zeros for money that it does not know.
"""

import argparse
import csv
import json
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import IO, Any

MOVIES, SERIES, TMDB = "movies.csv", "series.csv", "tmdb.jsonl"
HEADER = (
    "id", "tituloPincipal", "tituloOriginal", "anoLancamento", "tempoMinutos", "genero", "notaMedia", "numeroVotos",
    "generoArtista", "personagem", "nomeArtista", "anoNascimento", "anoFalecimento", "profissao",
    "titulosMaisConhecidos",
)  # fmt: skip
END_YEAR, END_YEAR_AT = "anoTermino", 4
UNKNOWN = "\\N"

FIRST_FILM, FIRST_SERIES, LAST = 90_000_000, 99_000_000, 99_999_999
"""Numbers of the ids: eight digits, as IMDb's newer ones, and far above them."""

GENRES = (
    ("Drama", 38), ("Comedy", 22), ("Romance", 14), ("Action", 10), ("Crime", 9), ("Thriller", 9), ("Animation", 7),
    ("Adventure", 6), ("Documentary", 6), ("Horror", 6), ("Family", 4), ("Fantasy", 4), ("Mystery", 4), ("Sci-Fi", 4),
    ("Biography", 3), ("History", 2), ("Music", 2), ("War", 2), ("Sport", 1), ("Western", 1),
)  # fmt: skip
"""IMDb's names, with how often each is drawn."""
ADJECTIVES = ("Silent", "Última", "Golden", "Längste", "Broken", "Doce", "Hidden", "Étrange", "Second", "Azul")
NOUNS = ("Lantern", "Travessia", "Orchard", "Schlüssel", "River", "Canção", "Harbour", "Été", "Garden", "Ponte")
PLACES = (
    "São Bento",
    "Nowhere",
    "Ōmura",
    "Santa Luzia",
    "Тихая",
    "Elmswood",
    "Þórshöfn",
    "Vila Nova",
    "雨の町",
    "Quay",
)
SYLLABLES = ("bel", "dor", "fi", "gal", "ha", "jo", "ka", "lu", "mi", "nor", "pé", "ra", "são", "ti", "vo", "zu")
JOBS = ("actress,producer,director", "actor,soundtrack", "director,writer", "actor", "actress", "composer")
CATEGORIES = ("actor", "actress", "director", "writer", "producer", "composer")


@dataclass(frozen=True)
class SampleFiles:
    """What was written."""

    movies: Path
    series: Path
    tmdb: Path
    movie_rows: int
    """Artist rows, the header aside."""
    series_rows: int
    tmdb_records: int


@dataclass(frozen=True)
class _Title:
    """One invented title; `None` is an unknown."""

    imdb_id: str
    name: str
    original_name: str
    year: int | None
    end_year: int | None
    minutes: int | None
    genres: str | None
    rating: float
    votes: int

    @property
    def fame(self) -> float:
        """How well known it is: 0 in the middle, by its votes."""
        return (math.log(self.votes) - 4.6) / 2


def write_sample(
    directory: Path,
    *,
    films: int = 1500,
    series: int = 240,
    seed: int = 2022,
    money_share: float = 0.5,
    overwrite: bool = False,
) -> SampleFiles:
    """Writes `movies.csv`, `series.csv` and `tmdb.jsonl`, title by title: memory does not grow with their number.

    Args:
        directory: made where it is not there.
        films: how many films, each with one to ten artist rows; 245,000 are about as many as the real file's.
        series: how many series.
        seed: other seeds give other titles.
        money_share: of the films with a TMDB record, how many have a budget. TMDB itself knows about 0.18; a small
            sample wants more, to have an answer.
        overwrite: replace files that are there.

    Raises:
        ValueError: more titles than there are ids: nine million films, a million series.
        FileExistsError: names the files that are there, where they are not to be replaced.
    """
    if not (0 <= films <= FIRST_SERIES - FIRST_FILM and 0 <= series <= LAST - FIRST_SERIES + 1):
        raise ValueError(f"{films} films and {series} series are more than there are ids for")
    files = SampleFiles(directory / MOVIES, directory / SERIES, directory / TMDB, 0, 0, 0)
    there = present_files(directory)
    if there and not overwrite:
        raise FileExistsError(f"{', '.join(there)} in {directory} would be replaced")
    directory.mkdir(parents=True, exist_ok=True)
    random = Random(seed)
    fresh = [path.with_name(f".{path.name}.new") for path in (files.movies, files.series, files.tmdb)]
    try:
        with ExitStack() as stack:
            movies_file, series_file, tmdb_file = (
                stack.enter_context(path.open("w", encoding="utf-8", newline="")) for path in fresh
            )
            movie_rows, movie_records = _write_films(random, films, money_share, movies_file, tmdb_file)
            series_rows, series_records = _write_series(random, series, series_file, tmdb_file)
        for path, final in zip(fresh, (files.movies, files.series, files.tmdb), strict=True):
            path.replace(final)
    finally:
        for path in fresh:
            path.unlink(missing_ok=True)
    return SampleFiles(files.movies, files.series, files.tmdb, movie_rows, series_rows, movie_records + series_records)


def present_files(directory: Path) -> list[str]:
    """Which of the three files are in a folder already."""
    return [name for name in (MOVIES, SERIES, TMDB) if (directory / name).exists()]


def _write_films(random: Random, films: int, money_share: float, rows: IO[str], records: IO[str]) -> tuple[int, int]:
    """Returns how many artist rows and how many TMDB records were written."""
    writer = csv.writer(rows, delimiter="|", lineterminator="\n")
    writer.writerow(HEADER)
    written = known = 0
    for number in range(films):
        title = _invent(random, FIRST_FILM + number, mean_rating=6.2)
        for row in _artist_rows(random, title, with_end=False):
            writer.writerow(row)
            written += 1
        if random.random() < 0.35 + 0.25 * title.fame:
            records.write(json.dumps(_film_record(random, title, number, money_share), ensure_ascii=False) + "\n")
            known += 1
    return written, known


def _write_series(random: Random, series: int, rows: IO[str], records: IO[str]) -> tuple[int, int]:
    """Returns how many artist rows and how many TMDB records were written."""
    writer = csv.writer(rows, delimiter="|", lineterminator="\n")
    writer.writerow((*HEADER[:END_YEAR_AT], END_YEAR, *HEADER[END_YEAR_AT:]))
    written = known = 0
    for number in range(series):
        title = _invent(random, FIRST_SERIES + number, mean_rating=7.4)
        for row in _artist_rows(random, title, with_end=True):
            writer.writerow(row)
            written += 1
        if random.random() < 0.5:
            records.write(json.dumps(_series_record(random, title, number), ensure_ascii=False) + "\n")
            known += 1
    return written, known


def _invent(random: Random, number: int, *, mean_rating: float) -> _Title:
    words = f"{_pick(random, ADJECTIVES)} {_pick(random, NOUNS)} of {_pick(random, PLACES)}"
    share = random.random()
    if share < 0.02:
        words = f'{words}: The "Real" One'
    elif share < 0.025:
        words = f"{words} | Part 2"
    elif share < 0.06:
        words = f"{words}, Again"
    name = f"Invented: {words}"
    year = 1960 + int(63 * math.sqrt(random.random()))
    votes = 5 + int(math.exp(4.6 + 2.0 * _normal(random)))
    rating = min(10.0, max(1.0, mean_rating + 1.2 * _normal(random)))
    return _Title(
        imdb_id=f"tt{number}",
        name=name,
        original_name=name if random.random() < 0.7 else f"Invented: {_pick(random, NOUNS)} {number % 1000}",
        year=year if random.random() > 0.001 else None,
        end_year=year + int(8 * random.random()) if random.random() < 0.6 else None,
        minutes=max(1, int(95 + 22 * _normal(random))) if random.random() > 0.11 else None,
        genres=_genres(random) if random.random() > 0.04 else None,
        rating=round(rating, 1),
        votes=votes,
    )


def _genres(random: Random) -> str:
    """One to three genres, in the order of the alphabet as IMDb lists them."""
    total = sum(weight for _, weight in GENRES)
    chosen: set[str] = set()
    for _ in range(1 + int(3 * random.random())):
        place = random.random() * total
        for name, weight in GENRES:
            place -= weight
            if place < 0:
                chosen.add(name)
                break
    return ",".join(sorted(chosen))


def _artist_rows(random: Random, title: _Title, *, with_end: bool) -> Iterator[Sequence[object]]:
    told = [title.imdb_id, title.name, title.original_name, _or_unknown(title.year)]
    if with_end:
        told.append(_or_unknown(title.end_year))
    told += [_or_unknown(title.minutes), title.genres or UNKNOWN, f"{title.rating:.1f}", str(title.votes)]
    artists = 1 + int(8 * random.random()) if random.random() > 0.03 else 0
    for _ in range(artists):
        born = 1930 + int(70 * random.random()) if random.random() > 0.37 else None
        died = born + 45 + int(40 * random.random()) if born and random.random() < 0.42 else None
        yield (
            *told,
            _pick(random, CATEGORIES),
            f"{_name(random)}" if random.random() > 0.16 else UNKNOWN,
            f"{_name(random)} {_name(random)}",
            _or_unknown(born),
            _or_unknown(died),
            _pick(random, JOBS) if random.random() > 0.016 else "",
            f"{title.imdb_id},tt{FIRST_FILM + int(1000 * random.random())}" if random.random() > 0.001 else UNKNOWN,
        )
    if not artists:
        yield (*told, *[UNKNOWN] * 7)


def _film_record(random: Random, title: _Title, number: int, money_share: float) -> dict[str, Any]:
    """A record of `/3/movie/{id}`. Well-known films are popular and return more; money that is not known is 0."""
    budget = revenue = 0
    if random.random() < money_share:
        budget = int(math.exp(15.6 + 1.5 * _normal(random)))
        if random.random() < 0.02:
            budget = 1 + int(900 * random.random())
        if random.random() < 0.85:
            revenue = int(budget * math.exp(0.4 + 0.7 * title.fame + 0.9 * _normal(random)))
    return {
        "id": 10_000_000 + number,
        "imdb_id": title.imdb_id,
        "title": title.name,
        "original_title": title.original_name,
        "original_language": "pt" if number % 5 == 0 else "en",
        "release_date": f"{title.year}-06-15" if title.year else "",
        "status": "Released",
        "runtime": title.minutes or 0,
        "popularity": _popularity(random, title),
        "budget": budget,
        "revenue": revenue,
        "vote_average": title.rating,
        "vote_count": title.votes // 10,
        "genres": [],
        "adult": False,
        "video": False,
    }


def _series_record(random: Random, title: _Title, number: int) -> dict[str, Any]:
    """A record of `/3/tv/{id}` with `external_ids`: it has no money, and its IMDb id stands apart."""
    return {
        "id": 20_000_000 + number,
        "name": title.name,
        "original_name": title.original_name,
        "original_language": "en",
        "first_air_date": f"{title.year}-03-01" if title.year else "",
        "status": "Ended" if title.end_year else "Returning Series",
        "number_of_seasons": 1 + int(6 * random.random()),
        "number_of_episodes": 6 + int(60 * random.random()),
        "popularity": _popularity(random, title),
        "vote_average": title.rating,
        "vote_count": title.votes // 10,
        "genres": [],
        "adult": False,
        "external_ids": {"imdb_id": title.imdb_id},
    }


def _popularity(random: Random, title: _Title) -> float:
    """Three decimals mostly, up to sixteen now and then, as in TMDB's records of different years."""
    popularity = math.exp(0.6 + 0.9 * title.fame + 0.7 * _normal(random))
    return round(popularity, 3 if random.random() < 0.8 else 16)


def _name(random: Random) -> str:
    return (_pick(random, SYLLABLES) + _pick(random, SYLLABLES)).capitalize()


def _pick(random: Random, choices: Sequence[str]) -> str:
    return choices[int(random.random() * len(choices))]


def _normal(random: Random) -> float:
    """Box and Muller's transform: of Random, only `random()` is promised to stay the same between versions."""
    return math.sqrt(-2 * math.log(1 - random.random())) * math.cos(2 * math.pi * random.random())


def _or_unknown(value: int | None) -> str:
    return UNKNOWN if value is None else str(value)


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m cinelake.sample", description="Writes an invented sample.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--films", type=int, default=1500)
    parser.add_argument("--series", type=int, default=240)
    parser.add_argument("--seed", type=int, default=2022)
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    parser.add_argument("--if-absent", action="store_true", help="do nothing where one of the files is there")
    asked = parser.parse_args(arguments)
    there = present_files(asked.directory)
    if there and asked.if_absent:
        print(f"{asked.directory} has {', '.join(there)}: no sample is written")
        return 0
    try:
        files = write_sample(
            asked.directory, films=asked.films, series=asked.series, seed=asked.seed, overwrite=asked.overwrite
        )
    except (OSError, ValueError) as error:
        print(f"error: {error}\nhint:  give --overwrite, or name another folder", file=sys.stderr)
        return 2
    print(f"{files.movies}: {files.movie_rows:,} rows of {asked.films:,} invented films")
    print(f"{files.series}: {files.series_rows:,} rows of {asked.series:,} invented series")
    print(f"{files.tmdb}: {files.tmdb_records:,} invented TMDB records")
    return 0


if __name__ == "__main__":
    sys.exit(main())
