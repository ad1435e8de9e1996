"""A project folder that runs at once: settings, an example of `.env`, and data, at first an invented sample."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from cinelake import sample
from cinelake.config import CONFIGURATION
from cinelake.config.uri import parse_lake_uri
from cinelake.errors import AccessError, ConfigurationError

DATA = "data"
TEMPLATES = {CONFIGURATION: CONFIGURATION, ".env.example": "env.example", ".gitignore": "gitignore"}
"""The files of a new project, each with the one of this package that it is written from."""
SPARED = (".env.example", ".gitignore")
"""Where they are there already they stay, and are no reason to make nothing."""
LAKE, SNAPSHOT = 'uri = "file:lake"   ', 'source = "snapshot"'
"""As the template of `lake.toml` has them."""


@dataclass(frozen=True)
class InitOptions:
    """What the user may ask of a new project."""

    lake_uri: str | None = None
    """Its lake; a folder in it if left out."""
    with_sample: bool = True
    """Whether invented data is made, so that it runs at once."""


@dataclass(frozen=True)
class InitResult:
    """A project folder that was made."""

    directory: Path
    """Absolute."""
    files: tuple[str, ...]
    """That were written, relative to it."""
    with_sample: bool

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {"path": str(self.directory), "files": list(self.files)}


def make_project(directory: str | Path, options: InitOptions | None = None) -> InitResult:
    """Makes a project folder; what stands there already stays as it is.

    Args:
        directory: the folder, which may be there.
        options: what to make.

    Raises:
        ConfigurationError: it holds a file that would be written, or the lake's URI is none.
        AccessError: it cannot be written.
    """
    options = options or InitOptions()
    folder = Path(directory).resolve()
    texts = _texts(folder, options)
    data = (sample.MOVIES, sample.SERIES, sample.TMDB) if options.with_sample else ()
    wanted = [*texts, *(f"{DATA}/{name}" for name in data)]
    there = [name for name in wanted if os.path.lexists(folder / name)]
    if taken := [name for name in there if name not in SPARED]:
        raise ConfigurationError(
            f"{folder} holds {_listed(taken)} already. Nothing was written",
            "name a new folder" + ("" if CONFIGURATION in taken else ", or leave the sample out with --no-sample"),
        )
    try:
        folder.joinpath(DATA).mkdir(parents=True, exist_ok=True)
        if data:
            sample.write_sample(folder / DATA)
        for name, text in texts.items():
            if name in there:
                continue
            folder.joinpath(name).write_text(text, encoding="utf-8")
    except OSError as error:
        at = error.filename or folder
        raise AccessError(f"{at} cannot be written: {error.strerror}", "name a folder that you may write to") from error
    return InitResult(folder, tuple(name for name in wanted if name not in there), options.with_sample)


def _texts(folder: Path, options: InitOptions) -> Mapping[str, str]:
    """The text of each file but the data."""
    here = files("cinelake.init")
    texts = {name: here.joinpath(source).read_text(encoding="utf-8") for name, source in TEMPLATES.items()}
    if options.lake_uri is not None:
        parse_lake_uri(options.lake_uri, directory=folder, said_in="--lake")
        texts[CONFIGURATION] = texts[CONFIGURATION].replace(
            LAKE, f"uri = {json.dumps(options.lake_uri)}".ljust(len(LAKE)), 1
        )
    if not options.with_sample:
        texts[CONFIGURATION] = texts[CONFIGURATION].replace(SNAPSHOT, 'source = "off"'.ljust(len(SNAPSHOT)), 1)
    return texts


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
