"""CSV files as people really have them, each with what must come of it: the unhappy-file suite, as data.

`rows` are the films that Trusted then has. `readable` gives the files that an engine reads to their end, for a test
that holds two engines side by side.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from zlib import crc32

from cinelake import ExitCode
from cinelake.engine.interface import CsvFile
from projects import MOVIES_HEADER
from tables import film

Value = str | int | Decimal | None
Row = tuple[Value, ...]
Reject = tuple[int, str | None, str]

NAMES = MOVIES_HEADER.split("|")
TITLE, YEAR, MINUTES, RATING, VOTES = "tituloPincipal", "anoLancamento", "tempoMinutos", "notaMedia", "numeroVotos"
WHOLE, NUMBER, SPLIT, ENCODING = "must be a whole number", "must be a number", "cannot be split", "invalid encoding"
NO_ID = "must not be unknown or empty"
BOM = "\ufeff"
WRONG = "\udcff"
"""In a text: a byte that is not UTF-8."""


@dataclass(frozen=True)
class UnhappyFile:
    """A file, how it is to be read, and what must come of it."""

    name: str
    """What is odd about it; no other case has this name."""
    data: bytes
    rows: tuple[Row, ...] = ()
    """The accepted ones in their order: the id, then the value of each of `columns`."""
    columns: tuple[str, ...] = ()
    """Names of the contract."""
    rejects: tuple[Reject, ...] = ()
    """By line: the line, the column or None, and words of the reason."""
    exit_code: ExitCode = ExitCode.DONE
    error: tuple[str, ...] = ()
    """With another exit code than 0: what the error's words and hint say."""
    ignored: tuple[str, ...] = ()
    """Columns that are read over, in the words of the event that tells of them."""
    delimiter: str = "|"
    null: str = r"\N"
    encoding: str = "utf-8"
    max_rejected: float | None = 1
    """None takes the default."""

    @property
    def source(self) -> str:
        """What its `[[source]]` in `lake.toml` says beside its path."""
        return "\n".join(f"{name} = '{getattr(self, name)}'" for name in ("delimiter", "null", "encoding"))

    def write(self, folder: Path) -> CsvFile:
        """Puts the file into a folder, under a name of its own, as an engine takes it."""
        words = re.sub("[^a-z0-9]+", "-", self.name.lower()).strip("-")
        path = folder / f"{words}-{crc32(self.name.encode()):08x}.csv"
        path.write_bytes(self.data)
        return CsvFile(f"Raw/Local/CSV/Movies/2022/05/02/{path.name}", path, self.delimiter, self.null, self.encoding)


def readable() -> Iterator[UnhappyFile]:
    """The cases that end well: their rows can be held against those that another engine reads."""
    return (case for case in CASES if case.exit_code is ExitCode.DONE)


def lines(*rows: str, header: str = MOVIES_HEADER, end: str = "\n", last: str | None = None) -> bytes:
    """A file of these lines; `last` is the end of the last one, if that is another."""
    text = end.join([header, *rows]) + (end if last is None else last)
    return text.encode("utf-8", "surrogateescape")


def title(imdb_id: str, text: str) -> str:
    """A line with a title."""
    return film(imdb_id, tituloPincipal=text)


A, B, C = film("tt1"), film("tt2"), film("tt3")
FAULTY = film("tt9", numeroVotos="x")
FAULT = (VOTES, WHOLE)


def refused(
    name: str, data: bytes, *error: str, encoding: str = "utf-8", exit_code: ExitCode = ExitCode.DATA
) -> UnhappyFile:
    """A file of which nothing is read."""
    return UnhappyFile(name, data, exit_code=exit_code, error=error, encoding=encoding)


# A fault at any place


