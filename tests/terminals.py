"""The program on a terminal of any width."""

import fcntl
import os
import re
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from projects import PROGRAM

CONTROLS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def on_terminal(path: Path, width: int, *arguments: str) -> list[str]:
    """The lines that the program writes to a terminal of this width."""
    read = _read_from(path, width, [*arguments, "-q"], "stdout")
    return [line.rstrip() for line in CONTROLS.sub("", read).splitlines()]


def drawn_on_terminal(path: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
    """All that the program draws on a terminal while it works, what it wipes again among it, without colours."""
    return CONTROLS.sub("", _read_from(path, 200, arguments, "stderr", variables))


def _read_from(
    path: Path, width: int, arguments: Sequence[str], stream: str, variables: Mapping[str, str] | None = None
) -> str:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 1000, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment.update(TERM="xterm", **(variables or {}))
    streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": None, stream: theirs}
    with subprocess.Popen([PROGRAM, *arguments], cwd=path, env=environment, **streams) as process:
        os.close(theirs)
        read = bytearray()
        while True:
            try:
                block = os.read(ours, 1 << 16)
            except OSError:  # Linux says so at the end
                break
            if not block:
                break
            read += block
    os.close(ours)
    assert process.returncode == 0
    return read.decode()
