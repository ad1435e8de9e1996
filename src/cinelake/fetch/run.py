"""IMDb's public datasets → `movies.csv` and `series.csv` of the project folder, with proof of where they come from."""

import errno
import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from cinelake.config import Project
from cinelake.config.redaction import redacted
from cinelake.config.settings import Source
from cinelake.engine.workspace import temporary_folder
from cinelake.errors import AccessError, CinelakeError, ConfigurationError
from cinelake.fetch import terms
from cinelake.fetch.download import Downloaded, Patience, download, opener
from cinelake.fetch.joining import FILES, Written, join_files
from cinelake.lake.checksums import sha256_of_file
from cinelake.lake.runs import Event, OnEvent, silent
from cinelake.query.keeping import put_in_place

BASE_URL = "https://datasets.imdbws.com"
FOLDER = "imdb"
"""Below the work folder: IMDb's files, what is known of them, and what was made of them."""
MADE = "made.json"
LOCK = ".lock"
FORM = 1
"""Of what is made of the same files; another makes them anew."""
DATASETS = ("Movies", "Series")


@dataclass(frozen=True)
class FetchOptions:
    """What the user may ask of a fetch."""

    agreed: bool = False
    """To IMDb's terms; see `cinelake.fetch.terms`."""
    base_url: str = BASE_URL
    """Of the folder of IMDb's files."""
    min_votes: int = 0
    """Titles with fewer votes are left out; those without a rating always are."""
    replace: bool = False
    """Whether files that something else wrote may be replaced."""
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True)
class MadeFile:
    """A source file that was made."""

    dataset: str
    path: str
    """Absolute."""
    rows: int
    """The header aside."""
    titles: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class FetchResult:
    """What was fetched, and what was made of it."""

    status: Literal["done", "unchanged"]
    base_url: str
    min_votes: int
    downloads: tuple[Downloaded, ...]
    made: tuple[MadeFile, ...]

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "fetched": "imdb",
            "status": self.status,
            "from": self.base_url,
            "terms": terms.URL,
            "min_votes": self.min_votes,
            "downloads": [
                {
                    "url": each.url,
                    "bytes": each.bytes,
                    "sha256": each.sha256,
                    "last_modified": each.last_modified,
                    "action": each.action,
                }
                for each in self.downloads
            ],
            "files": [asdict(each) for each in self.made],
        }


