"""The commands on the project's pages, and a stranger's clone to type them in."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from conftest import missing

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "bench" / "README.md")
    if not path.is_relative_to(ROOT / "docs" / "_site")
)
"""Those that people read."""
SHELLS = ("sh", "console")
FENCE = re.compile(r"^([^\n]*)\n```([\w{}]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""With the line above it, which names a file where it is one's content."""
INDENTED = re.compile(r"(?:^    \S.*\n)+", re.MULTILINE)
NOT_RUN = re.compile(r"\*\*(?:Not\s+run|Não\s+(?:foi\s+|foram\s+)?executad[oa]s?)\b", re.IGNORECASE)
"""How a section says of commands that nobody ran them."""
COMMENT = re.compile(r"(?:^|\s+)# .*")


@dataclass(frozen=True)
class Block:
    """Lines on a page that are typed one after the other."""

    page: str
    line: int
    """Of the page, where its text starts."""
    language: str
    """Of its fence, of SHELLS; empty where it is indented."""
    text: str

    @property
    def commands(self) -> list[str]:
        """What is typed, without comments; a line that goes on is one with the next."""
        lines = self.text.replace("\\\n", "").splitlines()
        if self.language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [typed for line in lines if (typed := " ".join(COMMENT.sub("", line).split()))]

    @property
    def first(self) -> str:
        """Its first command."""
        return self.commands[0]


def text_of(page: str) -> str:
    """A page, whole."""
    return ROOT.joinpath(page).read_text(encoding="utf-8")


def blocks_of(page: str) -> list[Block]:
    """The blocks of commands on a page: those in a fence of a shell, and indented ones, which are nothing else here."""
    text = text_of(page)
    found = [
        Block(page, text[: fence.start(3)].count("\n") + 1, fence[2], fence[3])
        for fence in FENCE.finditer(text)
        if fence[2] in SHELLS and f".{fence[2]}`" not in fence[1]
    ]
    # As many lines as there were, so that the numbers of those below still hold.
    unfenced = FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)
    for indented in INDENTED.finditer(unfenced):
        lines = "".join(line.removeprefix("    ") for line in indented[0].splitlines(keepends=True))
        found.append(Block(page, unfenced[: indented.start()].count("\n") + 1, "", lines))
    return sorted(found, key=lambda block: block.line)


def section_of(block: Block) -> str:
    """The text from the heading above a block to the next heading."""
    lines = text_of(block.page).splitlines()
    headings = [number for number, line in enumerate(lines) if re.match(r"#+ ", line)]
    start = max((number for number in headings if number < block.line), default=0)
    end = min((number for number in headings if number >= block.line), default=len(lines))
    return "\n".join(lines[start:end])


@dataclass(frozen=True)
class Clone:
    """A clone of this repository, set up, in a home of its own."""

    path: Path
    variables: dict[str, str] = field(default_factory=dict)
    """Of its shell, beside this process's."""

    @classmethod
    def make(cls, path: Path, variables: Mapping[str, str] | None = None) -> "Clone":
        """Copies what git knows, and gives it this Python's environment as the .venv that `make setup` makes."""
        if shutil.which("git") is None or not ROOT.joinpath(".git").exists():
            missing("no clone, or no git, here")
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        for name in listed.rstrip("\0").split("\0"):
            if ROOT.joinpath(name).is_file():
                path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, path / name)
        venv = path / ".venv"
        venv.mkdir()
        for each in Path(sys.prefix).iterdir():
            if not each.name.startswith("."):
                venv.joinpath(each.name).symlink_to(each)
        for stamp in (".run-installed", ".dev-installed"):
            venv.joinpath(stamp).touch()
        home = path.with_name(f"{path.name}-home")
        home.joinpath("Downloads").mkdir(parents=True)
        return cls(path, {"HOME": str(home), **(variables or {})})

    @property
    def home(self) -> Path:
        """Where `~` leads."""
        return Path(self.variables["HOME"])

    def write_program(self, name: str, text: str) -> Path:
        """A program of the shell's own, found before all others."""
        path = self.home / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return path

    def type(self, lines: Iterable[str], timeout_s: float = 280) -> str:
        """Types lines into one shell, which stops at the first that fails; returns what they print.

        What they leave running is ended.
        """
        script = "\n".join(("set -eu -o pipefail", *lines))
        environment = {**os.environ, "PYTHONPATH": str(self.path / "src"), **self.variables}
        # As in an activated environment, where pages say `cinelake` alone.
        folders = (self.home / "bin", self.path / ".venv" / "bin", environment["PATH"])
        environment["PATH"] = os.pathsep.join(map(str, folders))
        # Into a file: a program that goes on in the background would hold a pipe open.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
            shell = subprocess.Popen(
                ["bash", "-c", script], cwd=self.path, env=environment,
                stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                shell.wait(timeout_s)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGKILL)
                shell.wait()
                told.seek(0)
                printed = told.read()
        assert shell.returncode == 0, f"ended with {shell.returncode}:\n{script}\n{printed[-5000:]}"
        return printed
