"""Read an XES log event by event in constant memory, and refuse XML attacks.

The column of an event's attribute is its key; the column of a trace's attribute is `case:` and its
key. Tools that make tables from XES logs use the same names.
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
"""The most bytes of a tag or comment. A longer one is refused."""
_DEEPEST = 50
_TRACE_PREFIX = "case:"


def read_events(file: BufferedIOBase, columns: Sequence[str]) -> Iterator[Record]:
    """Yield a heading of these columns and then a record for each event, in file order.

    Raise `LogFileError` if the file is not XES, or ends too early.
    """
    yield Record(1, list(columns))
    parser = DefusedExpatParser(forbid_dtd=True)
    events = _Events(columns, parser.getLineNumber)
    parser.setContentHandler(events)
    parser.reset()  # start even without input, so that an empty file is an error
    try:
        while chunk := file.read(_CHUNK_BYTES):
            parser.feed(chunk)
            events.check_progress(len(chunk))
            yield from events.taken()
        parser.close()
    except (SAXException, ValueError, LookupError, EOFError, OSError, zlib.error) as error:
        message = f"The XES file cannot be read: line {parser.getLineNumber()}: {_reason(error)}."
        raise LogFileError(message) from error
    yield from events.taken()


class _Events(ContentHandler):
    """Converts XML tags to records."""

    def __init__(self, columns: Sequence[str], line: Callable[[], int]) -> None:
        super().__init__()
        self._columns = columns
        self._of_traces = _keys(columns, from_trace=True)
        self._of_events = _keys(columns, from_trace=False)
        self._line_now = line
        self._path: list[str] = []
        self._trace: dict[str, str] = {}
        self._event: dict[str, str] = {}
        self._trace_began = False
        self._line = 1
        self._fault = ""
        self._records: list[Record] = []
        self._advanced = False
        self._waiting = 0

    def check_progress(self, read: int) -> None:
        """Count bytes read. Raise `ValueError` if a long piece has no complete tag."""
        self._waiting = 0 if self._advanced else self._waiting + read
        self._advanced = False
        if self._waiting > _LONGEST_PIECE:
            message = f"a tag or comment is longer than {_LONGEST_PIECE} bytes"
            raise ValueError(message)

    def taken(self) -> list[Record]:
        """Return the records read so far, and forget them."""
        records, self._records = self._records, []
        return records

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802  the name is the library's
        """Handle the start of a tag."""
        self._advanced = True
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
            self._take_from_trace(attrs)
        elif inside == "event":
            self._take(self._of_events, self._event, attrs)

    def endElement(self, name: str) -> None:  # noqa: N802, ARG002  as above
        """Handle the end of a tag."""
        self._advanced = True
        match self._path.pop():
            case "event":
                values = self._trace | self._event
                cells = [values.get(column, "") for column in self._columns]
                self._records.append(Record(self._line, cells, self._fault))
            case "trace":
                self._trace = {}

    def characters(self, content: str) -> None:  # noqa: ARG002  text between tags has no meaning
        """Ignore text between tags."""
        self._advanced = True

    def _take_from_trace(self, attrs: AttributesImpl) -> None:
        if not self._trace_began and attrs.get("key") in self._of_traces:
            message = "an attribute of a trace follows its events"
            raise ValueError(message)
        self._take(self._of_traces, self._trace, attrs)

    def _take(self, keys: Mapping[str, str], values: dict[str, str], attrs: AttributesImpl) -> None:
        column = keys.get(attrs.get("key", ""))
        if column is None:
            return
        if column in values:
            self._fault = f"{column} exists twice"
        values[column] = attrs.get("value", "")


def _keys(columns: Collection[str], *, from_trace: bool) -> dict[str, str]:
    return {
        column.removeprefix(_TRACE_PREFIX): column
        for column in columns
        if column.startswith(_TRACE_PREFIX) is from_trace
    }


def _reason(error: Exception) -> str:
    match error:
        case DefusedXmlException():
            return "it declares a document type or entities"
        case SAXException():
            return error.getMessage()
        case EOFError():
            return "it is incomplete"
        case _:
            return str(error) or type(error).__name__
