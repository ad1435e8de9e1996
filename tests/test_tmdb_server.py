"""The tests' TMDB answers as TMDB's own description says: it cannot drift."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conftest import SHARED, missing
from projects import SMALL_TMDB, ProjectFolder
from tmdb import TmdbServer, serving

CALLS = {
    "/3/movie/tt99000001?append_to_response=external_ids": "/3/movie/{movie_id}",
    "/3/movie/1": "/3/movie/{movie_id}",
    "/3/tv/3?append_to_response=external_ids": "/3/tv/{series_id}",
    "/3/find/tt99000001?external_source=imdb_id": "/3/find/{external_id}",
    "/3/find/tt99500001?external_source=imdb_id": "/3/find/{external_id}",
    "/3/find/tt1?external_source=imdb_id": "/3/find/{external_id}",
    "/3/configuration": "/3/configuration",
    "/3/authentication": "/3/authentication",
}


@pytest.fixture
def server(folder: ProjectFolder) -> Iterator[TmdbServer]:
    with serving(folder.write_records("tmdb.jsonl", SMALL_TMDB)) as running:
        yield running


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """TMDB's OpenAPI description, as far as it is at hand."""
    path = Path(SHARED) / "tmdb" / "openapi-subset.json"
    if not path.is_file():
        missing(f"no {path}")
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def ask(server: TmdbServer, path: str, token: str = "any") -> tuple[int, Any]:
    request = urllib.request.Request(server.url + path, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def schema_of(described: dict[str, Any], path: str, status: str = "200") -> dict[str, Any]:
    content = described["paths"][path]["get"]["responses"][status]["content"]
    schema: dict[str, Any] = content["application/json"]["schema"]
    return schema


@pytest.mark.parametrize(("path", "named"), CALLS.items(), ids=list(CALLS))
def test_every_answer_has_the_shape_that_tmdb_describes(
    server: TmdbServer, described: dict[str, Any], path: str, named: str
) -> None:
    status, body = ask(server, path)
    assert status == 200
    schema = schema_of(described, named)
    jsonschema.validate(body, schema)
    told = set(body) - {"external_ids"}
    assert told <= set(schema["properties"])


@pytest.mark.parametrize(("kind", "path"), [("movie", "/3/movie/1"), ("tv", "/3/tv/3")])
def test_external_ids_that_come_along_have_the_shape_of_those_asked_for(
    server: TmdbServer, described: dict[str, Any], kind: str, path: str
) -> None:
    name = {"movie": "movie_id", "tv": "series_id"}[kind]
    _, body = ask(server, f"{path}?append_to_response=external_ids")
    jsonschema.validate(body["external_ids"], schema_of(described, f"/3/{kind}/{{{name}}}/external_ids"))


def test_found_titles_tell_what_tmdb_tells_of_them(server: TmdbServer, described: dict[str, Any]) -> None:
    films = schema_of(described, "/3/find/{external_id}")["properties"]["movie_results"]["items"]["properties"]
    _, body = ask(server, "/3/find/tt99000001?external_source=imdb_id")
    assert set(body["movie_results"][0]) == set(films)


def test_a_refused_token_is_told_as_tmdb_tells_it(server: TmdbServer, described: dict[str, Any]) -> None:
    server.switch(token="right")
    status, body = ask(server, "/3/authentication", "wrong")
    assert status == 401
    jsonschema.validate(body, schema_of(described, "/3/authentication", "401"))
    assert body["status_code"] == 7


def test_what_is_not_there_is_404_with_its_code(server: TmdbServer) -> None:
    assert ask(server, "/3/movie/tt1")[0] == 404
    assert ask(server, "/3/tv/77")[1]["status_code"] == 34


def test_the_ceiling_counts_within_any_second(server: TmdbServer) -> None:
    server.switch(ceiling=3)
    assert [ask(server, "/3/configuration")[0] for _ in range(5)] == [200, 200, 200, 429, 429]