def _faults() -> Iterator[tuple[str, str, str | None, str]]:
    yield "too few fields", "tt9|few", None, SPLIT
    yield "too many fields", f"{film('tt9')}|x|y", None, SPLIT
    yield "a broken quote", title("tt9", '"a"b'), None, SPLIT
    yield "a byte that is not UTF-8", title("tt9", f"Am{WRONG}lie"), None, ENCODING
    yield "a wrong value", FAULTY, *FAULT
    yield "no id", film(""), "id", NO_ID


def _at_any_place() -> Iterator[UnhappyFile]:
    three: tuple[Row, ...] = (("tt1",), ("tt2",))
    for name, line, column, reason in _faults():

        def case(
            place: str,
            data: bytes,
            number: int,
            told: tuple[str, str | None, str] = (name, column, reason),
            rows: tuple[Row, ...] = three,
        ) -> UnhappyFile:
            return UnhappyFile(f"{told[0]}, {place}", data, rows, rejects=((number, *told[1:]),))

        yield case("first row", lines(line, A, B), 2)
        yield case("last row, no final newline", lines(A, B, line, last=""), 4)
        yield case("CRLF", lines(A, line, B, end="\r\n"), 3)
        yield case("CR", lines(A, line, B, end="\r"), 3)
        yield case("below a BOM", lines(A, line, B, header=BOM + MOVIES_HEADER), 3)
        yield case("below quoted newlines", lines(title("tt1", '"a\nb\n\nc"'), line, B), 6)
        yield case("below blank lines", lines("", A, "", "", line, B, "", end="\r\n"), 6)


# A value in a column

ACCEPTED: tuple[tuple[str, str, Value], ...] = (
    (VOTES, " 12 ", 12),
    (VOTES, "\t12", 12),
    (VOTES, '"12"', 12),
    (VOTES, "12.0", 12),
    (VOTES, "12.", 12),
    (VOTES, "+5", 5),
    (VOTES, "-0", 0),
    (VOTES, "00012", 12),
    (VOTES, "0", 0),
    (VOTES, "2147483647", 2147483647),
    (VOTES, r"\N", None),
    (VOTES, r'"\N"', None),
    (RATING, "10", Decimal(10)),
    (RATING, "10.0", Decimal(10)),
    (RATING, "0", Decimal(0)),
    (RATING, "-0.0", Decimal(0)),
    (RATING, ".5", Decimal("0.5")),
    (RATING, " 6.4 ", Decimal("6.4")),
    (RATING, "6.45", Decimal("6.5")),
    (RATING, "6.4000000000000004", Decimal("6.4")),
    (YEAR, "1870", 1870),
    (YEAR, "2100", 2100),
    (YEAR, "2018.0", 2018),
    (YEAR, r"\N", None),
    (MINUTES, "1", 1),
    (MINUTES, "2147483647", 2147483647),
    (TITLE, "", ""),
    (TITLE, '""', ""),
    (TITLE, r"\N", None),
    (TITLE, r"\n", r"\n"),
    (TITLE, "NULL", "NULL"),
    (TITLE, " blanks ", " blanks "),
    (TITLE, "a\tb", "a\tb"),
    (TITLE, "a\0b", "a\0b"),
    (TITLE, 'a"b', 'a"b'),
    (TITLE, '""""', '"'),
    (TITLE, '"a""b"', 'a"b'),
    (TITLE, '"a|b"', "a|b"),
    (TITLE, '"a\nb"', "a\nb"),
    (TITLE, '"a\r\nb"', "a\r\nb"),
    (TITLE, '"a\rb"', "a\rb"),
    (TITLE, ' "a\nb"', "a\nb"),
    (TITLE, r"\"a\"", r"\"a\""),
    (TITLE, "=1+1", "=1+1"),
    (TITLE, "@SUM(A1)", "@SUM(A1)"),
    (TITLE, "👩‍👩‍👧 😀", "👩‍👩‍👧 😀"),
    (TITLE, "e\u0301 \u202eabc", "e\u0301 \u202eabc"),
    (TITLE, "a\u2028b\x85c\x0bd\x0ce", "a\u2028b\x85c\x0bd\x0ce"),
    (TITLE, "\ufffd", "\ufffd"),
    (TITLE, f"{BOM}x", f"{BOM}x"),
    (TITLE, "x" * 1_000_000, "x" * 1_000_000),
)
REFUSED: tuple[tuple[str, str], ...] = (
    *((VOTES, text) for text in ("1,234", "1 234", "1\u00a0234", '"1,234"', "12.7", "1e3", "1E+05", "1.5e1", "1_000")),
    *((VOTES, text) for text in ("0x1F", "0b11", "∞", "NaN", "inf", "１２", "true", "-1", "2147483648", "9" * 40)),
    *((VOTES, text) for text in ("", '""', "NULL", "null", "N/A", "-", "1\0", "\0")),
    *(
        (RATING, text)
        for text in ("10.01", "-0.1", "6,4", "1e1", "1_0", "0x1", "NaN", "Infinity", "９.5", "6.4/10", "")
    ),
    *((YEAR, text) for text in ("2018–", "2018-2020", "2018?", "1869", "2101", "2_018", "2.018e3", "18", "MCM")),
    (YEAR, "1492"),
    ("anoNascimento", "MCM"),
    ("anoFalecimento", "2101"),
    *((MINUTES, text) for text in ("0", "-1", "90 min", "1:30", "2147483648")),
)


