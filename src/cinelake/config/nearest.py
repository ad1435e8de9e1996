"""The right word that was probably meant by a wrong one."""

from collections.abc import Iterable
from difflib import get_close_matches

LIKE = 0.6
"""How much alike two words must be, from 0 to 1; difflib's own."""


def nearest(wrong: object, known: Iterable[str], *, like: float = LIKE) -> str | None:
    """The known word that is most like a wrong one, whatever the size of their letters; None where none is like it.

    Unless they must be more alike than usual, one that the wrong word begins with is like it, too: `pt` of `pt-BR`.
    """
    if not isinstance(wrong, str):
        return None
    folded = {name.casefold(): name for name in known}
    found = get_close_matches(wrong.casefold(), folded, n=1, cutoff=like)
    if not found and like <= LIKE:
        found = [name for name in folded if len(name) > 1 and wrong.casefold().startswith(name)]
    return folded[found[0]] if found else None


def did_you_mean(wrong: object, known: Iterable[str], *, like: float = LIKE) -> str | None:
    """A question after that word; None where none is like it."""
    found = nearest(wrong, known, like=like)
    return f"did you mean {found}?" if found else None
