"""One file over HTTP: whole and checked or not at all; gone on with where it stopped, left alone where unchanged."""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import ssl
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from http.client import HTTPException, HTTPResponse
from importlib.metadata import version
from pathlib import Path
from typing import Literal, Protocol, Self, cast
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from cinelake.config.redaction import redacted
from cinelake.errors import AccessError, CinelakeError, ServiceError
from cinelake.lake.checksums import BLOCK_BYTES, sha256_of_file

PART = ".part"
NOTE = ".json"
"""Endings of what lies beside a file: the part of a newer one that has arrived, and what is known of each."""
UNPACKED_BYTES = 4 * BLOCK_BYTES
"""Of a packed file, unpacked at a time to check it."""
GZIP = 31
"""zlib's number for gzip's own header and checksum."""


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for."""

    silence_s: float = 30
    """For a connection, and for the next piece of an answer."""
    tries: int = 6
    """In a row that bring not one byte."""
    tries_in_all: int = 100
    """Of a file, however much each of them brings."""
    wait_s: float = 0.5
    """The longest the first wait between two tries may be; each next one may be twice as long."""
    wait_at_most_s: float = 30
    """However many the tries, and whatever the server asks for."""


@dataclass(frozen=True)
class Note:
    """What a server said of a file."""

    url: str
    e_tag: str | None
    last_modified: str | None
    """As HTTP writes it."""
    bytes: int | None
    """Its length; None where the server does not say."""
    sha256: str | None = None
    """Of the whole file; None while it is a part."""

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """One that was written; None where there is none that can be read."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Writes it whole or not at all."""
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        fresh.replace(path)

    @property
    def condition(self) -> str | None:
        """What If-Range may hold (RFC 9110, 13.1.5): a strong ETag, or else the date; None where there is neither."""
        return self.e_tag if self.e_tag and not self.e_tag.startswith("W/") else self.last_modified


@dataclass(frozen=True)
class Downloaded:
    """A file that lies here, every byte of it checked."""

    path: Path
    url: str
    bytes: int
    sha256: str
    last_modified: str | None
    """When the server's file was made, as HTTP writes it."""
    action: Literal["fetched", "unchanged"]


class OnProgress(Protocol):
    """Told, while a file arrives, how many bytes of how many that were missing are here; 0 where the server is mute."""

    def __call__(self, done: int, total: int, /) -> None: ...


class _PassingError(ServiceError):
    """A try failed in a way that may pass."""

    def __init__(self, url: str, why: str, *, wait_s: float = 0) -> None:
        super().__init__(
            f"{redacted(url)} cannot be fetched: {why}",
            "check the network and the address, then run again: it goes on where it stopped",
        )
        self.wait_s = wait_s