def _shown(text: str) -> str:
    return ascii(text) if len(text) < 60 else f"{len(text)} letters"


def _values() -> Iterator[UnhappyFile]:
    for column, text, value in ACCEPTED:
        rows: tuple[Row, ...] = (("tt1", None), ("tt2", value), ("tt3", None))
        line = 4 + len(re.findall("\r\n|\n|\r", text))
        data = lines(A, film("tt2", **{column: text}), FAULTY, C)
        yield UnhappyFile(f"{column} {_shown(text)}", data, rows, (column,), ((line, *FAULT),))
    for column, text in REFUSED:
        data = lines(A, film("tt2", **{column: text}), C)
        reason = NUMBER if column == RATING else WHOLE
        rejects = ((3, column, reason),)
        yield UnhappyFile(f"{column} {_shown(text)}", data, (("tt1",), ("tt3",)), rejects=rejects)


def _ids() -> Iterator[UnhappyFile]:
    for text in ("", '""', r"\N", r'"\N"', "  ", "\u00a0"):
        yield UnhappyFile(f"id {text!r}", lines(A, film(text), C), (("tt1",), ("tt3",)), rejects=((3, "id", NO_ID),))
    for text, value in (
        ("tt0000001", "tt0000001"),
        ("tt12345678", "tt12345678"),
        (" tt2", "tt2"),
        ("tt2  ", "tt2"),
        ('"tt2"', "tt2"),
        ("2", "2"),
        ("NULL", "NULL"),
    ):
        yield UnhappyFile(f"id {text!r}", lines(A, film(text), C), (("tt1",), (value,), ("tt3",)))


# The file as a whole

QUOTED_HEADER = "|".join(f'"{name}"' for name in NAMES)
LONG = "x" * 3_000_000
EXTRA = [f"extra{number}" for number in range(1000)]


