"""What a shell completes beyond names of commands and options: words that are known without opening a lake."""

from importlib.resources import files
from pathlib import Path

import typer


def questions(context: typer.Context, incomplete: str) -> list[str]:
    """Names of the shipped questions, and of those in the project folder."""
    given = context.params.get("project")
    roots = (files("cinelake") / "questions", Path(given or "") / "questions")
    names = {folder.name for root in roots if root.is_dir() for folder in root.iterdir() if folder.is_dir()}
    return sorted(name for name in names if name.startswith(incomplete) and not name.startswith((".", "_")))


def layers(incomplete: str) -> list[str]:
    """The layers of a lake."""
    from cinelake.lake.keys import LAYERS

    return [layer for layer in LAYERS if layer.startswith(incomplete)]


def datasets(incomplete: str) -> list[str]:
    """The datasets that feed the models, and the shipped tables."""
    from cinelake.config.settings import MODELLED

    root = files("cinelake") / "sql"
    tables = (
        file.name.removesuffix(".sql") for folder in root.iterdir() if folder.is_dir() for file in folder.iterdir()
    )
    return sorted(name for name in (*MODELLED, *tables) if name.startswith(incomplete))


def engines(incomplete: str) -> list[str]:
    """What can run the SQL."""
    from cinelake.config.project import ENGINES

    return [name for name in ENGINES if name.startswith(incomplete)]
