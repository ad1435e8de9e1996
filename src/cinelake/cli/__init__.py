"""The command line: parse, call one stage, render its result."""

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["main"]

COLLECT_AFTER = 500_000
"""New objects that may hold others, before Python looks for cycles among them."""


def main(program: Callable[..., Any] | None = None) -> None:
    """The `cinelake` program, or one around it, which is called as it is."""
    # A command lives for seconds and makes hardly any cycles. Python would look for them again and again while modules
    # load.
    gc.set_threshold(COLLECT_AFTER, 20, 20)

    from cinelake.cli.app import app
    from cinelake.cli.failures import exit_code_of
    from cinelake.cli.streams import finish, prepare

    prepare()
    code = exit_code_of(program or app, sys.argv[1:])
    finish()
    # Python would take apart all there is, piece by piece, and wait for threads that wait for the network. What they
    # were sending was given up already.
    os._exit(code)