def _headers() -> Iterator[UnhappyFile]:
    empty = "is empty: it has no header"
    yield refused("no byte at all", b"", "movies.csv is empty. Nothing was sent", exit_code=ExitCode.USAGE)
    yield refused("a BOM alone", codecs.BOM_UTF8, empty)
    yield refused("blank lines alone", b"\n\n\n", empty)
    yield refused("blank lines alone, CRLF", b"\r\n\r\n", empty)
    yield refused("delimiters alone", b"|||\n|||\n", empty)
    yield refused("a header in another script", lines(A, header="标识|标题"), "lacks the columns id, tituloPincipal")
    yield refused("no header", lines(B, header=A), "lacks the columns id", "check the file's first line")
    yield refused(
        "another delimiter", lines(A, header=MOVIES_HEADER.replace("|", ",")), "lacks the columns", "delimiter"
    )
    for missing in ("id", "notaMedia", NAMES[-1]):
        header = "|".join(name for name in NAMES if name != missing)
        yield refused(f"no column {missing}", lines(header=header), f"lacks the column {missing}")
    header = MOVIES_HEADER.replace("|genero|notaMedia", "")
    yield refused("two missing columns", lines(header=header), "lacks the columns genero, notaMedia")
    renamed = MOVIES_HEADER.replace("notaMedia", "nota_media")
    yield refused("a renamed column", lines(header=renamed), "lacks the column notaMedia", "'nota_media'", "rename")
    header = MOVIES_HEADER.replace("genero|nota", f"g{WRONG}nero|nota")
    yield refused("a header that is not UTF-8", lines(A, header=header), "lacks the column genero")
    header = MOVIES_HEADER.replace("genero|nota", "gen\0ero|nota")
    yield refused(
        "a header with a NUL byte", lines(A, header=header), "lacks the column genero", "meant to be 'genero'"
    )
    yield refused("a header with two BOMs", lines(A, header=BOM * 2 + MOVIES_HEADER), "lacks the column id")
    header = " | ".join(NAMES)
    yield refused("a header with blanks", lines(A, header=header), "lacks the columns id", "'id ' meant to be 'id'")
    yield refused("a header with an open quote", lines(A, header='"' + MOVIES_HEADER), "lacks the columns id")
    yield refused("a column twice", lines(header=f"{MOVIES_HEADER}|genero"), "column 'genero' twice")
    yield refused("a column in capitals, too", lines(header=f"{MOVIES_HEADER}|ID"), "columns 'id' and 'ID'")

    one: tuple[Row, ...] = (("tt1",),)
    yield UnhappyFile("a header alone", lines())
    yield UnhappyFile("a header alone, no final newline", lines(last=""))
    yield UnhappyFile("a header alone, CRLF", lines(end="\r\n"))
    yield UnhappyFile("a header and blank lines", lines("", "", ""))
    yield UnhappyFile("a header in quotes", lines(A, header=QUOTED_HEADER), one)
    data = lines(A, header=MOVIES_HEADER.replace("|genero|", '| "genero"|'))
    yield UnhappyFile("a name in quotes after a blank", data, one)
    yield UnhappyFile("a header in quotes below a BOM", lines(A, header=BOM + QUOTED_HEADER), one)
    for end in ("\n", "\r\n", "\r"):
        for blanks in (1, 2):
            data = (end * blanks).encode() + lines(A, "", FAULTY, B, "tt9|few", end=end)
            rejects = ((4 + blanks, *FAULT), (6 + blanks, None, SPLIT))
            name = f"{blanks} blank lines above the header, {end!r}"
            yield UnhappyFile(name, data, (("tt1",), ("tt2",)), rejects=rejects)
    data = lines(A, header=f"{BOM}\n{MOVIES_HEADER}")
    yield UnhappyFile("a BOM and a blank line above the header", data, one)
    year: Reject = (2, YEAR, WHOLE)
    yield UnhappyFile("a header twice", lines(MOVIES_HEADER, A), one, rejects=(year,))
    data = lines(A, MOVIES_HEADER, B)
    yield UnhappyFile("a header between the rows", data, (("tt1",), ("tt2",)), rejects=((3, *year[1:]),))


