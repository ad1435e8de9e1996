"""What must not be shown: in an address that is quoted, and in whatever is printed of an error."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from io import StringIO
from pathlib import Path
from urllib.parse import quote, quote_plus

from dotenv.parser import parse_stream

STARS = "***"
SECRET_NAME = re.compile(r"(SECRET|TOKEN|PASSW|API_?KEY)(?!.*_(FILE|PATH|URI|URL)$)", re.IGNORECASE)
"""Names of variables whose values are secret; those of files and addresses are not."""
LEAST = 6
"""Characters of a secret: to star out a shorter one would spoil words, and tell it."""


def redacted(address: str) -> str:
    """An address as an error may quote it: without user, password and query."""
    address = re.sub(r"^([a-z][a-z0-9+.-]*:/{1,3})?.*@", rf"\1{STARS}@", address, flags=re.DOTALL | re.IGNORECASE)
    return re.sub(r"([?#]).*", rf"\1{STARS}", address, flags=re.DOTALL)


def secret_values(directory: Path, variables: Mapping[str, str]) -> frozenset[str]:
    """The secrets that are at hand, those of variables that cinelake does not read among them.

    Args:
        directory: the project folder; its `.env` may be missing, or spoilt.
        variables: the real environment.
    """
    held = [*variables.items(), *_bindings(directory / ".env")]
    secrets = {value for name, value in held if SECRET_NAME.search(name)}
    users = {found[1] for _, value in held if (found := re.search(r"://([^/?#\s]+)@", value))}
    parts = {line.strip() for value in secrets for line in value.splitlines()}
    parts |= {user.partition(":")[2] for user in users}
    return frozenset(value for value in secrets | users | parts if len(value) >= LEAST)


def masked(text: str, secrets: Collection[str]) -> str:
    """A text with stars for each secret, however it is written there, and for the user and password of an address."""
    for form in sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True):
        text = text.replace(form, STARS)
    # What a service answers may repeat the credentials of a request that it refuses.
    text = re.sub(r"<(\?xml|Error>).*?(</Error>|$)", STARS, text, flags=re.DOTALL)
    return re.sub(r"(?<=://)[^\s'\"<>/?#]*@", f"{STARS}@", text)


def _forms(secret: str) -> tuple[str, ...]:
    """As it stands, as Python and JSON quote it, and as it stands in an address."""
    return (
        secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
    )


def _bindings(path: Path) -> Iterator[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return
    for binding in parse_stream(StringIO(text)):
        if binding.key and binding.value:
            yield binding.key, binding.value
