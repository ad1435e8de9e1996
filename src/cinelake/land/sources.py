"""Which files a landing is about: those of a path, of a folder or of a glob, each with the key that it gets."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from glob import glob, has_magic
from hashlib import sha256
from operator import itemgetter
from typing import NamedTuple

from cinelake.config import Project, Source
from cinelake.errors import ConfigurationError
from cinelake.lake.keys import RAW, KeyTemplate, ObjectName

NAMED = 20
"""Files named in one error; the rest are counted."""


@dataclass(frozen=True)
class Shard:
    """One worker's share of the files: `1/4` to `4/4`. `0/4` is `4/4`, for those who count from 0."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Reads `I/N`.

        Raises:
            ConfigurationError: it is none.
        """
        index, _, count = text.partition("/")
        if not (index.isascii() and count.isascii() and index.isdigit() and count.isdigit()) or not (
            0 <= int(index) <= int(count) and int(count) > 0
        ):
            raise ConfigurationError(f"--shard is {text!r}: that is no share", "write it as 1/4, up to 4/4")
        return cls(int(index) % int(count), int(count))

    def holds(self, name: str) -> bool:
        """Whether a file is of this share: by its name alone, so that every worker and every day agree."""
        return int.from_bytes(sha256(name.encode(errors="surrogateescape")).digest()[:8]) % self.count == self.index

    def __str__(self) -> str:
        return f"{self.index or self.count}/{self.count}"


class UnfitFileError(ConfigurationError):
    """Files of the sources cannot be landed."""

    def __init__(self, what: str, hint: str, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__(what, hint)
        self.faults = tuple(faults)
        """Of those that are named: the path, relative to the project folder, and what keeps it from being landed."""


class SourceFile(NamedTuple):
    """A file that is to be landed."""

    source: str
    """Relative to the project folder, as `lake.toml` leads to it."""
    path: str
    """Absolute."""
    key: str
    bytes: int


def find_files(project: Project, keys: KeyTemplate, day: date, *, shard: Shard | None = None) -> tuple[SourceFile, ...]:
    """The files of all sources, in the order of `lake.toml` and of their names; of a folder or glob, hidden ones aside.

    A file is named by itself, and so is one that a glob finds; those of a folder keep their path below it.

    Raises:
        ConfigurationError: names every file that is missing, empty, unreadable or no file, and those of which two
            would lie under one key.
    """
    if not project.sources:
        raise ConfigurationError("lake.toml names no [[source]]", 'add one: dataset = "Movies", path = "movies.csv"')
    found: list[SourceFile] = []
    faults: list[tuple[str, str]] = []
    for source in project.sources:
        named = list(list_named(str(project.directory), source.path))
        if not named:
            is_folder = (project.directory / source.path).is_dir()
            faults.append((source.path, f"{'is a folder, and holds' if is_folder else 'finds'} no file"))
        written = keys.build_all(_name_of(source, day), [each.file for each in named])
        for each, key in zip(named, written, strict=True):
            size = _size_or_fault(each)
            if isinstance(size, str):
                faults.append((each.told, size))
            elif shard is None or shard.holds(f"{source.origin}/{source.dataset}/{each.file}"):
                found.append(SourceFile(each.told, each.path, key, size))
    if faults:
        more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        told = "; ".join(f"{path} {fault}" for path, fault in faults[:NAMED])
        raise UnfitFileError(
            f"{told}{more}. Nothing was sent",
            f"mend the files in {project.directory}, or path under [[source]] in lake.toml",
            faults[:NAMED],
        )
    _refuse_twins(found)
    return tuple(found)


def prefixes_of(project: Project, keys: KeyTemplate, day: date) -> set[str]:
    """Below which the keys of the sources' files of a day begin, without the final slash.

    Raises:
        ConfigurationError: a dataset has a name that no key can hold.
    """
    return {keys.build(replace(_name_of(source, day), file="x")).removesuffix("/x") for source in project.sources}


def _name_of(source: Source, day: date) -> ObjectName:
    return ObjectName(RAW, source.origin, source.format, source.dataset, day, "")


class NamedFile(NamedTuple):
    """A file that a path of `lake.toml` stands for. Texts and no `Path`: there may be very many."""

    told: str
    """Relative to the project folder."""
    file: str
    """As its key names it."""
    path: str
    stat: Callable[[], os.stat_result]


def list_named(directory: str, path: str) -> Iterator[NamedFile]:
    """The files that a path stands for: itself, there or not, or those of a folder or glob, by name."""
    whole = os.path.join(directory, path)  # noqa: PTH118
    if os.path.isdir(whole):  # noqa: PTH112
        base = path.rstrip("/") or "/"
        for file, entry in sorted(_below(whole, "", set()), key=itemgetter(0)):
            yield NamedFile(f"{base}/{file}", file, entry.path, entry.stat)
    elif not os.path.exists(whole) and has_magic(path):  # noqa: PTH110
        for told in sorted(glob(path, root_dir=directory, recursive=True)):  # noqa: PTH207 it leaves hidden files out
            found = os.path.join(directory, told)  # noqa: PTH118
            if not os.path.isdir(found):  # noqa: PTH112
                yield NamedFile(told, os.path.basename(told), found, partial(os.stat, found))  # noqa: PTH119
    else:
        # Also of a folder that is not there, whose path ends in a slash.
        yield NamedFile(path, os.path.basename(whole.rstrip("/")), whole, partial(os.stat, whole))  # noqa: PTH119


def _below(folder: str, start: str, seen: set[tuple[int, int]]) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """The files below a folder by their path in it, links followed, each folder once; hidden ones are left out."""
    found = os.stat(folder)  # noqa: PTH116
    if (found.st_dev, found.st_ino) in seen:
        return
    seen.add((found.st_dev, found.st_ino))
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _below(entry.path, f"{start}{entry.name}/", seen)
            else:
                yield start + entry.name, entry


def _size_or_fault(named: NamedFile) -> int | str:
    """How many bytes a file has, or what keeps it from being landed."""
    try:
        found = named.stat()
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if stat.S_ISDIR(found.st_mode):
        return "is a folder, not a file"
    if not stat.S_ISREG(found.st_mode):
        return "is no file, but a device, a pipe or a socket"
    if not os.access(named.path, os.R_OK):
        return "may not be read: permission denied"
    return found.st_size or "is empty"


def _refuse_twins(files: Sequence[SourceFile]) -> None:
    first: dict[str, SourceFile] = {}
    for file in files:
        twin = first.setdefault(file.key, file)
        if twin is not file:
            raise ConfigurationError(
                f"{twin.source} and {file.source} would both lie at {file.key}. Nothing was sent",
                "give one of them another name or dataset",
            )