def _columns() -> Iterator[UnhappyFile]:
    one: tuple[Row, ...] = (("tt1", "One", 7),)
    told = film("tt1", tituloPincipal="One", numeroVotos="7")
    back = "|".join(reversed(told.split("|")))
    header = "|".join(reversed(NAMES))
    yield UnhappyFile("columns in another order", lines(back, header=header), one, (TITLE, VOTES))
    data = lines(f"x|{back}|y", header=f"before|{header}|after")
    yield UnhappyFile("more columns around", data, one, (TITLE, VOTES), ignored=("before", "after"))
    data = lines(f'{told}|"a""b\n|"', f"{FAULTY}|x", header=f"{MOVIES_HEADER}|more")
    yield UnhappyFile("any text in one more column", data, one, (TITLE, VOTES), ((4, *FAULT),), ignored=("more",))
    data = lines(f"{told}|{WRONG}", header=f"{MOVIES_HEADER}|more")
    yield UnhappyFile("no UTF-8 in one more column", data, one, (TITLE, VOTES), ignored=("more",))
    data = lines(f"{told}|x", f'{film("tt9")}|"a"b', header=f"{MOVIES_HEADER}|more")
    rejects: tuple[Reject, ...] = ((3, None, SPLIT),)
    yield UnhappyFile("a broken quote in one more column", data, one, (TITLE, VOTES), rejects, ignored=("more",))
    for name, extra in (("a NUL byte", "m\0re"), ("bytes that are not UTF-8", f"m{WRONG}re"), ("a quote", '"m""re"')):
        data = lines(f"{told}|x", f"{FAULTY}|x", header=f"{MOVIES_HEADER}|{extra}")
        yield UnhappyFile(f"one more column named with {name}", data, one, (TITLE, VOTES), ((3, *FAULT),))
    for count in (1, 2, 3):
        ends = "|" * count
        data = lines(told + ends, FAULTY + ends, header=MOVIES_HEADER + ends)
        yield UnhappyFile(
            f"{count} delimiters at the end of every line",
            data,
            one,
            (TITLE, VOTES),
            ((3, *FAULT),),
            ignored=("one without a name",) * count,
        )
    data = lines(f"{A}|", f"{B}|")
    rejects = ((2, None, SPLIT), (3, None, SPLIT))
    yield UnhappyFile("a delimiter at the end of every row, not of the header", data, rejects=rejects)
    data = lines(told + "|x" * 1000, FAULTY + "|y" * 1000, header="|".join([*NAMES, *EXTRA]))
    yield UnhappyFile("1000 more columns", data, one, (TITLE, VOTES), ((3, *FAULT),), ignored=tuple(EXTRA))
    header = MOVIES_HEADER + "|extra" * 2
    yield refused("one more column twice", lines(header=header), "column 'extra' twice")


