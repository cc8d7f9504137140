"""Reads an XES log event by event in constant memory, and refuses what attacks its reader.

An attribute of an event is the column of its key, one of its trace the column `case:` and its key,
as tools that make tables of such logs name them.
"""

import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from io import BufferedIOBase
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from tracker.adapters.imports.log_lines import LogFileError, Record

_CHUNK_BYTES = 64 * 1024
_LONGEST_PIECE = 1_000_000
"""A tag of more bytes than this, or a comment, is no part of a log."""
_DEEPEST = 50
_OF_THE_TRACE = "case:"


def read_events(file: BufferedIOBase, columns: Sequence[str]) -> Iterator[Record]:
    """Return a heading of these columns and then a record for each event, in the file's order.

    Raise `LogFileError` where the file is no XES, or ends too early.
    """
    yield Record(1, list(columns))
    parser = DefusedExpatParser(forbid_dtd=True)
    events = _Events(columns, parser.getLineNumber)
    parser.setContentHandler(events)
    parser.reset()  # without a byte to read it would not begin, and not miss the log
    try:
        while chunk := file.read(_CHUNK_BYTES):
            parser.feed(chunk)
            events.check_moving(len(chunk))
            yield from events.taken()
        parser.close()
    except (SAXException, ValueError, LookupError, EOFError, OSError, zlib.error) as error:
        message = (
            f"This is not XES that can be read: line {parser.getLineNumber()}: {_said(error)}."
        )
        raise LogFileError(message) from error
    yield from events.taken()


class _Events(ContentHandler):
    """Turns tags into records."""

    def __init__(self, columns: Sequence[str], line: Callable[[], int]) -> None:
        super().__init__()
        self._columns = columns
        self._of_traces = _keys(columns, of_the_trace=True)
        self._of_events = _keys(columns, of_the_trace=False)
        self._line_now = line
        self._path: list[str] = []
        self._trace: dict[str, str] = {}
        self._event: dict[str, str] = {}
        self._trace_began = False
        self._line = 1
        self._fault = ""
        self._records: list[Record] = []
        self._moving = False
        self._waiting = 0

    def check_moving(self, read: int) -> None:
        """Take it that so many bytes were read; raise where for long nothing came of any."""
        self._waiting = 0 if self._moving else self._waiting + read
        self._moving = False
        if self._waiting > _LONGEST_PIECE:
            message = f"a piece of it is longer than {_LONGEST_PIECE} bytes"
            raise ValueError(message)

    def taken(self) -> list[Record]:
        """Hand the records over."""
        records, self._records = self._records, []
        return records

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802  the library's name
        """Take a tag."""
        self._moving = True
        tag, path = name.rpartition(":")[2], self._path
        inside = path[-1] if path else ""
        if not path and tag != "log":
            message = f"it begins with <{name[:60]}>, not with <log>"
            raise ValueError(message)
        if len(path) == _DEEPEST:
            message = f"its tags are nested deeper than {_DEEPEST}"
            raise ValueError(message)
        path.append(tag)
        if tag == "trace":
            self._trace, self._trace_began = {}, True
        elif tag == "event":
            self._event, self._line, self._fault = {}, self._line_now(), ""
            self._trace_began = False
        elif inside == "trace":
            self._take_of_the_trace(attrs)
        elif inside == "event":
            self._take(self._of_events, self._event, attrs)

    def endElement(self, name: str) -> None:  # noqa: N802, ARG002  as above
        """Take the end of a tag."""
        self._moving = True
        match self._path.pop():
            case "event":
                told = self._trace | self._event
                cells = [told.get(column, "") for column in self._columns]
                self._records.append(Record(self._line, cells, self._fault))
            case "trace":
                self._trace = {}

    def characters(self, content: str) -> None:  # noqa: ARG002  no text between tags says anything
        """Pass over what stands between tags."""
        self._moving = True

    def _take_of_the_trace(self, attrs: AttributesImpl) -> None:
        if not self._trace_began and attrs.get("key") in self._of_traces:
            message = "an attribute of a trace stands behind its events"
            raise ValueError(message)
        self._take(self._of_traces, self._trace, attrs)

    def _take(self, keys: Mapping[str, str], told: dict[str, str], attrs: AttributesImpl) -> None:
        column = keys.get(attrs.get("key", ""))
        if column is None:
            return
        if column in told:
            self._fault = f"{column} is there twice"
        told[column] = attrs.get("value", "")


def _keys(columns: Collection[str], *, of_the_trace: bool) -> dict[str, str]:
    return {
        column.removeprefix(_OF_THE_TRACE): column
        for column in columns
        if column.startswith(_OF_THE_TRACE) is of_the_trace
    }


def _said(error: Exception) -> str:
    match error:
        case DefusedXmlException():
            return "it declares a document type or entities, as no log does"
        case SAXException():
            return error.getMessage()
        case EOFError():
            return "it is not whole"
        case _:
            return str(error) or type(error).__name__
