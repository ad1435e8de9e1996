"""What IMDb's data may be used for, told before any of it is fetched."""

from cinelake.errors import ConfigurationError

URL = "https://developer.imdb.com/non-commercial-datasets/"
"""Where IMDb states it."""
IN_WORDS = (
    "IMDb's datasets are for personal and non-commercial use; copies of them, and what is made of them, are subject to "
    "IMDb's terms"
)
ATTRIBUTION = "Information courtesy of IMDb (https://www.imdb.com). Used with permission."
"""What IMDb asks to be said wherever its data is shown."""


class NotAgreedError(ConfigurationError):
    """The terms were not agreed to, so nothing is fetched."""

    def __init__(self) -> None:
        super().__init__(f"{IN_WORDS}. Nothing was fetched", f"read {URL} and, where you agree, give --agree")