def _rows() -> Iterator[UnhappyFile]:
    three: tuple[Row, ...] = (("tt1",), ("tt2",), ("tt3",))
    two = (three[0], three[2])
    rejects: tuple[Reject, ...]
    for name, end, last in (("LF", "\n", ""), ("CRLF", "\r\n", None), ("CRLF, no final newline", "\r\n", "")):
        yield UnhappyFile(f"rows alone, {name}", lines(A, B, C, end=end, last=last), three)
    yield UnhappyFile("rows alone, CR", lines(A, B, C, end="\r"), three)
    yield UnhappyFile("rows alone, CR, no final newline", lines(A, B, C, end="\r", last=""), three)
    data = lines("", A, "", "", B, FAULTY, C, last="\n\n\n")
    yield UnhappyFile("blank lines everywhere", data, three, rejects=((7, *FAULT),))
    many = film("tt9", anoLancamento="1492", notaMedia="x", numeroVotos="-1", tempoMinutos="0")
    yield UnhappyFile("many faults in one row", lines(A, many, C), two, rejects=((3, YEAR, WHOLE),))
    yield UnhappyFile(
        "many faults in one row that cannot be split", lines(A, f"{many}|x", C), two, rejects=((3, None, SPLIT),)
    )
    yield UnhappyFile("delimiters alone in a row", lines(A, "|" * 14, C), two, rejects=((3, "id", NO_ID),))
    yield UnhappyFile("blanks alone in a row", lines(A, "   ", C), two, rejects=((3, None, SPLIT),))
    yield UnhappyFile("NUL bytes alone in a row", lines(A, "\0" * 4, C), two, rejects=((3, None, SPLIT),))
    yield UnhappyFile(
        "NUL bytes at the end of the file", lines(A, C, last="\n\0\0\0"), two, rejects=((4, None, SPLIT),)
    )
    yield UnhappyFile("a text below the rows", lines(A, C, "2 rows"), two, rejects=((4, None, SPLIT),))
    data = lines(A, film("tt9", numeroVotos=f"1{WRONG}"), C)
    yield UnhappyFile("no UTF-8 in a number", data, two, rejects=((3, None, ENCODING),))
    for name, code in (("a surrogate", b"\xed\xa0\x80"), ("an overlong letter", b"\xc0\xaf"), ("latin-1", b"\xe9")):
        data = lines(A, title("tt9", "@"), C).replace(b"@", code)
        yield UnhappyFile(f"no UTF-8 in a title: {name}", data, two, rejects=((3, None, ENCODING),))
    data = lines(title("tt1", ' "a\nb"'), '"tt8"|  "a', 'b"', FAULTY, C)
    rejects = ((4, None, SPLIT), (5, None, SPLIT), (6, *FAULT))
    yield UnhappyFile("a quote after two blanks opens nothing", data, two, rejects=rejects)
    data = lines(A, title("tt9", f'"a\n{WRONG}"'), FAULTY, C)
    rejects = ((3, None, ENCODING), (5, *FAULT))
    yield UnhappyFile("no UTF-8 below a quoted newline", data, two, rejects=rejects)
    for below in (b"", b"\n"):
        data = lines(A, B, last="") + b"\xc3" + below
        yield UnhappyFile(
            f"half a letter at the end of the file, {below!r}", data, three[:1], rejects=((3, None, ENCODING),)
        )
    mixed = ("mixed line ends", "save it with one kind of line end")
    yield refused("CRLF, once LF", lines(A, f"{B}\r\n{C}\n{A}", end="\r\n"), *mixed)
    yield refused("LF, once CRLF", lines(A, f"{B}\r", C), *mixed)
    yield refused("LF, CRLF in the last line", lines(A, B, last="\r\n"), *mixed)
    yield refused("CRLF in the header alone", lines(A, B, header=f"{MOVIES_HEADER}\r"), *mixed)
    yield refused("a bare CR in a title", lines(title("tt1", "a\rb"), B), *mixed)


def _quotes() -> Iterator[UnhappyFile]:
    one: tuple[Row, ...] = (("tt1",),)
    for text in ('"open', '"', '"""', '"a"b"c', '"a"b', '"a""b"c', r'"a\"b"'):
        for name, last in (("", "\n"), (", no final newline", ""), (", blank lines below", "\n\n\n")):
            data = lines(A, title("tt9", text), last=last)
            yield UnhappyFile(f"{text} in the last row{name}", data, one, rejects=((3, None, SPLIT),))
    data = lines(A, film("tt9", titulosMaisConhecidos='"open'))
    yield UnhappyFile("an open quote in the last field", data, one, rejects=((3, None, SPLIT),))
    words = "a quote opens there, does not close"
    for text in ('"open', '"', '"""'):
        yield refused(f"{text} in the middle", lines(A, title("tt9", text), C), "line 3", words, "RFC 4180")
    yield refused("an open quote in the first row", lines(title("tt9", '"x'), A, B), "line 2", words)
    yield refused("an open quote in an id", lines(A, film('"tt9'), B), "line 3", words)
    for end in ("\r\n", "\r"):
        data = lines(title("tt1", f'"a{end}b"'), "", title("tt9", '"open'), C, end=end)
        yield refused(f"an open quote below a quoted line end, {end!r}", data, "line 5", words)
    data = lines(A, title("tt9", '"open'), title("tt3", '"x"'), B)
    yield refused("an open quote above a quoted field", data, "line 3", words)
    data = lines(A, title("tt9", '"' + "x\n" * 1_500_000 + '"'), FAULTY)
    yield refused("a quoted field of three million letters and many lines", data, "line 3", "within 2 MB")


