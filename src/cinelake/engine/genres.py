"""The genres of the project against those of the titles, and those whose titles were looked up in TMDB."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cinelake.config.nearest import nearest
from cinelake.lake.manifests import Manifest


@dataclass(frozen=True)
class AbsentGenre:
    """A genre of the project that no title has."""

    name: str
    near: str | None
    """One that titles have and that was probably meant."""

    def __str__(self) -> str:
        return f"no title has the genre {self.name!r}" + (f": did you mean {self.near}?" if self.near else "")


def absent_genres(genres: Iterable[str], known: Collection[str]) -> list[AbsentGenre]:
    """The genres that are not among those of the titles."""
    return [AbsentGenre(genre, nearest(genre, known)) for genre in genres if genre not in known]


def genres_looked_up(enrichments: Iterable[Manifest], keys: Collection[str]) -> frozenset[str]:
    """The genres whose titles were looked up.

    Args:
        enrichments: the manifests of `enrich`.
        keys: the objects of TMDB records at hand; an enrichment counts where all of its own are among them.
    """
    return frozenset(
        genre
        for manifest in enrichments
        if all(record.key in keys for record in manifest.objects)
        for genre in manifest.detail.get("genres", [])
    )
