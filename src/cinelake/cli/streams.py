"""stdout and stderr as the shell gave them: who reads one may leave, and the work goes on all the same."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STDOUT, STDERR = 1, 2


def tell(text: str) -> None:
    """Writes to stderr, which may be closed, full, or read by nobody: what was done is told by the exit code."""
    try:
        sys.stderr.write(text)
    except OSError:
        silence(STDERR)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Inside, a result is written to stdout: who needs no more of it, as `head` does, ends it and nothing else."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        silence(STDOUT)


def silence(number: int) -> None:
    """Lets what is still written to a stream go nowhere, and what is left in its buffer too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