def _sizes() -> Iterator[UnhappyFile]:
    two: tuple[Row, ...] = (("tt1",), ("tt2",))
    reason = "line size over maximum"
    for name, text in (("", LONG), (" in quotes", f'"{LONG}"')):
        data = lines(A, title("tt9", text), FAULTY, B)
        rejects: tuple[Reject, ...] = ((3, None, reason), (4, *FAULT))
        yield UnhappyFile(f"a field of three million letters{name}", data, two, rejects=rejects)
    data = lines(title("tt9", LONG), A, B)
    yield UnhappyFile("a line of three million letters, first row", data, two, rejects=((2, None, reason),))
    data = lines(A, B, title("tt9", LONG), last="")
    yield UnhappyFile("a line of three million letters, last row", data, two, rejects=((4, None, reason),))
    data = lines(title("tt1", '"' + "x\n" * 500_000 + '"'), FAULTY, B, "tt9|few")
    rejects = ((500_003, *FAULT), (500_005, None, SPLIT))
    yield UnhappyFile("a quoted field of 500,000 lines", data, two, rejects=rejects)


def _settings() -> Iterator[UnhappyFile]:
    text = lines(title("tt1", "Amélie 1"), FAULTY, title("tt3", "Três")).decode()
    rows: tuple[Row, ...] = (("tt1", "Amélie 1"), ("tt3", "Três"))
    fault: tuple[Reject, ...] = ((3, *FAULT),)
    big_end = codecs.BOM_UTF16_BE + text.encode("utf-16-be")
    little_end = codecs.BOM_UTF16_LE + text.encode("utf-16-le")
    for name, data, encoding in (
        ("UTF-16, little end", little_end, "utf-16"),
        ("UTF-16, big end", big_end, "utf-16"),
        ("latin-1", text.encode("latin-1"), "latin-1"),
        ("latin-1, CRLF", text.replace("\n", "\r\n").encode("latin-1"), "latin-1"),
    ):
        yield UnhappyFile(name, data, rows, (TITLE,), fault, encoding=encoding)
    data = lines(title("tt1", "€ “x” –")).decode().encode("cp1252")
    yield UnhappyFile("latin-1 as Windows has it", data, (("tt1", "€ “x” –"),), (TITLE,), encoding="latin-1")
    data = lines(A, title("tt9", "@"), C).replace(b"@", b"\x81")
    rejects: tuple[Reject, ...] = ((3, None, ENCODING),)
    yield UnhappyFile(
        "a byte that latin-1 does not have", data, (("tt1",), ("tt3",)), rejects=rejects, encoding="latin-1"
    )
    data = lines(title("tt1", "😀"), B).decode().encode("utf-16")
    yield UnhappyFile("UTF-16 with emoji", data, (("tt1", "😀"), ("tt2", None)), (TITLE,), encoding="utf-16")
    long = "é" * 700_000
    data = lines(title("tt1", long), B).decode().encode("utf-16")
    yield UnhappyFile("UTF-16, a long text", data, (("tt1", long), ("tt2", None)), (TITLE,), encoding="utf-16")
    data = lines(A, title("tt9", "@"), C).decode().encode("utf-16-le").replace(b"@\0", b"\x3d\xd8")
    half = codecs.BOM_UTF16_LE + data
    yield UnhappyFile("half a letter in UTF-16", half, (("tt1",), ("tt3",)), rejects=rejects, encoding="utf-16")
    data = little_end.removesuffix("\n".encode("utf-16-le")) + b"x"
    cut = ((3, *FAULT), (4, None, ENCODING))
    yield UnhappyFile("UTF-16 that ends within a letter", data, rows[:1], (TITLE,), cut, encoding="utf-16")
    yield refused("UTF-16 without a BOM", little_end[2:], "is not UTF-16", "encoding", encoding="utf-16")
    yield refused("UTF-8 that should be UTF-16", text.encode(), "is not UTF-16", "encoding", encoding="utf-16")
    yield refused("UTF-16 that should be UTF-8", little_end, "lacks the columns", "encoding")
    yield refused("a BOM of UTF-16 alone", codecs.BOM_UTF16_LE, "is empty", encoding="utf-16")
    yield UnhappyFile(
        "UTF-8 read as latin-1",
        text.encode(),
        (("tt1", "AmÃ©lie 1"), ("tt3", "TrÃªs")),
        (TITLE,),
        fault,
        encoding="latin-1",
    )

    data = lines(title("tt1", '"a,b"'), film("tt9", numeroVotos='"1,234"'), title("tt3", "a;b")).replace(b"|", b",")
    yield UnhappyFile("commas", data, (("tt1", "a,b"), ("tt3", "a;b")), (TITLE,), fault, delimiter=",")
    data = lines(title("tt1", '"a\tb"'), FAULTY, title("tt3", " x ")).replace(b"|", b"\t")
    yield UnhappyFile("tabs", data, (("tt1", "a\tb"), ("tt3", " x ")), (TITLE,), fault, delimiter="\t")
    data = (
        lines(title("tt1", "a|b"), header=MOVIES_HEADER.replace("|", ";"))
        .replace(rb"|\N", rb";\N")
        .replace(b"tt1|", b"tt1;")
    )
    yield UnhappyFile("semicolons", data, (("tt1", "a|b"),), (TITLE,), delimiter=";")
    data = lines(title("tt1", "null"), title("tt2", r"N"), film("tt3", numeroVotos="null")).replace(rb"\N", b"NULL")
    yield UnhappyFile("NULL for unknown", data, (("tt1", "null"), ("tt2", "N")), (TITLE,), ((4, *FAULT),), null="NULL")
    data = lines(title("tt1", r"@"), film("tt2")).replace(rb"\N", b"?").replace(b"@", rb"\N")
    yield UnhappyFile("another mark for unknown", data, (("tt1", r"\N"), ("tt2", None)), (TITLE,), null="?")


