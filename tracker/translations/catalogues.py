"""The translations of pages and forms. The templates contain the Vietnamese texts.

The English texts are in `en/*.po`, one file for each subject. They are read at start-up.
"""

from collections.abc import Mapping
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tracker.domain.deadlines.wording import Language

LANGUAGES: Mapping[Language, str] = {"vi": "Tiếng Việt", "en": "English"}
"""The languages with their own names. The first is the default."""

ENGLISH = Path(__file__).parent / "en"


def read_catalogue(language: Language) -> NullTranslations:
    """Return the translations of the Vietnamese texts into this language."""
    if language == "vi":
        return NullTranslations()
    catalogue = Catalog(locale=language)
    for path in sorted(ENGLISH.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    catalogue[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
