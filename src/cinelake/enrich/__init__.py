"""Titles → TMDB → Raw."""

from cinelake.enrich.expire import ExpireOptions, ExpireResult, expire_records
from cinelake.enrich.run import EnrichOptions, EnrichResult, enrich_titles

__all__ = ["EnrichOptions", "EnrichResult", "ExpireOptions", "ExpireResult", "enrich_titles", "expire_records"]