class _NoRedirects(HTTPRedirectHandler):
    """A server that has moved is named to the user: its data may be somebody else's, or come over plain HTTP."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def opener() -> OpenerDirector:
    """What asks: it takes the proxies and the certificate authorities that the environment names."""
    return build_opener(_NoRedirects)


def download(
    asking: OpenerDirector, url: str, folder: Path, *, patience: Patience, on_progress: OnProgress
) -> Downloaded:
    """Makes the gzip file of an address lie in a folder, under its own name.

    Args:
        asking: see `opener`.
        url: of the file.
        folder: there already; holds the file as it was last time, or a part of it.
        patience: how long the server is waited for.
        on_progress: told while it arrives.

    Raises:
        ServiceError: the server cannot be reached, does not have the file, or gives one that is damaged.
        CinelakeError: there is no room for it.
        AccessError: the folder cannot be written.
    """
    file = _File(asking, url, folder / url.rpartition("/")[2], patience, on_progress)

    def wait_s(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked_for_s = error.wait_s if isinstance(error, _PassingError) else 0
        # What breaks off and gets on is gone on with at once.
        own_s = wait_random_exponential(patience.wait_s, max=patience.wait_at_most_s)(state) if file.in_vain else 0
        return max(own_s, asked_for_s)

    again = Retrying(
        retry=retry_if_exception_type(_PassingError),
        stop=lambda _: file.in_vain >= patience.tries or file.in_all >= patience.tries_in_all,
        wait=wait_s,
        reraise=True,
    )
    with _disk_failures(file.path):
        file.drop_what_is_spoilt()
        return again(file.fetch)


class _File:
    """One file on its way. A part and its note belong together: the old part goes before a new note is written."""

    def __init__(
        self, asking: OpenerDirector, url: str, path: Path, patience: Patience, on_progress: OnProgress
    ) -> None:
        self.path = path
        self.in_vain = self.in_all = 0
        """Tries made since the last byte that arrived, and in all."""
        self._asking, self._url, self._patience, self._on_progress = asking, url, patience, on_progress
        self._note = path.with_name(path.name + NOTE)
        self._part = path.with_name(path.name + PART)
        self._note_of_part = path.with_name(path.name + PART + NOTE)

    def drop_what_is_spoilt(self) -> None:
        """Leaves of last time what is what its note says, and of this address."""
        whole = Note.read(self._note)
        if whole is None or whole.url != self._url or not self.path.is_file() or _differs(self.path, whole):
            self._note.unlink(missing_ok=True)
        part = Note.read(self._note_of_part)
        if part is None or part.url != self._url or part.condition is None or not self._part.is_file():
            self._forget_part()

    def fetch(self) -> Downloaded:
        """One try."""
        self.in_all += 1
        self.in_vain += 1
        response = self._ask()
        if response is None:
            return self._unchanged()
        with response:
            begin, note = self._begin_of(response)
            self._check_room(begin, note.bytes)
            self._receive(response, begin, note)
        return self._finish(note, resumed=begin > 0)

    def _ask(self) -> HTTPResponse | None:
        """The server's answer; None where the file is unchanged."""
        # The address is the user's, and begins with http.
        request = Request(self._url, headers=self._headers())  # noqa: S310
        try:
            return cast("HTTPResponse", self._asking.open(request, timeout=self._patience.silence_s))
        except HTTPError as error:
            with error:
                self._judge(error)
            return None
        except URLError as error:
            reason = error.reason
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise ServiceError(
                    f"the certificate of {redacted(self._url)} is not trusted",
                    "check the address; for a company's proxy, name its authority in SSL_CERT_FILE",
                ) from error
            told = getattr(reason, "strerror", None) or reason
            raise _PassingError(self._url, f"the server could not be reached ({told})") from error
        except (HTTPException, OSError) as error:
            raise _PassingError(self._url, f"the connection failed ({type(error).__name__})") from error

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": f"cinelake/{version('cinelake')}", "Accept-Encoding": "identity"}
        part, whole = Note.read(self._note_of_part), Note.read(self._note)
        if part is not None and part.condition is not None and self._part_bytes():
            return {**headers, "Range": f"bytes={self._part_bytes()}-", "If-Range": part.condition}
        if whole is not None and whole.e_tag:
            headers["If-None-Match"] = whole.e_tag
        if whole is not None and whole.last_modified:
            headers["If-Modified-Since"] = whole.last_modified
        return headers

    def _judge(self, error: HTTPError) -> None:
        """Raises what an answer other than 2xx means, but for 304."""
        if error.code == 304 and Note.read(self._note) is not None:
            return
        if error.code == 416:  # the part is as long as the file, or longer: they are not the same
            self._forget_part()
            raise _PassingError(self._url, "the server has no more of it than what is here")
        if error.code >= 500 or error.code in (408, 425, 429):
            asked = error.headers.get("Retry-After", "")
            wait_s = min(float(asked), self._patience.wait_at_most_s) if asked.isdecimal() else 0
            raise _PassingError(self._url, f"the server failed ({error.code})", wait_s=wait_s)
        if 300 <= error.code < 400:
            raise ServiceError(
                f"{redacted(self._url)} has moved ({error.code})", "give the new address of its folder with --from"
            )
        raise ServiceError(
            f"{redacted(self._url)} cannot be fetched: the server answers {error.code}",
            "check the address, which --from gives: that of the folder of IMDb's files",
        )

    def _unchanged(self) -> Downloaded:
        whole = Note.read(self._note)
        if whole is None or whole.sha256 is None or whole.bytes is None:
            raise _PassingError(self._url, "what was fetched before is gone")
        self._forget_part()
        return Downloaded(self.path, self._url, whole.bytes, whole.sha256, whole.last_modified, "unchanged")

    def _begin_of(self, response: HTTPResponse) -> tuple[int, Note]:
        """At which byte an answer begins, and what it says of the whole file; the part's note is written by it."""
        told = response.headers
        length = told.get("Content-Length", "")
        note = Note(self._url, told.get("ETag"), told.get("Last-Modified"), int(length) if length.isdecimal() else None)
        if response.status == 206:
            held, begin = Note.read(self._note_of_part), self._part_bytes()
            found = re.fullmatch(rf"bytes {begin}-\d+/(\d+)", told.get("Content-Range", ""))
            if found and held is not None and held.bytes in (None, int(found[1])) and _is_same(note, held):
                return begin, replace(held, bytes=int(found[1]))
            self._forget_part()
            raise _PassingError(self._url, "the server went on with another file than the one that was begun")
        self._forget_part()
        note.write(self._note_of_part)
        return 0, note

    def _check_room(self, begin: int, size_bytes: int | None) -> None:
        missing = (size_bytes or 0) - begin
        if missing > shutil.disk_usage(self.path.parent).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _receive(self, response: HTTPResponse, begin: int, note: Note) -> None:
        """Writes what arrives below what is here."""
        missing = note.bytes - begin if note.bytes is not None else 0
        done = 0
        self._on_progress(0, missing)
        with self._part.open("ab") as part:
            while block := self._read(response):
                part.write(block)
                part.flush()  # what has arrived stays, whatever happens now
                done += len(block)
                self.in_vain = 0
                self._on_progress(done, missing)
        if note.bytes is not None and done != missing:
            raise _PassingError(self._url, f"it broke off at byte {begin + done:,} of {note.bytes:,}")

    def _read(self, response: HTTPResponse) -> bytes:
        try:
            return response.read1(BLOCK_BYTES)
        except (HTTPException, OSError) as error:
            raise _PassingError(self._url, f"the connection failed ({type(error).__name__})") from error

    def _finish(self, note: Note, *, resumed: bool) -> Downloaded:
        """Puts a part that is whole in the file's place, once every byte of it was checked."""
        try:
            sha256, size_bytes = _checked(self._part)
        except zlib.error as error:
            self._forget_part()
            if resumed:  # the server may have spliced two files
                raise _PassingError(self._url, f"what arrived in pieces is damaged ({error})") from error
            raise ServiceError(
                f"{redacted(self._url)} is damaged: it is no whole gzip file ({error})",
                "run again, which begins anew; if it repeats, the server's own file is damaged",
            ) from error
        note = replace(note, bytes=size_bytes, sha256=sha256)
        self._part.replace(self.path)
        note.write(self._note)
        self._note_of_part.unlink(missing_ok=True)
        return Downloaded(self.path, self._url, size_bytes, sha256, note.last_modified, "fetched")

    def _forget_part(self) -> None:
        self._part.unlink(missing_ok=True)
        self._note_of_part.unlink(missing_ok=True)

    def _part_bytes(self) -> int:
        try:
            return self._part.stat().st_size
        except FileNotFoundError:
            return 0


