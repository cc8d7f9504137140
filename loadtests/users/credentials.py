"""Who the people of a load test are to the service: the keys that `tracker demo` made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"^(\w+) +(\S+) +(.*?) *(trk_\S+)$", re.MULTILINE)
_CODES = re.compile(r"^Codes to try: (.+)$", re.MULTILINE)


class NoCredentialsError(Exception):
    """What `tracker demo` said holds no keys: there were dossiers already, or it was not kept."""


@dataclass(frozen=True)
class Actor:
    """Somebody who holds a key; `source` is what the service calls them."""

    source: str
    at: str
    key: str


@dataclass(frozen=True)
class Credentials:
    """Everybody, by role. Of staff there are two: at the counter, and where is decided."""

    actors: Mapping[str, Actor]
    codes: tuple[str, ...]
    """Codes of dossiers that were there before."""

    @property
    def deciding_office(self) -> str:
        """The office whose officer holds a key."""
        return self.actors["officer"].at


def read_credentials(path: Path) -> Credentials:
    """Read who there is from what `tracker demo` said. Raises `NoCredentialsError`."""
    text = path.read_text(encoding="utf-8")
    actors: dict[str, Actor] = {}
    for role, source, at, key in _LINE.findall(text):
        actors["officer" if role in actors else role] = Actor(source, at, key)
    if not actors:
        raise NoCredentialsError
    codes = _CODES.search(text)
    return Credentials(actors, tuple(codes[1].split(", ")) if codes else ())
