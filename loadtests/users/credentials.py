"""The API keys of the simulated users, made by `tracker demo`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"^(\w+) +(\S+) +(.*?) *(trk_\S+)$", re.MULTILINE)
_CODES = re.compile(r"^Codes to try: (.+)$", re.MULTILINE)


class NoCredentialsError(Exception):
    """The output of `tracker demo` holds no keys: perhaps there were dossiers already."""


@dataclass(frozen=True)
class Actor:
    """The holder of a key; `source` is its name in the service."""

    source: str
    at: str
    key: str


@dataclass(frozen=True)
class Credentials:
    """All holders by role. Two are staff: at the counter and at the deciding office."""

    actors: Mapping[str, Actor]
    codes: tuple[str, ...]
    """Codes of existing dossiers."""

    @property
    def deciding_office(self) -> str:
        """The office of the officer who holds a key."""
        return self.actors["officer"].at


def read_credentials(path: Path) -> Credentials:
    """Read the output of `tracker demo`. Raise `NoCredentialsError`."""
    text = path.read_text(encoding="utf-8")
    actors: dict[str, Actor] = {}
    for role, source, at, key in _LINE.findall(text):
        actors["officer" if role in actors else role] = Actor(source, at, key)
    if not actors:
        raise NoCredentialsError
    codes = _CODES.search(text)
    return Credentials(actors, tuple(codes[1].split(", ")) if codes else ())
