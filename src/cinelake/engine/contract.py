"""The contract of the files in Raw: which columns they have, and which values a row may hold.

The columns are those of the course's files, which derive from IMDb's datasets (title.basics, title.ratings,
title.principals, name.basics): one row a title and artist.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cinelake.config.nearest import nearest
from cinelake.errors import DataError


@dataclass(frozen=True)
class Column:
    """One column of a Raw file. An unknown is always accepted, but in a required column."""

    name: str
    type: Literal["text", "integer", "decimal"] = "text"
    minimum: int = 0
    """With `integer` and `decimal`: the least value accepted."""
    maximum: int = 2**31 - 1
    """With `integer` and `decimal`: the greatest value accepted."""
    required: bool = False
    """A row without it is rejected."""

    @property
    def expectation(self) -> str:
        """What a value must be, in words, as the reason of a rejected row."""
        match self.type:
            case "text":
                return "must not be unknown or empty"
            case "integer":
                return f"must be a whole number from {self.minimum} to {self.maximum}, or unknown"
            case "decimal":
                return f"must be a number from {self.minimum} to {self.maximum}, or unknown"


FIRST_YEAR, LAST_YEAR = 1870, 2100
"""Of a title; artists of older stories may be born earlier."""

TITLE = (
    Column("id", required=True),
    Column("tituloPincipal"),
    Column("tituloOriginal"),
    Column("anoLancamento", "integer", FIRST_YEAR, LAST_YEAR),
)
END_YEAR = (Column("anoTermino", "integer", FIRST_YEAR, LAST_YEAR),)
MEASURES_AND_ARTIST = (
    Column("tempoMinutos", "integer", minimum=1),
    Column("genero"),
    Column("notaMedia", "decimal", maximum=10),
    Column("numeroVotos", "integer"),
    Column("generoArtista"),
    Column("personagem"),
    Column("nomeArtista"),
    Column("anoNascimento", "integer", maximum=LAST_YEAR),
    Column("anoFalecimento", "integer", maximum=LAST_YEAR),
    Column("profissao"),
    Column("titulosMaisConhecidos"),
)

MOVIES = TITLE + MEASURES_AND_ARTIST
SERIES = TITLE + END_YEAR + MEASURES_AND_ARTIST
CONTRACTS: dict[str, tuple[Column, ...]] = {"Movies": MOVIES, "Series": SERIES}
"""By dataset. Other datasets are landed and not read."""
KINDS = {"Movies": "film", "Series": "series"}
"""What a title of each dataset is."""
RECORDS = "TMDB"
"""What stands for a dataset where TMDB's records, of films and of series, are counted."""


def check_header(header: Sequence[str], columns: Sequence[Column], *, key: str) -> None:
    """Holds a file's header against its contract; more columns, in any order, are fine.

    Raises:
        DataError: names what is missing or doubled (SQL does not tell large and small letters of a name apart), and a
            column that may have been meant.
    """
    if not any(header):
        raise DataError(f"{key} is empty: it has no header", "land a file whose first line names its columns")
    missing = [column.name for column in columns if column.name not in header]
    if missing:
        known = {column.name for column in columns}
        near = nearest(missing[0], [name for name in header if name not in known])
        raise DataError(
            f"{key} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            f"is {near!r} meant to be {missing[0]!r}? rename it in the file and land it again"
            if near
            else "check the file's first line, and delimiter and encoding of its [[source]] in lake.toml",
        )
    for number, name in enumerate(header):
        twin = next((other for other in header[:number] if name and other.lower() == name.lower()), None)
        if twin is not None:
            told = f"column {name!r} twice" if twin == name else f"columns {twin!r} and {name!r}, which are one to SQL"
            raise DataError(f"{key} has the {told}", "give each column its own name, whatever its letters' size")
