"""Project folders and lakes for the tests: small real ones, written to disk."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from cinelake import Lake, Project, Run
from cinelake.config import parse_date

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROGRAM = str(Path(sys.executable).with_name("cinelake"))
DATE = "2022-05-02"

MOVIES_HEADER = (
    "id|tituloPincipal|tituloOriginal|anoLancamento|tempoMinutos|genero|notaMedia|numeroVotos|generoArtista|"
    "personagem|nomeArtista|anoNascimento|anoFalecimento|profissao|titulosMaisConhecidos"
)
SERIES_HEADER = MOVIES_HEADER.replace("anoLancamento|", "anoLancamento|anoTermino|")
ARTIST = r"actress|A Part|An Artist|1961|\N|actress|tt99000001"
NO_ARTIST = "|".join([r"\N"] * 7)
SMALL_MOVIES = [
    rf"tt99000001|One|One|2001|118|Comedy,Drama|6.4|100|{ARTIST}",
    rf"tt99000001|One|One|2001|118|Comedy,Drama|6.4|100|{ARTIST}",
    rf'tt99000002|"Two ""2"""|Dois|1999|90|Drama,Romance|8.0|300|{NO_ARTIST}',
    rf"tt99000003|Três|Três|\N|\N|\N|\N|\N|{NO_ARTIST}",
]
SMALL_SERIES = [
    rf"tt99500001|Uma|Uma|2010|2013|24|Drama|8.0|50|{NO_ARTIST}",
    rf"tt99500002|Outra|Outra|2011|\N|24|Romance|7.0|\N|{NO_ARTIST}",
]
SMALL_TMDB = [
    {"id": 1, "imdb_id": "tt99000001", "title": "One", "popularity": 1.5, "budget": 1_000_000, "revenue": 3_000_000},
    {"id": 2, "imdb_id": "tt99000002", "title": "Two", "popularity": 0.25, "budget": 0, "revenue": 0},
    {"id": 3, "name": "Uma", "popularity": 9.75, "external_ids": {"imdb_id": "tt99500001"}},
]


@dataclass(frozen=True)
class S3Server:
    """A server that speaks S3 on the loopback."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str
    versions: bool = False
    """Whether it keeps versions."""
    signatures: bool = False
    """Whether it refuses a wrong secret."""
    authority: str | None = None
    """A file with the certificate authority to trust."""

    @property
    def variables(self) -> dict[str, str]:
        """The environment that leads to it."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            **({"AWS_CA_BUNDLE": self.authority} if self.authority else {}),
        }

    def client(self) -> "S3Client":
        """A client of the tests' own, which shares nothing with the lake's."""
        return _client(self.access_key, self.secret_key, self.endpoint, self.authority)


@cache
def _client(access_key: str, secret_key: str, endpoint: str, authority: str | None) -> "S3Client":
    session = boto3.Session(access_key, secret_key, region_name="us-east-1")
    return session.client("s3", endpoint_url=endpoint, verify=authority)


@dataclass(frozen=True)
class Place:
    """Where a lake is to be: its URI, the environment that leads there, and a way to look behind it."""

    uri: str
    variables: Mapping[str, str] = field(default_factory=dict)
    server: S3Server | None = None

    @classmethod
    def in_folder(cls, path: Path) -> "Place":
        """In a folder that is not there yet."""
        return cls(f"file:{path}")

    @classmethod
    def on(cls, server: S3Server) -> "Place":
        """In a bucket that is not there yet."""
        return cls(f"s3://lake-{uuid.uuid4().hex[:12]}", server.variables, server)

    @property
    def name(self) -> str:
        """The bucket's name, or the folder's path."""
        return self.uri.removeprefix("s3://").removeprefix("file:")

    def objects(self) -> dict[str, bytes]:
        """Every object and its bytes, read without cinelake."""
        if self.server is None:
            root = Path(self.name)
            return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        client = self.server.client()
        keys = [
            entry["Key"]
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
            for entry in page.get("Contents", [])
        ]
        return {key: client.get_object(Bucket=self.name, Key=key)["Body"].read() for key in keys}

    def overwrite(self, key: str, data: bytes) -> None:
        """Changes an object behind cinelake's back."""
        if self.server is None:
            Path(self.name, key).write_bytes(data)
        else:
            self.server.client().put_object(Bucket=self.name, Key=key, Body=data)


class ProjectFolder:
    """A project folder on disk, and the program run in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def write_small(self) -> None:
        """Three films, two series, their TMDB records and a lake.toml over them."""
        self.write_csv("movies.csv", SMALL_MOVIES)
        self.write_csv("series.csv", SMALL_SERIES, header=SERIES_HEADER)
        self.write_records("tmdb.jsonl", SMALL_TMDB)
        self.write_settings()

    def write_settings(
        self,
        *,
        tmdb: str = 'source = "snapshot"\nsnapshot = "tmdb.jsonl"',
        analysis: str = 'genres = ["Drama", "Romance"]',
        lake: str = "",
        build: str = "max_rejected = 1",
        more: str = "",
    ) -> None:
        """A lake.toml; each argument is the text of its table. In files of a few rows one may be a large share."""
        self.path.joinpath("lake.toml").write_text(
            f"[lake]\n{lake}\n"
            '[[source]]\ndataset = "Movies"\npath = "movies.csv"\n'
            '[[source]]\ndataset = "Series"\npath = "series.csv"\n'
            f"[tmdb]\n{tmdb}\n[analysis]\n{analysis}\n[build]\n{build}\n{more}\n",
            encoding="utf-8",
        )

    def write_csv(self, name: str, rows: Iterable[str], *, header: str = MOVIES_HEADER, end: str = "\n") -> Path:
        """A CSV file of these lines."""
        path = self.path / name
        path.write_text("".join(f"{line}{end}" for line in [header, *rows]), encoding="utf-8", newline="")
        return path

    def write_records(self, name: str, records: Sequence[Mapping[str, Any]]) -> Path:
        """TMDB records, one a line."""
        path = self.path / name
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return path

    def load(self, place: Place | None = None) -> Project:
        """The project, with its lake where `place` is."""
        variables = dict(place.variables) if place else {}
        return Project.load(self.path, lake_uri=place.uri if place else None, variables=variables)

    def open(self, place: Place | None = None, date: str = DATE) -> tuple[Project, Lake, Run]:
        """What every stage takes first."""
        project = self.load(place)
        return project, Lake.open(project), Run.start(parse_date(date))

    def cinelake(
        self, *arguments: str, place: Place | None = None, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs the program in the project folder and waits for its end."""
        command = [PROGRAM, *arguments, *(["--lake", place.uri] if place else [])]
        environment = {**os.environ, **(place.variables if place else {}), **(variables or {})}
        return subprocess.run(
            command, cwd=self.path, env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    def document(self, *arguments: str, place: Place | None = None) -> dict[str, Any]:
        """Runs the program with `--json`; it must succeed and print one document and nothing else."""
        ended = self.cinelake(*arguments, "--json", place=place)
        assert ended.returncode == 0, ended.stderr
        document: dict[str, Any] = json.loads(ended.stdout)
        return document
