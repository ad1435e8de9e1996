"""Titles → TMDB → Raw."""

from cinelake.enrich.run import EnrichOptions, EnrichResult, enrich_titles

__all__ = ["EnrichOptions", "EnrichResult", "enrich_titles"]
