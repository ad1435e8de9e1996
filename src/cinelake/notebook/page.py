"""What a notebook shows: HTML without scripts, in which whatever came out of the data is text."""

from collections.abc import Iterable, Sequence
from html import escape

from cinelake.cli.tables import Column


def table_html(columns: Sequence[Column], *, below: str = "") -> str:
    """A table, with a line of words below it."""
    heads = "".join(_cell("th", column.heading, column) for column in columns)
    rows = zip(*(column.cells for column in columns), strict=True)
    body = "".join(
        f"<tr>{''.join(_cell('td', text, column) for text, column in zip(row, columns, strict=True))}</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return table + (paragraph_html(below, small=True) if below else "")


def paragraph_html(text: str, *, small: bool = False) -> str:
    """A paragraph; a small one is beside the point."""
    return f"<p><small>{escape(text)}</small></p>" if small else f"<p>{escape(text)}</p>"


def heading_html(text: str) -> str:
    """A heading, below those of the notebook's own."""
    return f"<h4>{escape(text)}</h4>"


def lines_html(lines: Iterable[str]) -> str:
    """Lines as a terminal has them."""
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def _cell(tag: str, text: str, column: Column) -> str:
    side = "right" if column.figures else "left"
    return f'<{tag} style="text-align:{side}">{escape(text)}</{tag}>'