def _is_same(told: Note, held: Note) -> bool:
    """Whether an answer is of the file that was begun, as far as it says."""
    return told.e_tag in (None, held.e_tag) and told.last_modified in (None, held.last_modified)


def _differs(path: Path, note: Note) -> bool:
    """Whether a file is another than the one that was noted."""
    return path.stat().st_size != note.bytes or sha256_of_file(path) != note.sha256


def _checked(path: Path) -> tuple[str, int]:
    """The SHA-256 and the length of a gzip file, unpacked once to hold it against its own checksum and length.

    Raises:
        zlib.error: it is damaged, or is not whole.
    """
    digest, size_bytes, unpacker = hashlib.sha256(), 0, zlib.decompressobj(GZIP)
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            size_bytes += len(block)
            held_back = False
            while block or held_back:
                if unpacker.eof:  # a gzip file may be several, one after another
                    unpacker = zlib.decompressobj(GZIP)
                held_back = len(unpacker.decompress(block, UNPACKED_BYTES)) == UNPACKED_BYTES and not unpacker.eof
                block = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if not unpacker.eof:
        raise zlib.error("it ends too early")
    return digest.hexdigest(), size_bytes


@contextlib.contextmanager
def _disk_failures(path: Path) -> Iterator[None]:
    """Turns what the disk raises into our errors."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CinelakeError(
                f"{path} cannot be written: the disk is full",
                "make room, then run again: what has arrived stays, and it goes on there",
            ) from error
        raise AccessError(
            f"{path} cannot be written: {error.strerror or error}", "make the project folder writable"
        ) from error
