"""The program on a terminal of any width."""

import fcntl
import os
import re
import struct
import subprocess
import termios
from pathlib import Path

from projects import PROGRAM

CONTROLS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def on_terminal(path: Path, width: int, *arguments: str) -> list[str]:
    """The lines that the program writes to a terminal of this width."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 1000, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    command = [PROGRAM, *arguments, "-q"]
    with subprocess.Popen(command, cwd=path, stdout=theirs, env={**environment, "TERM": "xterm"}) as process:
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
    return [line.rstrip() for line in CONTROLS.sub("", read.decode()).splitlines()]
