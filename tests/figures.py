"""The answers worked out a second time: exact fractions, straight from the files, with nothing of cinelake."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Work:
    """One film or series, whatever number of rows its file has of it."""

    imdb_id: str
    title: str | None
    year: int | None
    genres: frozenset[str]
    rating: Fraction | None
    votes: int | None
    in_tmdb: bool
    popularity: Fraction | None
    budget: int | None
    revenue: int | None

    @property
    def roi(self) -> Fraction:
        assert self.budget is not None
        assert self.revenue is not None
        return Fraction(self.revenue - self.budget, self.budget)

    def is_counted(self, min_money: int) -> bool:
        """Whether budget-and-return counts it."""
        known = self.popularity is not None and self.budget is not None and self.revenue is not None
        return known and not self.is_implausible(min_money)

    def is_implausible(self, min_money: int) -> bool:
        return any(money is not None and money < min_money for money in (self.budget, self.revenue))


@dataclass(frozen=True)
class Works:
    """Every title of a project's files, by kind."""

    film: list[Work]
    series: list[Work]

    def comparison(self, genres: Sequence[str], min_votes: int = 0) -> list[dict[str, Any]]:
        """The rows of films-vs-series."""
        chosen = frozenset(genres)
        rows = []
        for kind, works in (("film", self.film), ("series", self.series)):
            counted = [work for work in works if not min_votes or (work.votes or 0) >= min_votes]
            groups = {
                "any": [work for work in counted if work.genres & chosen],
                "all": [work for work in counted if work.genres >= chosen],
                **{genre: [work for work in counted if genre in work.genres] for genre in sorted(genres)},
            }
            rows += [{"kind": kind, "genre": genre, **_measures(group)} for genre, group in groups.items()]
        return rows

    def films_of(self, genres: Sequence[str], min_votes: int = 0) -> list[Work]:
        """Those that have any of the genres."""
        chosen = frozenset(genres)
        return [
            work for work in self.film if work.genres & chosen and (not min_votes or (work.votes or 0) >= min_votes)
        ]

    def money(
        self,
        genres: Sequence[str],
        min_votes: int = 0,
        min_money: int = 1000,
        low: Fraction = Fraction(1, 4),
        high: Fraction = Fraction(3, 4),
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The summary and the rows of budget-and-return."""
        films = self.films_of(genres, min_votes)
        population = [work for work in films if work.is_counted(min_money)]
        summary = {
            "population": len(population),
            **_money_figures(population, low, high),
            "matched_in_tmdb": sum(work.in_tmdb for work in films),
            "budget_known": sum(work.budget is not None for work in films),
            "revenue_known": sum(work.revenue is not None for work in films),
            "implausible": sum(work.is_implausible(min_money) for work in films),
        }
        del summary["median_budget"]
        return summary, _corners(population, summary) if population else []

    def decades(
        self,
        genres: Sequence[str],
        *,
        least: int = 20,
        min_votes: int = 0,
        min_money: int = 1000,
        low: Fraction = Fraction(1, 4),
        high: Fraction = Fraction(3, 4),
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The rows of decades and of decade_titles, the latter by group, decade and place."""
        by_decade: dict[int, list[Work]] = {}
        for work in self.films_of(genres, min_votes):
            if work.is_counted(min_money) and work.year is not None:
                by_decade.setdefault(work.year // 10 * 10, []).append(work)
        rows: list[dict[str, Any]] = []
        titles: list[dict[str, Any]] = []
        for decade, works in sorted(by_decade.items()):
            figures = _money_figures(works, low, high)
            corners = _corners(works, figures)
            groups: dict[str, Any] = {
                group: [each for each in corners if each["group"] == group]
                for group in ("big_low_low", "small_high_high")
            }
            enough = len(works) >= least
            told = {**figures, **{group: len(found) for group, found in groups.items()}}
            rows.append({"decade": decade, "films": len(works), **{k: v if enough else None for k, v in told.items()}})
            titles += [
                {**each, "decade": decade, "decade_place": place}
                for found in groups.values()
                for place, each in enumerate(found, start=1)
                if enough
            ]
        return rows, titles


def _money_figures(works: Sequence[Work], low: Fraction, high: Fraction) -> dict[str, Any]:
    budgets = [Fraction(work.budget or 0) for work in works]
    rois = [work.roi for work in works]
    popularities = [work.popularity for work in works if work.popularity is not None]
    spent, earned = sum(budgets), sum(work.revenue or 0 for work in works)
    return {
        "median_budget": quantile(budgets, Fraction(1, 2)),
        "budget_q1": quantile(budgets, low),
        "budget_q3": quantile(budgets, high),
        "roi_q1": quantile(rois, low),
        "roi_q3": quantile(rois, high),
        "popularity_q1": quantile(popularities, low),
        "popularity_q3": quantile(popularities, high),
        "median_roi": quantile(rois, Fraction(1, 2)),
        "aggregate_roi": (earned - spent) / spent if spent else None,
        "profitable_share": Fraction(sum(roi > 0 for roi in rois), len(rois)) if rois else None,
    }


def _corners(population: Iterable[Work], summary: dict[str, Any]) -> list[dict[str, Any]]:
    big, small = [], []
    for work in population:
        assert work.budget is not None
        assert work.popularity is not None
        if work.budget >= summary["budget_q3"] and work.roi <= summary["roi_q1"]:
            big += [work] if work.popularity <= summary["popularity_q1"] else []
        if work.budget <= summary["budget_q1"] and work.roi >= summary["roi_q3"]:
            small += [work] if work.popularity >= summary["popularity_q3"] else []
    big.sort(key=lambda work: (work.roi, work.imdb_id))
    small.sort(key=lambda work: (-work.roi, work.imdb_id))
    fields = ("imdb_id", "title", "year", "budget", "revenue", "roi", "popularity")
    return [
        {"group": group, **{field: getattr(work, field) for field in fields}}
        for group, works in (("big_low_low", big), ("small_high_high", small))
        for work in works
    ]


def _measures(works: Sequence[Work]) -> dict[str, Any]:
    ratings = [work.rating for work in works if work.rating is not None]
    votes = [Fraction(work.votes) for work in works if work.votes is not None]
    popularities = [work.popularity for work in works if work.popularity is not None]
    weighted = [(work.rating, work.votes) for work in works if work.rating is not None and work.votes is not None]
    weight = sum(vote for _, vote in weighted)
    return {
        "titles": len(works),
        "mean_rating": mean(ratings),
        "median_rating": quantile(ratings, Fraction(1, 2)),
        "vote_weighted_rating": sum(rating * vote for rating, vote in weighted) / weight if weight else None,
        "mean_votes": mean(votes),
        "median_votes": quantile(votes, Fraction(1, 2)),
        "with_popularity": len(popularities),
        "mean_popularity": mean(popularities),
        "median_popularity": quantile(popularities, Fraction(1, 2)),
    }


def mean(values: Sequence[Fraction]) -> Fraction | None:
    return sum(values, Fraction(0)) / len(values) if values else None


def quantile(values: Iterable[Fraction], share: Fraction) -> Fraction | None:
    """By linear interpolation between the two nearest ranks."""
    ranked = sorted(values)
    if not ranked:
        return None
    place = share * (len(ranked) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


def read_works(directory: Path, snapshot: str = "tmdb.jsonl") -> Works:
    """Reads movies.csv, series.csv and the records, one a line, with the standard library."""
    records: dict[tuple[str, str], dict[str, Any]] = {}
    with directory.joinpath(snapshot).open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line, parse_float=Fraction)
            kind = "film" if "title" in record else "series"
            records[kind, record.get("imdb_id") or record["external_ids"]["imdb_id"]] = record
    return Works(_read(directory / "movies.csv", "film", records), _read(directory / "series.csv", "series", records))


def _read(path: Path, kind: str, records: dict[tuple[str, str], dict[str, Any]]) -> list[Work]:
    works: dict[str, Work] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="|"):
            if row["id"] in works:
                continue
            known = {name: value for name, value in row.items() if value != r"\N"}
            record = records.get((kind, row["id"]), {})
            popularity = record.get("popularity")
            works[row["id"]] = Work(
                row["id"],
                known.get("tituloPincipal"),
                int(known["anoLancamento"]) if "anoLancamento" in known else None,
                frozenset(genre.strip() for genre in known.get("genero", "").split(",")) - {""},
                Fraction(known["notaMedia"]) if "notaMedia" in known else None,
                int(known["numeroVotos"]) if "numeroVotos" in known else None,
                bool(record),
                None if popularity is None else Fraction(popularity),
                record.get("budget") or None,
                record.get("revenue") or None,
            )
    return list(works.values())
