"""All that goes to stderr when a command ends badly, and the exit code."""

import json
import os
import sys
import traceback
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from cinelake.errors import CinelakeError, ExitCode

HINT_OF_USAGE = "see cinelake --help, or --help after the command"
HINT_OF_FAULT = "run again with -vv and report what it prints"


def exit_code_of(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Runs a command to its end and returns the shell's code; nothing is raised.

    With `--json` an error is also one document on stdout: `{"error": {"code", "what", "hint"}}`.
    """
    try:
        code = int(app(list(arguments), standalone_mode=False, prog_name="cinelake") or ExitCode.DONE)
        if code == ExitCode.INTERRUPTED:  # Typer turns Ctrl-C into a code
            raise KeyboardInterrupt
        sys.stdout.flush()
        return code
    except TyperException as error:
        what = error.format_message()
        return _told(ExitCode.USAGE, what, HINT_OF_USAGE, arguments) if what else ExitCode.USAGE
    except CinelakeError as error:
        return _told(error.exit_code, error.what, error.hint, arguments)
    except (KeyboardInterrupt, typer.Abort):
        return _told(
            ExitCode.INTERRUPTED, "interrupted", "run the command again; it goes on where it stopped", arguments
        )
    except (BrokenPipeError, SystemExit):
        # Whoever read our output has gone (Typer makes an exit of that); so must what is left in its buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 the last one to see it must put it in words
        return _told(ExitCode.FAILED, f"a fault in cinelake: {type(error).__name__}: {error}", HINT_OF_FAULT, arguments)


def _told(code: ExitCode, what: str, hint: str, arguments: Sequence[str]) -> ExitCode:
    if "--json" in arguments:
        document = {"error": {"code": int(code), "what": what, "hint": hint}}
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    if _verbosity(arguments) > 1 and code is not ExitCode.INTERRUPTED:
        traceback.print_exc()
    sys.stderr.write(f"error: {' '.join(what.split())}\nhint:  {' '.join(hint.split())}\n")
    return code


def _verbosity(arguments: Sequence[str]) -> int:
    return sum(
        1 if argument == "--verbose" else argument.count("v")
        for argument in arguments
        if argument == "--verbose" or (argument.startswith("-v") and set(argument) == {"-", "v"})
    )