def _allowances() -> Iterator[UnhappyFile]:
    def case(name: str, wrong: int, of: int, allowed: float | None, *error: str) -> UnhappyFile:
        good = [film(f"tt{number}") for number in range(of - wrong)]
        data = lines(*good, *[FAULTY] * wrong)
        told = f"{name}: {wrong} of {of}"
        if error:
            code = ExitCode.DATA
            return UnhappyFile(told, data, exit_code=code, error=("max_rejected", *error), max_rejected=allowed)
        rejects = tuple((of - wrong + 2 + number, *FAULT) for number in range(wrong))
        rows = tuple((f"tt{number}",) for number in range(of - wrong))
        return UnhappyFile(told, data, rows, rejects=rejects, max_rejected=allowed)

    yield case("max_rejected by default", 1, 100, None)
    yield case("max_rejected by default", 1, 99, None, "1 of 99 rows", "line 100", VOTES)
    yield case("max_rejected by default", 0, 3, None)
    yield case("max_rejected by default, more", 2, 199, None, "2 of 199")
    yield case("max_rejected by default, more", 2, 200, None)
    yield case("max_rejected = 0", 0, 3, 0)
    yield case("max_rejected = 0", 1, 300, 0, "1 of 300")
    yield case("max_rejected = 1", 3, 3, 1)
    yield case("max_rejected = 0.29", 29, 100, 0.29)
    yield case("max_rejected = 0.29", 30, 100, 0.29, "30 of 100")


CASES: tuple[UnhappyFile, ...] = (
    *_at_any_place(),
    *_values(),
    *_ids(),
    *_headers(),
    *_columns(),
    *_rows(),
    *_quotes(),
    *_sizes(),
    *_settings(),
    *_allowances(),
)
