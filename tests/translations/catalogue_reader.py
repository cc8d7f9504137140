"""Reads the English catalogues for the tests."""

from babel.messages import Message
from babel.messages.pofile import read_po

from tracker.translations.catalogues import ENGLISH


def messages() -> list[Message]:
    """Return the messages of all catalogues, without their headers."""
    read: list[Message] = []
    for path in sorted(ENGLISH.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale="en", abort_invalid=True)
            read += [message for message in catalogue if message.id]
    return read


def vietnamese_of(message: Message) -> list[str]:
    """Return the Vietnamese text of a message, and its plural if any."""
    return [message.id] if isinstance(message.id, str) else list(message.id)


def english_of(message: Message) -> list[str]:
    """Return the English text of a message, and its plural if any."""
    if isinstance(message.string, str):
        return [message.string]
    return list(message.string or ())
