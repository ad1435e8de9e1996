"""lake.toml + .env + environment → one frozen Project."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from cinelake.config.environment import Environment, read_environment
from cinelake.config.settings import Analysis, Build, EngineTable, LakeTable, Report, Settings, Source, Tmdb
from cinelake.config.uri import LakeURI, parse_lake_uri
from cinelake.errors import ConfigurationError

CONFIGURATION = "lake.toml"
WORK_FOLDER = ".cinelake"
WORDS_OF_TYPES = {
    "missing": "this setting is missing",
    "model_type": "must be a table, as in [lake]",
    "model_attributes_type": "must be a table, as in [lake]",
    "dict_type": "must be a table, as in [lake]",
    "string_type": "must be a text in quotes",
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "tuple_type": 'must be a list, as in ["Drama", "Romance"]',
    "too_short": "must name at least one",
}
"""For pydantic's types of errors whose own words are those of Python and not of TOML."""
SHOWN = 3
"""Errors told in full at once; the rest are counted."""


@dataclass(frozen=True)
class Project:
    """All that a stage is told about the project; nothing in it changes, and no stage reads more."""

    directory: Path
    """Absolute path of the project folder."""
    work_directory: Path
    """Where copies and temporary files lie; may be deleted whenever nothing runs."""
    lake_uri: LakeURI
    region: str | None
    """None leaves it to boto3's own chain."""
    timezone: ZoneInfo
    lake: LakeTable
    sources: tuple[Source, ...]
    tmdb: Tmdb
    analysis: Analysis
    engine: EngineTable
    build: Build
    report: Report
    questions: Mapping[str, Mapping[str, Any]]
    """Parameters, by question."""
    environment: Environment

    @classmethod
    def load(
        cls,
        directory: str | Path = ".",
        *,
        lake_uri: str | None = None,
        engine: str | None = None,
        remote: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Self:
        """Reads a project folder.

        Args:
            directory: the folder that holds `lake.toml`.
            lake_uri: wins over CINELAKE_LAKE, which wins over `lake.toml`.
            engine: `duckdb` or `spark`; wins over `lake.toml`.
            remote: a Spark Connect server; wins over `lake.toml`, and takes Spark for the engine.
            variables: the real environment; None takes this process's.

        Raises:
            ConfigurationError: names each wrong field and what it may hold.
        """
        folder = Path(directory).resolve()
        environment = read_environment(folder, os.environ if variables is None else variables)
        settings = read_settings(folder)
        settings = settings.model_copy(update={"engine": _chosen_engine(settings.engine, engine, remote)})
        return cls.of(folder, settings, environment, lake_uri=lake_uri)

    @classmethod
    def of(cls, folder: Path, settings: Settings, environment: Environment, *, lake_uri: str | None = None) -> Self:
        """Puts together what was read of an absolute folder; see `load`."""
        text, said_in = next(
            (text, said_in)
            for text, said_in in (
                (lake_uri, "--lake"),
                (environment.lake_uri, "CINELAKE_LAKE"),
                (settings.lake.uri, f"{CONFIGURATION}: lake.uri"),
            )
            if text is not None
        )
        return cls(
            directory=folder,
            work_directory=folder / WORK_FOLDER,
            lake_uri=parse_lake_uri(text, directory=folder, said_in=said_in),
            region=environment.region or settings.lake.region,
            timezone=ZoneInfo(settings.lake.timezone),
            lake=settings.lake,
            sources=settings.source,
            tmdb=settings.tmdb,
            analysis=settings.analysis,
            engine=settings.engine,
            build=settings.build,
            report=settings.report,
            questions=settings.questions,
            environment=environment,
        )

    def processing_date(self, now: datetime) -> date:
        """The day that it is in the lake's time zone at `now`, which must know its own time zone."""
        return now.astimezone(self.timezone).date()


def _chosen_engine(table: EngineTable, name: str | None, remote: str | None) -> EngineTable:
    """What `lake.toml` says, under what the command line does."""
    if name is None and remote is None:
        return table
    if remote is not None and name == "duckdb":
        raise ConfigurationError("--remote names a Spark, and --engine is duckdb", "leave one of them out")
    told = {"name": name or "spark", "remote": remote or (table.remote if name == "spark" else None)}
    try:
        return EngineTable.model_validate({**table.model_dump(), **told})
    except ValidationError as error:
        fields = {"name": ("--engine", name, "write duckdb or spark")}
        option, given, hint = fields.get(
            str(error.errors()[0]["loc"][0]), ("--remote", remote, "write it as sc://HOST:PORT")
        )
        raise ConfigurationError(f"{option} is {given!r}", hint) from error


def parse_date(text: str, *, said_in: str = "--date") -> date:
    """Reads a date as `--date` takes it.

    Args:
        text: the date.
        said_in: where it was written, for the words of the error.

    Raises:
        ConfigurationError: not `YYYY-MM-DD`, or no day of the calendar.
    """
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{said_in} is {text!r}: that is no date", "write it as 2022-05-02") from error


def read_settings(directory: Path) -> Settings:
    """What the folder's `lake.toml` says.

    Raises:
        ConfigurationError: names each wrong field and what it may hold.
    """
    path = directory / CONFIGURATION
    if not path.is_file():
        raise ConfigurationError(
            f"there is no {CONFIGURATION} in {path.parent}", "go to your project folder, or name it with --project DIR"
        )
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{CONFIGURATION} is no valid TOML: {error}", "mend that line") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{CONFIGURATION} is not UTF-8 text", "save it as UTF-8") from error
    except ValidationError as error:
        raise _explain(error) from None  # pydantic quotes what was written, which may be a secret in a wrong place
    except ValueError as error:
        # A number with more digits than Python reads.
        raise ConfigurationError(f"{CONFIGURATION} cannot be read: {error}", "mend that value") from error
    except OSError as error:
        raise ConfigurationError(
            f"{CONFIGURATION} cannot be read: {error.strerror}", f"make {path} readable"
        ) from error


def _explain(error: ValidationError) -> ConfigurationError:
    """All that is wrong, each with its field and what is allowed; never the value of a field we do not know."""
    faults = [_fault(detail["loc"], detail) for detail in error.errors(include_url=False)]
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    return ConfigurationError(
        f"{CONFIGURATION}: {'; '.join(faults[:SHOWN])}{more}",
        f"mend {CONFIGURATION}; cinelake init makes a folder with a whole one",
    )


def _fault(location: tuple[int | str, ...], detail: Any) -> str:
    field = ".".join(str(part + 1) if isinstance(part, int) else part for part in location) or "the file"
    if detail["type"] == "extra_forbidden":
        allowed = _allowed_at(location[:-1])
        near = get_close_matches(str(location[-1]), allowed, n=1)
        return f"{field} is no setting; " + (
            f"did you mean {near[0]}?" if near else f"allowed there: {', '.join(allowed)}"
        )
    if location == ("source",):
        return "source: write each source as a table of its own, under [[source]]"
    message = WORDS_OF_TYPES.get(detail["type"]) or str(detail["msg"]).removeprefix("Value error, ")
    return f"{field}: {message[0].lower() + message[1:]}"


def _allowed_at(location: tuple[int | str, ...]) -> list[str]:
    """The settings of the table at `location`; those of a `[[source]]` whatever its number."""
    tables: dict[str, type[BaseModel]] = {
        "lake": LakeTable,
        "source": Source,
        "tmdb": Tmdb,
        "analysis": Analysis,
        "engine": EngineTable,
        "build": Build,
        "report": Report,
    }
    table = tables.get(str(location[0]), Settings) if location else Settings
    return list(table.model_fields)
