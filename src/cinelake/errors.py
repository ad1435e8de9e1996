"""One tree of errors, sorted by what the reader must do about them.

    CinelakeError              1   a stage failed
    ├── ConfigurationError     2   mend the command or lake.toml
    ├── DataError              3   mend the data
    ├── AccessError            4   get credentials or permission
    └── ServiceError           5   try again when the service can be reached

The number is the exit code of the command line. What was done to what and why it failed is `what`, in one
sentence; `hint` is the next thing to do. Neither ever holds a secret.
"""

from enum import IntEnum
from typing import ClassVar

__all__ = [
    "AccessError",
    "CinelakeError",
    "ConfigurationError",
    "DataError",
    "ExitCode",
    "ServiceError",
]


class ExitCode(IntEnum):
    """What the command line tells the shell."""

    DONE = 0
    """The command did what was asked, or found it done already."""
    FAILED = 1
    """A stage failed for a reason that is none of the others."""
    USAGE = 2
    """The command, `lake.toml` or `.env` is wrong, or names something that is not there."""
    DATA = 3
    """The data broke its contract."""
    ACCESS = 4
    """Credentials are missing or refused, or they do not permit this."""
    UNREACHABLE = 5
    """A service could not be reached."""
    INTERRUPTED = 130
    """Ctrl-C."""


class CinelakeError(Exception):
    """A failure with words for a person: what happened, to what, and what to do next.

    Args:
        what: one sentence, without a final full stop where it ends in a name.
        hint: the next command or the setting to mend.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class ConfigurationError(CinelakeError):
    """The command or the project folder asks for something that cannot be."""

    exit_code = ExitCode.USAGE


class DataError(CinelakeError):
    """What was read is not what its contract promises."""

    exit_code = ExitCode.DATA


class AccessError(CinelakeError):
    """No credentials, refused credentials, or credentials without the permission."""

    exit_code = ExitCode.ACCESS


class ServiceError(CinelakeError):
    """A service did not answer, or answered that it cannot now."""

    exit_code = ExitCode.UNREACHABLE
