"""What pages, forms and messages say, in each language. Vietnamese is the language of the source.

English stands beside it in `en/*.po`, one file a subject, read when the program starts.
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
"""Every language, by what it calls itself; the first is the one spoken unless another is asked."""

ENGLISH = Path(__file__).parent / "en"


def read_catalogue(language: Language) -> NullTranslations:
    """Read how to say in this language what the sources say in Vietnamese."""
    if language == "vi":
        return NullTranslations()
    whole = Catalog(locale=language)
    for path in sorted(ENGLISH.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    whole[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return GNUTranslations(compiled)
