"""What `lake.toml` may say: every table and key, its type, its default and what is allowed."""

import re
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cinelake.config.nearest import did_you_mean, nearest
from cinelake.config.redaction import redacted

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
MODELLED = ("Movies", "Series")
"""The datasets that feed the models."""
TMDB_SOURCES = ("api", "snapshot", "off")


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        known = available_timezones()
        cities = {name.rpartition("/")[2]: name for name in sorted(known)}
        meant = nearest(text, known, like=0.8) or cities.get(nearest(text, cities, like=0.8) or "")
        hint = f"did you mean {meant}?" if meant else "write a name such as America/Sao_Paulo, Europe/Lisbon or UTC"
        raise ValueError(f"{text!r} is no time zone; {hint}") from error
    return text


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name; use letters, digits, hyphens and underscores")
    return text


def _dataset(text: str) -> str:
    meant = next((known for known in MODELLED if text.lower() == known.lower()), text)
    if text != meant:
        raise ValueError(f"{text!r} feeds no model; did you mean {meant}?")
    return text


def _one_character(text: str) -> str:
    if len(text.encode()) != 1 or text in '"\r\n':
        raise ValueError(f"{text!r} is no delimiter; write one character such as | , ; or a tab (\\t)")
    return text


def _genres(genres: tuple[str, ...]) -> tuple[str, ...]:
    for genre in genres:
        if not genre or genre != genre.strip() or "," in genre:
            raise ValueError(f'{genre!r} is no genre; write names as the files do, as in ["Drama", "Romance"]')
        if genre in ("any", "all"):
            raise ValueError(f"{genre!r} names a group of the answers, so it cannot name a genre")
    if len(set(genres)) < len(genres):
        raise ValueError("a genre stands there twice")
    return genres


def _base_url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", text):
        raise ValueError(
            f"{redacted(text)!r} is no address; write one such as https://api.themoviedb.org, and keys in .env"
        )
    if text.rstrip("/").endswith("/3"):
        raise ValueError(f"write {text.rstrip('/').removesuffix('/3')!r}: the 3 of its version is added")
    return text.rstrip("/")


def _tmdb_source(source: object) -> object:
    if source not in TMDB_SOURCES:
        meant = did_you_mean(source, TMDB_SOURCES, like=0.7)  # `off` is so short that many a word is a little like it
        raise ValueError(f'{meant + " " if meant else ""}write "api", "snapshot" or "off"')
    return source


Name = Annotated[str, AfterValidator(_name)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LakeTable(_Table):
    """`[lake]`: where the lake is and how its keys are written."""

    uri: str = "file:lake"
    """`file:FOLDER`, relative to the project folder, or `s3://BUCKET`."""
    region: str | None = Field(default=None, pattern=r"^[a-z0-9-]+$")
    """AWS region in which a bucket is created; `AWS_REGION` wins over it. Where neither is set, that of boto3's own
    chain, or us-east-1."""
    timezone: Annotated[str, AfterValidator(_time_zone)] = "America/Sao_Paulo"
    """IANA name of the time zone whose day the processing date is."""
    key: str = "{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}"
    """How the key of an object is built; see `cinelake.lake.keys`."""
    abandoned_uploads_hours: int = Field(default=24, ge=0)
    """Hours after which an open multipart upload on our keys counts as abandoned."""


class Source(_Table):
    """`[[source]]`: files to land, and how to read them."""

    dataset: Annotated[Name, AfterValidator(_dataset)]
    """The dataset in the key. `Movies` and `Series` feed the models."""
    path: str = Field(min_length=1)
    """A file, a folder or a glob, relative to the project folder."""
    origin: Name = "Local"
    format: Literal["CSV"] = "CSV"
    delimiter: Annotated[str, AfterValidator(_one_character)] = "|"
    null: str = Field(default="\\N", min_length=1)
    """What stands for an unknown."""
    encoding: Literal["utf-8", "latin-1", "utf-16"] = "utf-8"
    """`latin-1` is that of Windows, too; `utf-16` needs its byte order mark."""

    def leads_to(self, file: str) -> bool:
        """Whether its path finds a file, which may be gone: it is it, its folder, or its glob."""
        return self.path == file or file.startswith(f"{self.path.rstrip('/')}/") or fnmatchcase(file, self.path)


class Tmdb(_Table):
    """`[tmdb]`: where popularity, budget and revenue come from."""

    source: Annotated[Literal["api", "snapshot", "off"], BeforeValidator(_tmdb_source)] = "api"
    snapshot: str | None = None
    """A file, a folder or a glob of saved TMDB records, relative to the project folder."""
    base_url: Annotated[str, AfterValidator(_base_url)] = "https://api.themoviedb.org"
    requests_per_second: float = Field(default=40, gt=0, allow_inf_nan=False)
    """TMDB permits "somewhere in the 40 requests per second range" (its developer pages, "Rate Limiting")."""
    refresh_days: int = Field(default=30, ge=0)
    """Days after which a title is asked for again, also one that TMDB did not know."""

    @model_validator(mode="after")
    def _snapshot_is_named(self) -> "Tmdb":
        if self.source == "snapshot" and not self.snapshot:
            raise ValueError('source = "snapshot" wants snapshot = "FILE", a file of TMDB records')
        return self


class Analysis(_Table):
    """`[analysis]`: what the questions are asked about."""

    genres: Annotated[tuple[str, ...], Field(min_length=1, max_length=20, strict=False), AfterValidator(_genres)] = (
        "Drama",
        "Romance",
    )
    """Genres by name, as the files write them."""
    min_votes: int = Field(default=0, ge=0)
    """Titles with fewer votes are left out; 0 keeps titles without votes too."""
    min_money: int = Field(default=1000, ge=1)
    """USD; a smaller budget or revenue is taken for a slip of the keyboard."""


class EngineTable(_Table):
    """`[engine]`: what runs the SQL."""

    name: Literal["duckdb", "spark"] = "duckdb"
    """`duckdb` for one machine, embedded; `spark` for many."""
    remote: str | None = Field(default=None, pattern=r"^sc://")
    """A Spark Connect server, as in `sc://host:15002`. None takes the cluster of `spark-submit`, or this machine."""
    memory: str = Field(default="1500MB", pattern=r"^[1-9][0-9]*(MB|GB)$")
    """As much as an engine in this process takes before it spills to the work folder."""

    @model_validator(mode="after")
    def _remote_is_spark(self) -> "EngineTable":
        if self.remote and self.name != "spark":
            raise ValueError('remote = "sc://…" is a Spark; write name = "spark" beside it')
        return self


class Build(_Table):
    """`[build]`: how tables are made."""

    max_rejected: float = Field(default=0.01, ge=0, le=1)
    """The share of a dataset's rows that may break the contract, each kept with its reason; more stop the build."""


class Report(_Table):
    """`[report]`: how answers are told to people."""

    language: Literal["en", "pt"] = "en"
    """Of the report and of answers on a terminal; `--lang` wins over it."""


class Settings(_Table):
    """The whole of `lake.toml`."""

    lake: LakeTable = LakeTable()
    source: tuple[Source, ...] = Field(default=(), strict=False)
    tmdb: Tmdb = Tmdb()
    analysis: Analysis = Analysis()
    engine: EngineTable = EngineTable()
    report: Report = Report()
    questions: dict[str, dict[str, Any]] = {}
    """Parameters of questions, by the question's name: they win over those of its `question.toml`."""
    build: Build = Build()
