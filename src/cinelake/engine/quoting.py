"""Names and texts in SQL, quoted."""


def identifier(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: object) -> str:
    """A text literal."""
    return "'" + str(value).replace("'", "''") + "'"
