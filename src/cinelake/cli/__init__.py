"""The command line: parse, call one stage, render its result."""

import gc
import os
import sys

__all__ = ["main"]

COLLECT_AFTER = 500_000
"""New objects that may hold others, before Python looks for cycles among them."""


def main() -> None:
    """The `cinelake` program."""
    # A command lives for seconds and makes hardly any cycles. Python would look for them again and again while modules
    # load, and once more among all there is at the end: a quarter of a small command's time.
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    code = _run()
    gc.freeze()
    sys.exit(code)


def _run() -> int:
    from cinelake.cli.app import app
    from cinelake.cli.failures import exit_code_of
    from cinelake.cli.streams import prepare, reader_may_leave

    prepare()
    code = exit_code_of(app, sys.argv[1:])
    if code:
        # Python would wait for threads that wait for the network. What they were sending was given up already.
        with reader_may_leave():
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
