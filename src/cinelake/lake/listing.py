"""Listings of a store, a page at a time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

if TYPE_CHECKING:
    from obstore import ObjectMeta

PAGE = 1000
"""Objects in a page, as S3 gives them."""


class Listing:
    """All objects below a prefix."""

    def __init__(self, store: LocalStore | S3Store, prefix: str) -> None:
        self._store, self._prefix = store, prefix
        self._after: str | None = None
        self._begin()

    def next_page(self) -> "Sequence[ObjectMeta]":
        """The next page; an empty one at the end. A page that broke off may be asked for again."""
        try:
            page = next(self._pages, [])
        except BaseError:
            self._begin()
            raise
        if page:
            self._after = page[-1]["path"]
        return page

    def _begin(self) -> None:
        # S3 lists keys in their order, so the last one says where to go on. A folder does not, nor does it break off.
        self._pages = obstore.list(self._store, prefix=self._prefix, offset=self._after, chunk_size=PAGE)
