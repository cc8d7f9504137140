"""Records which commands were sent and acknowledged, and how each request went."""

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
    """One request: when it began, its journey, and its result. `fault` is empty if it succeeded."""

    began_s: float
    """Seconds since the load began."""
    journey: str
    name: str
    ms: float
    status: int
    fault: str

    @property
    def ok(self) -> bool:
        """Whether it was answered as expected."""
        return not self.fault


class Recorder:
    """Writes one line for each record into a directory, so that a crash loses nothing."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._files = {
            name: (directory / name).open("a", encoding="utf-8", buffering=1)
            for name in (_MESSAGES, _REQUESTS, _LEARNT)
        }

    def sent(self, source: str, event_id: str) -> None:
        """Record that a command is about to be sent."""
        self._write(_MESSAGES, {"sent": [source, event_id]})

    def acknowledged(self, one: Acknowledged) -> None:
        """Record that the service acknowledged a command."""
        self._write(_MESSAGES, {"acknowledged": asdict(one)})

    def requested(self, request: Request) -> None:
        """Record the result of a request."""
        self._write(_REQUESTS, astuple(request))

    def learnt(self, answer: Mapping[str, object]) -> None:
        """Record what a guessed code disclosed."""
        self._write(_LEARNT, answer)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _write(self, name: str, what: object) -> None:
        self._files[name].write(json.dumps(what, ensure_ascii=False) + "\n")


@dataclass
class RecordedCommands:
    """The commands that a recorder wrote."""

    acknowledged: dict[Message, Acknowledged] = field(default_factory=dict)
    unanswered: set[Message] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, directories: Iterable[Path]) -> Self:
        """Read them; a command acknowledged twice must have got the same answer."""
        recorded = cls()
        for line in chain.from_iterable(_lines(one / _MESSAGES) for one in directories):
            if "sent" in line:
                source, event_id = line["sent"]
                if (source, event_id) not in recorded.acknowledged:
                    recorded.unanswered.add((source, event_id))
                continue
            one = Acknowledged(**line["acknowledged"])
            first = recorded.acknowledged.setdefault(one.message, one)
            if first != one:
                recorded.faults.append(
                    f"{one.message} got the answer {first} first, and {one} later"
                )
            recorded.unanswered.discard(one.message)
        return recorded


def read_requests(directory: Path) -> list[Request]:
    """Return every recorded request, in the order in which they ended."""
    return [Request(*line) for line in _lines(directory / _REQUESTS)]


def read_learnt(directory: Path) -> list[dict[str, Any]]:
    """Return what guessed codes disclosed."""
    return list(_lines(directory / _LEARNT))


def _lines(path: Path) -> Iterator[Any]:
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
