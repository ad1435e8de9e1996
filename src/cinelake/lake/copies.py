"""Local copies of a bucket's objects, kept by their checksum: content decides, so no copy can be stale."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from cinelake.lake.checksums import md5_of_bytes, sha256_of_file


class Copies:
    """A folder of files named by their SHA-256, and of manifests named by their MD5, which is the ETag that a listing
    shows of them. It may be deleted whenever nothing runs.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, sha256: str) -> Path | None:
        """The copy, after every byte of it was checked; a spoilt one is dropped."""
        path = self._directory / sha256
        if not path.is_file():
            return None
        if sha256_of_file(path) == sha256:
            return path
        path.unlink(missing_ok=True)
        return None

    def save(self, sha256: str, blocks: Iterable[bytes]) -> Path | None:
        """Writes a copy from its bytes; None where these are not the ones that were promised."""
        self._write(sha256, blocks)
        return self.find(sha256)

    def remember(self, path: Path, sha256: str) -> None:
        """A file just landed is its own copy: a link to it saves the download, where a link can be made."""
        with suppress(OSError):
            self._directory.mkdir(parents=True, exist_ok=True)
            (self._directory / sha256).hardlink_to(path)

    def drop(self, sha256: str) -> None:
        """Removes a copy, if there is one."""
        (self._directory / sha256).unlink(missing_ok=True)

    def recall(self, e_tag: str | None) -> bytes | None:
        """The bytes of a manifest whose ETag is their MD5, where they were kept and are still what they were."""
        with suppress(OSError):
            if e_tag and e_tag.isalnum() and md5_of_bytes(data := (self._directory / e_tag).read_bytes()) == e_tag:
                return data
        return None

    def keep(self, data: bytes) -> None:
        """Keeps the bytes of a manifest; where that cannot be done, it is read again next time."""
        with suppress(OSError):
            self._write(md5_of_bytes(data), [data])

    def _write(self, name: str, blocks: Iterable[bytes]) -> None:
        """Writes a file whole or not at all."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._directory, delete=False) as file:
            fresh = Path(file.name)
            try:
                file.writelines(blocks)
                file.close()
                fresh.replace(self._directory / name)
            finally:
                fresh.unlink(missing_ok=True)
