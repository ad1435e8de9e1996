"""A TMDB to try against: a real HTTP server that answers from saved records as TMDB's API, version 3, would.

    .venv/bin/python tests/tmdb_server.py data/tmdb.jsonl --port 8093

Then, in lake.toml, under [tmdb]: source = "api" and base_url = "http://127.0.0.1:8093"; in .env: TMDB_TOKEN=anything.

It answers what `/3/movie/{id}`, `/3/find/{imdb id}`, `/3/tv/{id}`, `/3/configuration` and `/3/authentication` are
asked, in the shapes of TMDB's own OpenAPI description. With switches it is slow, strict or broken: some are options;
all can be set while it runs, with a POST of JSON to `/_switches`. `/_log` tells what was asked.
"""

import argparse
import asyncio
import json
import re
import time
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

ERRORS = {
    401: (7, "Invalid API key: You must be granted a valid key."),
    404: (34, "The resource you requested could not be found."),
    429: (25, "Your request count (#) is over the allowed limit of (40)."),
    500: (11, "Internal error: Something went wrong, contact TMDB."),
    502: (43, "Couldn't connect to the backend server."),
    503: (46, "The API is undergoing maintenance. Try again later."),
    504: (24, "Your request to the backend server timed out. Try again."),
}
"""TMDB's status_code and status_message by HTTP status (developer pages, "Errors")."""
EXTERNAL_IDS = {"wikidata_id": "Q1", "facebook_id": "none", "instagram_id": "none", "twitter_id": "none"}
BOTH = {
    "adult": False,
    "backdrop_path": "/none.jpg",
    "genres": [{"id": 18, "name": "Drama"}],
    "homepage": "",
    "origin_country": ["US"],
    "original_language": "en",
    "overview": "",
    "popularity": 0,
    "poster_path": "/none.jpg",
    "production_companies": [],
    "production_countries": [],
    "spoken_languages": [],
    "tagline": "",
    "vote_average": 0,
    "vote_count": 0,
}
MOVIE = {
    **BOTH,
    "budget": 0,
    "original_title": "",
    "release_date": "2000-01-01",
    "revenue": 0,
    "runtime": 90,
    "status": "Released",
    "title": "",
    "video": False,
}
TV = {
    **BOTH,
    "created_by": [],
    "episode_run_time": [],
    "first_air_date": "2000-01-01",
    "in_production": False,
    "languages": ["en"],
    "last_air_date": "2000-01-01",
    "name": "",
    "networks": [],
    "number_of_episodes": 1,
    "number_of_seasons": 1,
    "original_name": "",
    "seasons": [],
    "status": "Ended",
    "type": "Scripted",
}


@dataclass
class Fault:
    """What goes wrong with requests whose path and query match."""

    kind: str
    """status, echo, html, reset, slow, truncate, broken, array, changed-id, no-external-ids, error-body, no-body,
    other."""
    match: str = ""
    """A regular expression."""
    status: int = 500
    """With `status`, `echo` (an error whose words repeat the request) and `html` (a page, as a proxy's)."""
    headers: dict[str, str] = field(default_factory=dict)
    """With `status`."""
    seconds: float = 0
    """With `slow`: how long the answer stops half-way."""
    body: Any = None
    """With `other`: what is answered, as JSON."""
    times: int | None = None
    """How often; None always."""


@dataclass
class Switches:
    """How it behaves."""

    latency_s: float = 0
    """Before each answer."""
    ceiling: int | None = None
    """Requests in any second; more are answered with 429."""
    retry_after: str | None = None
    """That header of a 429."""
    token: str | None = None
    """The one that is accepted, as bearer token or as key; None takes any."""
    no_movie_by_imdb_id: bool = False
    """/3/movie takes TMDB's own ids alone."""
    faults: list[Fault] = field(default_factory=list)


