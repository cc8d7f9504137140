"""Search words in bytes, in every encoding."""

import base64
import json
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, quote_plus


def found(words: dict[str, str], where: dict[str, bytes]) -> list[str]:
    """Return each word with each place that contains it in any encoding."""
    return [
        f"{word} in {place}"
        for word, text in words.items()
        for place, content in where.items()
        if any(spelt in content for spelt in spellings(text))
    ]


def spellings(text: str) -> set[bytes]:
    """Return the encodings of a text in a file, a table, a topic or a response."""
    return {spelt for letters in _letters(text) for spelt in _bytes(letters)}


def _letters(text: str) -> set[str]:
    digits = "".join(letter for letter in text if letter.isdigit())
    plain = {text, digits if len(digits) > len(text) / 2 else text}
    forms = {unicodedata.normalize(form, one) for one in plain for form in ("NFC", "NFD")}
    return {cased for one in forms for cased in (one, one.upper(), one.lower())}


def _bytes(text: str) -> Iterator[bytes]:
    raw = text.encode()
    yield raw
    yield text.encode("utf-16-le")
    yield json.dumps(text)[1:-1].encode()
    yield quote(text).encode()
    yield quote_plus(text).encode()
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield from _base64(raw)
    yield from _base64(raw.hex().encode())


def _base64(raw: bytes) -> Iterator[bytes]:
    """Return its base64 forms at each offset, without the edges."""
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw)
        inner = coded[(0, 2, 3)[before] : len(coded) - (0, 3, 2)[(before + len(raw)) % 3]]
        inner = inner.rstrip(b"=")
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))
