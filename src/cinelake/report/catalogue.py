"""The page's own words in the reader's language: gettext catalogues, read as they are written."""

from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from cinelake.ask.sentences import LOCALES, Language

FOLDER = "locale"
WRITTEN_IN: Language = "en"
"""The language of the page's template."""


@cache
def translations_of(language: Language) -> NullTranslations:
    """What turns the template's words into a language's; those of its own stay."""
    if language == WRITTEN_IN:
        return NullTranslations()
    with (files("cinelake.report") / FOLDER / f"{LOCALES[language]}.po").open("rb") as file:
        catalogue = read_po(file, locale=LOCALES[language])
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
