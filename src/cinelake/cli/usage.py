"""What is wrong with a command as it was typed, in our words: what it was, and what was probably meant."""

import re
from typing import Any

from typer.exceptions import TyperException

from cinelake.config.nearest import nearest

COMMAND = re.compile(r"No such command '(.*?)'\.")
CHOICE = re.compile(r"'([^']*)' is not one of ('.*')\.")


def explain_usage(error: TyperException) -> tuple[str, str]:
    """What was typed wrongly, and what to type.

    Typer's own guesses stand in its message, where nobody would look for what to do.
    """
    context: Any = getattr(error, "ctx", None)
    message = error.format_message().replace("Value error, ", "")
    told = message.partition(" Did you mean")[0].partition(" (Possible option")[0]
    called = context.command_path if context is not None else "cinelake"
    meant = _meant(error, message, context)
    see = f"see {called} --help" if called != "cinelake" else "see cinelake --help, or --help after the command"
    return told, f"did you mean {meant}? {see}" if meant else see


def _meant(error: TyperException, message: str, context: Any) -> str | None:
    if (choice := CHOICE.search(message)) is not None:
        return nearest(choice[1], re.findall(r"'(.*?)'", choice[2]))
    if context is None:
        return None
    if (command := COMMAND.match(message)) is not None:
        found = nearest(command[1], getattr(context.command, "commands", {}))
        return f"cinelake {found}" if found else None
    if (option := getattr(error, "option_name", None)) is not None and message.startswith("No such option"):
        return nearest(option, [name for each in context.command.get_params(context) for name in each.opts])
    return None