@dataclass(frozen=True)
class _Made:
    """What was made last: of which files, and how."""

    asked: Mapping[str, Any]
    """All that the files depend on but IMDb's: see `_asked`."""
    inputs: Mapping[str, str]
    """SHA-256 by IMDb's name of the file."""
    files: tuple[MadeFile, ...]
    replaced: tuple[str, ...]
    """SHA-256 of the files that these replace; they still lie there where a run was killed."""

    @classmethod
    def read(cls, path: Path) -> "_Made | None":
        """What was noted; None where nothing was that can be read."""
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            made = tuple(MadeFile(**each) for each in told["files"])
            return cls(told["asked"], told["inputs"], made, tuple(told["replaced"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, path: Path) -> None:
        """Writes it whole or not at all."""
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        fresh.replace(path)

    def stands(self, asked: Mapping[str, Any], inputs: Mapping[str, str], lying: Mapping[Path, str | None]) -> bool:
        """Whether the same would be made again, and lies there."""
        there = {str(path): sha256 for path, sha256 in lying.items()}
        return (self.asked, self.inputs, {each.path: each.sha256 for each in self.files}) == (asked, inputs, there)


def fetch_imdb(project: Project, options: FetchOptions | None = None, on_event: OnEvent = silent) -> FetchResult:
    """Makes the files that `lake.toml` names for films and series from IMDb's datasets.

    A file that lies there is replaced only where an earlier fetch made it and nobody changed it since, or where asked.

    Raises:
        ConfigurationError: the terms were not agreed to, `lake.toml` names no file to make, or one would be lost.
        ServiceError: IMDb's files cannot be fetched.
        DataError: they are not as IMDb describes them.
        CinelakeError: there is no room, or another fetch is at work.
        AccessError: the project folder cannot be written.
    """
    options = options or FetchOptions()
    if not options.agreed:
        raise terms.NotAgreedError
    base_url = _checked_address(options.base_url)
    targets = {dataset: _target(project, dataset) for dataset in DATASETS}
    folder = project.work_directory / FOLDER
    with _alone_in(folder):
        before = _Made.read(folder / MADE)
        lying = {path: _checksum(path) for _, path in targets.values() if os.path.lexists(path)}
        if not options.replace:
            _refuse_foreign(lying, before)
        downloads = [_fetch(f"{base_url}/{name}", folder, options, on_event) for name, _ in FILES.values()]
        asked, inputs = _asked(options, targets), {each.path.name: each.sha256 for each in downloads}
        if before is not None and before.stands(asked, inputs, lying):
            return FetchResult("unchanged", base_url, options.min_votes, tuple(downloads), before.files)
        with temporary_folder(project.work_directory) as temporary:
            fresh = {dataset: temporary / f"{dataset}.csv" for dataset in targets}
            written = join_files(
                {table: each.path for table, each in zip(FILES, downloads, strict=True)},
                {dataset: (source, fresh[dataset]) for dataset, (source, _) in targets.items()},
                temporary,
                memory=project.engine.memory,
                min_votes=options.min_votes,
                on_step=lambda step: on_event(Event("fetch", step)),
            )
            if not any(each.titles for each in written.values()):
                raise ConfigurationError(
                    f"no film and no series has {options.min_votes:,} votes or more", "ask for fewer with --min-votes"
                )
            made = tuple(
                _described(dataset, targets[dataset][1], fresh[dataset], written[dataset]) for dataset in targets
            )
            replaced = tuple(sorted(sha256 for sha256 in lying.values() if sha256 is not None))
            # Noted before they lie there: whatever a killed run leaves is known for our own.
            _Made(asked, inputs, made, replaced).write(folder / MADE)
            for dataset, (_, path) in targets.items():
                _put_in_place(fresh[dataset], path)
    return FetchResult("done", base_url, options.min_votes, tuple(downloads), made)


def _checked_address(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", url):
        raise ConfigurationError(f"{redacted(url)!r} is no address of IMDb's files", f"write one such as {BASE_URL}")
    return url.rstrip("/")


def _target(project: Project, dataset: str) -> tuple[Source, Path]:
    """The one file of a dataset that `lake.toml` names, and how it is to be written."""
    sources = [source for source in project.sources if source.dataset == dataset]
    if len(sources) != 1:
        raise ConfigurationError(
            f"lake.toml names {len(sources)} sources of {dataset}, and one is to be made",
            f'name one file: [[source]] dataset = "{dataset}" path = "data/{dataset.lower()}.csv"',
        )
    [source] = sources
    path = project.directory / source.path
    if re.search(r"[*?\[]|/$", source.path) or path.is_dir():
        raise ConfigurationError(
            f"the source of {dataset} is {source.path}, and a fetch makes one file", "name a file in lake.toml"
        )
    if source.encoding != "utf-8":
        raise ConfigurationError(
            f"the source of {dataset} is {source.encoding}, and a fetch writes UTF-8", "leave its encoding out"
        )
    return source, path


def _asked(options: FetchOptions, targets: Mapping[str, tuple[Source, Path]]) -> dict[str, Any]:
    """What the same files of IMDb's may be made into different files by."""
    forms = {dataset: [source.delimiter, source.null] for dataset, (source, _) in targets.items()}
    return {"form": FORM, "min_votes": options.min_votes, **forms}


def _refuse_foreign(lying: Mapping[Path, str | None], before: _Made | None) -> None:
    """Raises where a file lies there that no fetch made, or that was changed since."""
    own = {each.sha256 for each in before.files} | set(before.replaced) if before is not None else set()
    if foreign := [str(path) for path, sha256 in lying.items() if sha256 not in own]:
        raise ConfigurationError(
            f"{' and '.join(foreign)} would be lost, which no fetch made. Nothing was fetched",
            "move them elsewhere, or give --replace if you mean to replace them",
        )


def _checksum(path: Path) -> str | None:
    """Of a file; None of what cannot be read."""
    try:
        return sha256_of_file(path)
    except OSError:
        return None


def _fetch(url: str, folder: Path, options: FetchOptions, on_event: OnEvent) -> Downloaded:
    name = url.rpartition("/")[2]

    def on_progress(done: int, total: int) -> None:
        on_event(Event("fetch", name, "progress", done, total, "bytes"))

    on_event(Event("fetch", f"asking for {name}"))
    return download(opener(), url, folder, patience=options.patience, on_progress=on_progress)


def _described(dataset: str, path: Path, fresh: Path, written: Written) -> MadeFile:
    size_bytes, sha256 = fresh.stat().st_size, sha256_of_file(fresh)
    return MadeFile(dataset, str(path), written.rows, written.titles, size_bytes, sha256)


def _put_in_place(fresh: Path, path: Path) -> None:
    """Lets a file appear where it belongs, whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.replace(path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise AccessError(f"{path} cannot be written: {error.strerror}", "make its folder writable") from error
        put_in_place(fresh, path)  # on another disk it is copied


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Makes a folder; for the length of a `with`, no other process fetches into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise AccessError(f"{folder} cannot be made: {error.strerror}", "make the project folder writable") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            told = "another cinelake fetch is at work in this project"
            raise CinelakeError(told, "wait until it has ended") from error
        yield
    finally:
        os.close(lock)
