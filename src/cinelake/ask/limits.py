"""What the configured genres keep the answers from telling: genres that no title has, titles never looked up."""

from collections.abc import Collection, Sequence

from cinelake.ask.sentences import listed
from cinelake.ask.words import Words
from cinelake.config import Project
from cinelake.engine.genres import AbsentGenre, absent_genres, genres_looked_up
from cinelake.engine.interface import Engine
from cinelake.lake import Lake
from cinelake.lake.manifests import Manifest

GENRES = "refined.dim_genre"
SHOWN = 30
"""Genres named where none is near the one that was asked for."""


def limits_of(engine: Engine, lake: Lake, project: Project, build: Manifest, tables: Sequence[str]) -> list[Words]:
    """What is to be told beside answers from this build; nothing where all is as it must be."""
    if GENRES not in tables:
        return []
    known = [row[0] for row in engine.query(f"SELECT genre FROM {GENRES} ORDER BY genre").rows]
    absent = absent_genres(project.analysis.genres, known)
    present = [genre for genre in project.analysis.genres if genre in known]
    return [*(_absent(genre, known) for genre in absent), *_not_looked_up(lake, project, build, present)]


def _absent(genre: AbsentGenre, known: Sequence[str]) -> Words:
    pt = f"nenhum título tem o gênero {genre.name!r}"
    if genre.near:
        return Words(en=f"{genre}", pt=f"{pt}: você quis dizer {genre.near}?")
    more = ", …" if len(known) > SHOWN else ""
    names = ", ".join(known[:SHOWN]) + more
    return Words(en=f"{genre}; genres here are: {names}", pt=f"{pt}; os gêneros aqui são: {names}")


def _not_looked_up(lake: Lake, project: Project, build: Manifest, genres: Collection[str]) -> list[Words]:
    """Of genres that titles have: those that no enrichment in this build has looked up in TMDB."""
    enrichments = lake.manifests("enrich", until=build.processing_date)
    if not enrichments and project.tmdb.source == "off":
        return []
    looked_up = genres_looked_up(enrichments, {record.key for record in build.inputs})
    unasked = [genre for genre in genres if genre not in looked_up]
    if not unasked:
        return []

    en, pt = (listed(unasked, language) for language in ("en", "pt"))
    given = project.environment
    if project.tmdb.source == "api" and given.tmdb_token is None and given.tmdb_api_key is None:
        return [
            Words(
                en=f"TMDB was not asked for titles of {en}, since neither TMDB_TOKEN nor TMDB_API_KEY is set: money "
                "and popularity are known for fewer of them than could be, or for none",
                pt=f"o TMDB não foi consultado para títulos de {pt}, pois nem TMDB_TOKEN nem TMDB_API_KEY está "
                "definido: dinheiro e popularidade são conhecidos para menos deles do que poderiam, ou para nenhum",
            )
        ]
    return [
        Words(
            en=f"titles of {en} were not looked up in TMDB for these tables, so money and popularity are known for "
            "fewer of them than could be: run cinelake enrich, then build",
            pt=f"títulos de {pt} não foram consultados no TMDB para estas tabelas; dinheiro e popularidade são "
            "conhecidos para menos deles do que poderiam: execute cinelake enrich e depois build",
        )
    ]
