"""stdout and stderr as the shell gave them: who reads one may leave, or take few letters, and the work goes on."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from cinelake.errors import CinelakeError

STDOUT, STDERR = 1, 2


def prepare() -> None:
    """Lets both streams take whatever is written: a letter that one lacks as its number, and nothing where one is shut.

    The names of files, too, may hold what is no letter.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 open to the end
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def as_json(told: dict[str, Any], *, indent: int | None = None) -> str:
    """One document and a line end, in ASCII where stdout takes no more."""
    ascii_only = (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8"
    return json.dumps(told, ensure_ascii=ascii_only, indent=indent, allow_nan=False) + "\n"


def tell(text: str) -> None:
    """Writes to stderr, which may be closed, full, or read by nobody: what was done is told by the exit code."""
    try:
        sys.stderr.write(text)
    except OSError:
        silence(STDERR)


def agrees(terms: str) -> bool:
    """Whether who sits at a terminal agrees, who is asked there; False where nobody does."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    import typer

    return typer.confirm(f"{terms}\nDo you agree?", err=True)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Inside, a result is written to stdout: who needs no more of it, as `head` does, ends it and nothing else.

    Raises:
        CinelakeError: it cannot be written.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        silence(STDOUT)
    except OSError as error:
        silence(STDOUT)
        raise CinelakeError(
            f"what was done cannot be told: {error.strerror or error}",
            "make room where the output goes, then run again",
        ) from error


def finish() -> None:
    """Writes out what is left, as far as that can be done."""
    with suppress(CinelakeError), reader_may_leave():
        pass
    with suppress(OSError):
        sys.stderr.flush()


def program_name() -> str:
    """How a shell finds this program from where the reader stands: by its name, or else by where it lies."""
    called = Path(sys.argv[0])
    if shutil.which("cinelake") is not None or called.stem != "cinelake":
        return "cinelake"
    return shlex.quote(os.path.relpath(called) if called.is_relative_to(Path.cwd()) else str(called))


def silence(number: int) -> None:
    """Lets what is still written to a stream go nowhere, and what is left in its buffer too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
