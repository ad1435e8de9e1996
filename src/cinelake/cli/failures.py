"""All that goes to stderr when a command ends badly, and the exit code."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
from typer.exceptions import TyperException

from cinelake.cli.streams import STDOUT, as_json, reader_may_leave, silence, tell
from cinelake.cli.usage import explain_usage
from cinelake.errors import CinelakeError, ExitCode

HINT_OF_FAULT = "run again with -vv and report what it prints"


def exit_code_of(app: Callable[..., Any], arguments: Sequence[str]) -> int:
    """Runs a command to its end and returns the shell's code; nothing is raised.

    With `--json` an error is also one document on stdout: `{"error": {"code", "what", "hint"}}`.
    """
    try:
        code = int(app(list(arguments), standalone_mode=False, prog_name="cinelake") or ExitCode.DONE)
        if code == ExitCode.INTERRUPTED:  # Typer turns Ctrl-C into a code
            raise KeyboardInterrupt
        with reader_may_leave():  # of a help or a version
            sys.stdout.flush()
        return code
    except TyperException as error:
        if not error.format_message():
            return ExitCode.USAGE
        what, hint = explain_usage(error)
        return _told(ExitCode.USAGE, what, hint, arguments)
    except CinelakeError as error:
        return _told(error.exit_code, error.what, error.hint, arguments)
    except (KeyboardInterrupt, typer.Abort):
        hint = "run the command again: what is whole in the lake is not sent again"
        return _told(ExitCode.INTERRUPTED, "interrupted", hint, arguments)
    except SystemExit as error:
        return _code_of_exit(error)
    except Exception as error:  # noqa: BLE001 the last one to see it must put it in words
        return _told(ExitCode.FAILED, f"a fault in cinelake: {type(error).__name__}: {error}", HINT_OF_FAULT, arguments)


def _told(code: ExitCode, what: str, hint: str, arguments: Sequence[str]) -> ExitCode:
    from cinelake.config.redaction import masked, secret_values

    secrets = secret_values(_project(arguments), os.environ)
    what, hint = masked(what, secrets), masked(hint, secrets)
    if "--json" in arguments:
        document = {"error": {"code": int(code), "what": what, "hint": hint}}
        with suppress(CinelakeError), reader_may_leave():
            sys.stdout.write(as_json(document))
    if _verbosity(arguments) > 1 and code is not ExitCode.INTERRUPTED:
        tell(masked(traceback.format_exc(), secrets))
    tell(f"error: {' '.join(what.split())}\nhint:  {' '.join(hint.split())}\n")
    return code


def _code_of_exit(error: SystemExit) -> int:
    """What an exit says; that of Typer and Rich, where who read the help has gone, says nothing of our work."""
    if isinstance(error.__context__, BrokenPipeError):
        silence(STDOUT)
        return ExitCode.DONE
    return error.code if isinstance(error.code, int) else int(error.code is not None)


def _project(arguments: Sequence[str]) -> Path:
    """The project folder, whose `.env` holds secrets; also where the command is wrong elsewhere."""
    given = [*(argument.partition("=")[2] for argument in arguments if argument.startswith("--project="))]
    given += [value for name, value in pairwise(arguments) if name == "--project"]
    return Path(given[-1] if given else "")


def _verbosity(arguments: Sequence[str]) -> int:
    return sum(
        1 if argument == "--verbose" else argument.count("v")
        for argument in arguments
        if argument == "--verbose" or (argument.startswith("-v") and set(argument) == {"-", "v"})
    )
