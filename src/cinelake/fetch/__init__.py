"""Public datasets → source files in the project folder."""

from cinelake.fetch.run import FetchOptions, FetchResult, MadeFile, fetch_imdb

__all__ = ["FetchOptions", "FetchResult", "MadeFile", "fetch_imdb"]
