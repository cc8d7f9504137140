"""What was sent, what was acknowledged, and how each request went: written down as it happens."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Self

from ops.reading_back import Acknowledged, Message

_MESSAGES, _REQUESTS, _LEARNT = "messages.jsonl", "requests.jsonl", "learnt.jsonl"


@dataclass(frozen=True)
class Request:
    """One request: when it began, whose it was, and how it ended. `fault` is empty where well."""

    began_s: float
    """Seconds since the load began."""
    journey: str
    name: str
    ms: float
    status: int
    fault: str

    @property
    def ok(self) -> bool:
        """Whether it was answered as it should be."""
        return not self.fault


class Recorder:
    """Writes into a directory, a line each, so that nothing is lost with whoever writes."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._files = {
            name: (directory / name).open("a", encoding="utf-8", buffering=1)
            for name in (_MESSAGES, _REQUESTS, _LEARNT)
        }

    def sent(self, source: str, event_id: str) -> None:
        """Note that a message is about to be sent."""
        self._write(_MESSAGES, {"sent": [source, event_id]})

    def acknowledged(self, one: Acknowledged) -> None:
        """Note that the service said it is safe."""
        self._write(_MESSAGES, {"acknowledged": asdict(one)})

    def requested(self, request: Request) -> None:
        """Note how a request went."""
        self._write(_REQUESTS, astuple(request))

    def learnt(self, answer: Mapping[str, object]) -> None:
        """Note what a guessed code gave away."""
        self._write(_LEARNT, answer)

    def close(self) -> None:
        """Write no more."""
        for file in self._files.values():
            file.close()

    def _write(self, name: str, what: object) -> None:
        self._files[name].write(json.dumps(what, ensure_ascii=False) + "\n")


@dataclass
class RecordedCommands:
    """The messages of a recorder."""

    acknowledged: dict[Message, Acknowledged] = field(default_factory=dict)
    unanswered: set[Message] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, directories: Iterable[Path]) -> Self:
        """Read them; a message acknowledged twice must have been told the same."""
        told = cls()
        for line in chain.from_iterable(_lines(one / _MESSAGES) for one in directories):
            if "sent" in line:
                source, event_id = line["sent"]
                if (source, event_id) not in told.acknowledged:
                    told.unanswered.add((source, event_id))
                continue
            one = Acknowledged(**line["acknowledged"])
            first = told.acknowledged.setdefault(one.message, one)
            if first != one:
                told.faults.append(f"{one.message} was told {first} first, and {one} later")
            told.unanswered.discard(one.message)
        return told


def read_requests(directory: Path) -> list[Request]:
    """Give every request of a recorder, as they ended."""
    return [Request(*line) for line in _lines(directory / _REQUESTS)]


def read_learnt(directory: Path) -> list[dict[str, Any]]:
    """Give what guessed codes gave away."""
    return list(_lines(directory / _LEARNT))


def _lines(path: Path) -> Iterator[Any]:
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
