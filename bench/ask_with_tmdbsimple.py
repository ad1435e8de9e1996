"""tmdbsimple as its README shows it, with a session that keeps its connection: one title after the other.

python bench/ask_with_tmdbsimple.py BASE_URL < titles    a kind and an IMDb id a line
"""

import sys

import requests
import tmdbsimple
import tmdbsimple.base

usual = tmdbsimple.base.TMDB._get_complete_url
tmdbsimple.base.TMDB._get_complete_url = lambda self, path: usual(self, path).replace(  # its address is fixed
    "https://api.themoviedb.org", sys.argv[1]
)
tmdbsimple.API_KEY = "any"
tmdbsimple.REQUESTS_SESSION = requests.Session()
for line in sys.stdin:
    kind, imdb_id = line.split()
    if kind == "film":
        tmdbsimple.Movies(imdb_id).info(append_to_response="external_ids")
    elif found := tmdbsimple.Find(imdb_id).info(external_source="imdb_id")["tv_results"]:
        tmdbsimple.TV(found[0]["id"]).info(append_to_response="external_ids")
