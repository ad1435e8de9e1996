"""Files in other encodings, as UTF-8: DuckDB's own decoders refuse a file for one byte, and lose UTF-16's big end."""

import codecs
from dataclasses import replace
from pathlib import Path

from cinelake.engine.interface import CsvFile
from cinelake.errors import DataError

CODECS = {"utf-8": "utf-8-sig", "latin-1": "cp1252", "utf-16": "utf-16"}
"""Python's name of each encoding. Latin-1 is what Windows and the web take for it, with dashes and curly quotes."""
READ_BYTES = 2**20
WRONG = "cinelake.wrong"
"""Python's name for: what is not in the encoding becomes a byte that no UTF-8 has, so that its row is rejected."""

codecs.register_error(WRONG, lambda error: ("\udcff", getattr(error, "end", 0)))


def copy_as_utf8(file: CsvFile, copy: Path) -> CsvFile:
    """Writes a file anew where it is not UTF-8.

    Raises:
        DataError: it should be UTF-16 and does not begin as such.
    """
    if file.encoding == "utf-8":
        return file
    decoder = codecs.getincrementaldecoder(CODECS[file.encoding])(WRONG)
    with file.path.open("rb") as source, copy.open("wb") as target:
        while True:
            data = source.read(READ_BYTES)
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeError as error:  # no byte is wrong on its own
                raise not_utf16(file.key) from error
            target.write(text.encode("utf-8", "surrogateescape"))
            if not data:
                return replace(file, path=copy, encoding="utf-8")


def not_utf16(what: str) -> DataError:
    """That a file has no byte order mark."""
    return DataError(
        f"{what} is not UTF-16: it does not begin with a byte order mark",
        "check encoding of its [[source]] in lake.toml, or save the file as UTF-8 and land it again",
    )