class Tmdb:
    """The records, the switches and the log."""

    def __init__(self, lines: Iterable[str], switches: Switches) -> None:
        self.switches = switches
        self.log: list[tuple[str, int, float]] = []
        """Path with query, status, and when it was asked."""
        self._recent: deque[float] = deque()
        self._movies: dict[str, str] = {}
        self._series: dict[str, str] = {}
        self._imdb_ids: dict[tuple[str, str], str] = {}
        for line in lines:
            record = json.loads(line)
            imdb_id = record.get("imdb_id") or record.get("external_ids", {}).get("imdb_id")
            is_series = "name" in record and "title" not in record
            (self._series if is_series else self._movies)[imdb_id] = line.strip()
            self._imdb_ids["tv" if is_series else "movie", str(record["id"])] = imdb_id

    @web.middleware
    async def serve(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Latency, ceiling, credentials and faults, around what is asked."""
        if request.path.startswith("/_"):
            answer: web.StreamResponse = await handler(request)
            return answer
        now = time.monotonic()
        status = self._refusal(request, now)
        fault = self._fault(request.path_qs) if status is None else None
        if fault is not None and fault.kind in ("status", "echo", "html"):
            status = fault.status
        self.log.append((request.path_qs, status or 200, now))
        entry = len(self.log) - 1
        await asyncio.sleep(self.switches.latency_s)
        if fault is not None and fault.kind == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault is not None and fault.kind == "html":
            return web.Response(text="<html>no</html>", content_type="text/html", status=fault.status)
        if fault is not None and fault.kind == "echo":
            told = {"success": False, "status_code": 5, "status_message": f"Invalid parameters: {request.path_qs}"}
            return web.json_response(told, status=fault.status)
        if status is not None:
            headers = dict(fault.headers) if fault else {}
            if status == 429 and fault is None and self.switches.retry_after is not None:
                headers["Retry-After"] = self.switches.retry_after
            return _error(status, headers)
        response = await handler(request)
        self.log[entry] = (request.path_qs, response.status, now)
        return response if fault is None else await _spoilt(request, response, fault)

    def _refusal(self, request: web.Request, now: float) -> int | None:
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if self.switches.ceiling is not None and len(self._recent) >= self.switches.ceiling:
            return 429
        self._recent.append(now)
        told = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.query.get("api_key")
        return None if told and self.switches.token in (None, told) else 401

    def _fault(self, path: str) -> Fault | None:
        for fault in self.switches.faults:
            if fault.times != 0 and re.search(fault.match, path):
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return None

    async def movie(self, request: web.Request) -> web.Response:
        """`/3/movie/{id}`, by either id."""
        asked = request.match_info["id"]
        if self.switches.no_movie_by_imdb_id and asked.startswith("tt"):
            return _error(404, {})
        return self._record(request, self._movies, self._imdb_ids.get(("movie", asked), asked), MOVIE)

    async def tv(self, request: web.Request) -> web.Response:
        """`/3/tv/{id}`."""
        return self._record(request, self._series, self._imdb_ids.get(("tv", request.match_info["id"]), ""), TV)

    def _record(self, request: web.Request, known: dict[str, str], imdb_id: str, usual: dict[str, Any]) -> web.Response:
        text = known.get(imdb_id)
        if text is None:
            return _error(404, {})
        record = json.loads(text)
        added = {name: value for name, value in usual.items() if name not in record}
        appended = request.query.get("append_to_response", "").split(",")
        if "external_ids" in appended and "external_ids" not in record:
            added["external_ids"] = {"imdb_id": imdb_id, **EXTERNAL_IDS}
        # The record itself stays as it was written: no digit of a number changes.
        return web.Response(text=f"{json.dumps(added)[:-1]}, {text[1:]}", content_type="application/json")

    async def find(self, request: web.Request) -> web.Response:
        """`/3/find/{imdb id}`: a film, a series, or nothing."""
        if request.query.get("external_source") != "imdb_id":
            return _error(400, {})
        imdb_id = request.match_info["id"]
        empty: list[Any] = []
        names = ("movie_results", "person_results", "tv_results", "tv_episode_results", "tv_season_results")
        found = dict.fromkeys(names, empty)
        for name, known, usual, kind in (
            ("movie_results", self._movies, MOVIE, "movie"),
            ("tv_results", self._series, TV, "tv"),
        ):
            if imdb_id in known:
                record = {**usual, **json.loads(known[imdb_id])}
                listed = {"movie": ("title", "original_title", "release_date", "video"),
                          "tv": ("name", "original_name", "first_air_date", "origin_country")}[kind]  # fmt: skip
                both = ("adult", "backdrop_path", "id", "original_language", "overview", "poster_path", "popularity")
                told = {each: record[each] for each in (*both, "vote_average", "vote_count", *listed)}
                found[name] = [{**told, "media_type": kind, "genre_ids": [18]}]
        return web.json_response(found)

    async def configuration(self, request: web.Request) -> web.Response:
        """`/3/configuration`."""
        sizes = {f"{kind}_sizes": ["original"] for kind in ("backdrop", "logo", "poster", "profile", "still")}
        images = {"base_url": "http://127.0.0.1/t/p/", "secure_base_url": "https://127.0.0.1/t/p/", **sizes}
        return web.json_response({"images": images, "change_keys": ["budget", "revenue"]})

    async def authentication(self, request: web.Request) -> web.Response:
        """`/3/authentication`."""
        return web.json_response({"success": True, "status_code": 1, "status_message": "Success."})

    async def set_switches(self, request: web.Request) -> web.Response:
        """POST `/_switches`: those that the JSON names."""
        for name, value in (await request.json()).items():
            assert hasattr(self.switches, name), name
            setattr(self.switches, name, [Fault(**each) for each in value] if name == "faults" else value)
        return web.json_response(asdict(self.switches))

    async def tell_log(self, request: web.Request) -> web.Response:
        """GET `/_log`: every request since the start, or since the last DELETE."""
        if request.method == "DELETE":
            self.log.clear()
        return web.json_response(self.log)

    async def tell_counts(self, request: web.Request) -> web.Response:
        """GET `/_counts`: how often each path was asked, which is less to tell."""
        return web.json_response(Counter(path for path, _, _ in self.log))

    def app(self) -> web.Application:
        """All of it."""
        app = web.Application(middlewares=[self.serve])
        app.add_routes(
            [
                web.get("/3/movie/{id}", self.movie),
                web.get("/3/find/{id}", self.find),
                web.get("/3/tv/{id}", self.tv),
                web.get("/3/configuration", self.configuration),
                web.get("/3/authentication", self.authentication),
                web.post("/_switches", self.set_switches),
                web.get("/_log", self.tell_log),
                web.delete("/_log", self.tell_log),
                web.get("/_counts", self.tell_counts),
            ]
        )
        return app


def _error(status: int, headers: dict[str, str]) -> web.Response:
    code, message = ERRORS.get(status, (22, "Invalid request."))
    body = {"success": False, "status_code": code, "status_message": message}
    return web.json_response(body, status=status, headers=headers)


async def _spoilt(request: web.Request, response: web.Response, fault: Fault) -> web.StreamResponse:
    """An answer that was right, made wrong."""
    text = response.text or ""
    match fault.kind:
        case "broken":
            return web.Response(text=text[:-1], content_type="application/json")
        case "array":
            return web.Response(text=f"[{text}]", content_type="application/json")
        case "no-body":
            return web.Response(text="", content_type="application/json")
        case "changed-id":
            changed = re.sub(r'"imdb_id": *"tt\d+"', '"imdb_id": "tt0000001"', text)
            return web.Response(text=changed, content_type="application/json")
        case "no-external-ids":
            read = json.loads(text)
            read.pop("external_ids", None)
            return web.json_response(read)
        case "other":
            return web.json_response(fault.body)
        case "error-body":
            return web.json_response(json.loads(_error(500, {}).text or ""))
        case "slow" | "truncate":
            half = web.StreamResponse(headers={"Content-Length": str(len(text.encode()))})
            await half.prepare(request)
            await half.write(text.encode()[: len(text) // 2])
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
                await half.write(text.encode()[len(text) // 2 :])
                return half
            assert request.transport is not None
            request.transport.abort()
            return half
    raise AssertionError(fault.kind)


def main() -> None:
    """Serves until it is ended; says on stdout where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", nargs="*", type=Path, help="JSON Lines files of TMDB's records")
    parser.add_argument("--port", type=int, default=0, help="any that is free, if left out")
    parser.add_argument("--latency", type=float, default=0, help="seconds before each answer")
    parser.add_argument("--ceiling", type=int, help="requests in any second; more are answered with 429")
    parser.add_argument("--token", help="the only one that is accepted")
    given = parser.parse_args()
    lines = (line for path in given.records for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    tmdb = Tmdb(lines, Switches(given.latency, given.ceiling, token=given.token))
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(tmdb, given.port))


async def _serve(tmdb: Tmdb, port: int) -> None:
    runner = web.AppRunner(tmdb.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
