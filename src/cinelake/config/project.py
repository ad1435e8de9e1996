"""lake.toml + .env + environment → one frozen Project."""

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from cinelake.config.environment import Environment, read_environment
from cinelake.config.nearest import did_you_mean, nearest
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
ENGINES = ("duckdb", "spark")
SHOWN = 3
"""Errors told in full at once; the rest are counted."""
TABLES: dict[str, type[BaseModel]] = {
    "lake": LakeTable,
    "source": Source,
    "tmdb": Tmdb,
    "analysis": Analysis,
    "engine": EngineTable,
    "build": Build,
    "report": Report,
}
EXAMPLES = {"dataset": "Movies", "path": "movies.csv", "region": "us-east-1", "snapshot": "tmdb_movies.jsonl"}
"""Of settings without a default."""


@dataclass(frozen=True)
class UnknownSetting:
    """A word in `lake.toml` that is no setting of its table, or no table."""

    table: str
    """As it is written, as in `[lake]`."""
    name: str
    """Empty where the table itself is none."""
    meant: str | None
    """What was probably meant, and is not set; None where nothing is like it."""


class SettingError(ConfigurationError):
    """A setting of `lake.toml` is not as it must be."""

    def __init__(
        self,
        what: str,
        hint: str,
        *,
        table: str = "",
        line: str | None = None,
        unknown: Sequence[UnknownSetting] = (),
    ) -> None:
        super().__init__(what, hint)
        self.unknown = tuple(unknown)
        self.table = table
        """As it is written, as in `[lake]`; empty for the file itself."""
        self.line = line
        """A setting that is allowed in the place of the first that is wrong; None where none is known."""


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
        meant = did_you_mean(given, ENGINES) if option == "--engine" else None
        hint = f"{meant} {hint}" if meant else hint
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
        written = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return Settings.model_validate(written)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{CONFIGURATION} is no valid TOML: {error}", "mend that line") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{CONFIGURATION} is not UTF-8 text", "save it as UTF-8") from error
    except ValidationError as error:
        # pydantic quotes what was written, which may be a secret in a wrong place.
        raise _explain(error, written) from None
    except ValueError as error:
        # A number with more digits than Python reads.
        raise ConfigurationError(f"{CONFIGURATION} cannot be read: {error}", "mend that value") from error
    except OSError as error:
        raise ConfigurationError(
            f"{CONFIGURATION} cannot be read: {error.strerror}", f"make {path} readable"
        ) from error


def _explain(error: ValidationError, written: Mapping[str, Any]) -> ConfigurationError:
    """All that is wrong, each with its field and what is allowed; never the value of a field we do not know."""
    details = error.errors(include_url=False)
    faults = [_fault(detail["loc"], detail) for detail in details]
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    table, line = _allowed_instead(details[0])
    return SettingError(
        f"{CONFIGURATION}: {'; '.join(faults[:SHOWN])}{more}",
        f"mend {CONFIGURATION}; cinelake init makes a folder with a whole one",
        table=table,
        line=line,
        unknown=_unknown([detail["loc"] for detail in details if detail["type"] == "extra_forbidden"], written),
    )


def _unknown(locations: Sequence[tuple[int | str, ...]], written: Mapping[str, Any]) -> list[UnknownSetting]:
    """What is no setting, each with what was meant, which no two share."""
    found: list[UnknownSetting] = []
    for location in locations:
        name, held = str(location[-1]), written
        for part in location[:-1]:
            held = held[part]  # type: ignore[index]
        table = _heading_of(location) if len(location) > 1 else "[[{}]]" if isinstance(written[name], list) else "[{}]"
        taken = [*held, *(each.meant for each in found if each.table == table)]
        meant = nearest(name, _allowed_at(location[:-1]))
        free = meant if meant not in taken and not _elsewhere(name) else None
        found.append(UnknownSetting(table.format(name), name if len(location) > 1 else "", free))
    return found


def _heading_of(location: tuple[int | str, ...]) -> str:
    """A table as it is written."""
    return f"[[{location[0]}]] number {location[1] + 1}" if isinstance(location[1], int) else f"[{location[0]}]"


def _allowed_instead(detail: Any) -> tuple[str, str | None]:
    """The table of a fault, as it is written, and a setting that may stand in its place."""
    location = detail["loc"]
    if len(location) < 2 or location[0] not in TABLES:
        return "", None
    name = str(location[0])
    table = _heading_of(location)
    key = str(location[2 if isinstance(location[1], int) else 1]) if len(location) > 2 or name != "source" else ""
    if key not in TABLES[name].model_fields:
        return table, None
    meant = re.search(r"did you mean (\S+)\?", _fault(location, detail))
    value = meant[1] if meant else EXAMPLES.get(key, TABLES[name].model_fields[key].default)
    return table, f"{key} = {json.dumps(value, ensure_ascii=False)}" if value is not None else None


def _fault(location: tuple[int | str, ...], detail: Any) -> str:
    field = ".".join(str(part + 1) if isinstance(part, int) else part for part in location) or "the file"
    if detail["type"] == "extra_forbidden":
        allowed = _allowed_at(location[:-1])
        return f"{field} is no setting; {_where_allowed(str(location[-1]), allowed)}"
    if location == ("source",):
        return "source: write each source as a table of its own, under [[source]]"
    if detail["type"] == "literal_error":
        allowed = re.findall(r"'(.*?)'", detail["ctx"]["expected"])
        meant = did_you_mean(detail["input"], allowed)
        return f"{field}: {meant + ' ' if meant else ''}write {' or '.join(json.dumps(word) for word in allowed)}"
    message = WORDS_OF_TYPES.get(detail["type"]) or str(detail["msg"]).removeprefix("Value error, ")
    return f"{field}: {message[0].lower() + message[1:]}"


def _where_allowed(name: str, allowed: Sequence[str]) -> str:
    """What was meant by a setting that is none: the same in another table, or one that is much like it."""
    if tables := _elsewhere(name):
        return f"it belongs under {' or '.join(f'[[{each}]]' if each == 'source' else f'[{each}]' for each in tables)}"
    return did_you_mean(name, allowed) or f"allowed there: {', '.join(allowed)}"


def _elsewhere(name: str) -> list[str]:
    """The tables that have such a setting."""
    return [table for table, model in TABLES.items() if name in model.model_fields]


def _allowed_at(location: tuple[int | str, ...]) -> list[str]:
    """The settings of the table at `location`; those of a `[[source]]` whatever its number."""
    table = TABLES.get(str(location[0]), Settings) if location else Settings
    return list(table.model_fields)
