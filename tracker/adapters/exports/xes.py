"""XES (IEEE 1849-2016): a trace for each dossier, for process mining tools."""

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from xml.sax.saxutils import quoteattr

from tracker.adapters.exports.columns import (
    CASE_COLUMNS,
    EVENT_COLUMNS,
    ColumnKind,
    RowValues,
    as_text,
    case_values,
    event_values,
)
from tracker.adapters.exports.sinks import Sink
from tracker.application.queries.export import ExportedDossier

_TAGS = {
    ColumnKind.TEXT: "string",
    ColumnKind.NUMBER: "int",
    ColumnKind.FLAG: "boolean",
    ColumnKind.TIME: "date",
}
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace">
<string key="concept:name" value=""/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<string key="lifecycle:transition" value="complete"/>
<date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/>
</global>
<classifier name="Activity" keys="concept:name"/>
"""


class XesFile:
    """Writes one log with a trace for each dossier and its events in stored order."""

    def __init__(self, file: Sink, zone: tzinfo) -> None:
        """Write to this file, times in this zone."""
        self._file = file
        self._zone = zone
        self._file.write(_HEAD.encode())

    def add(self, exported: ExportedDossier) -> None:
        """Write a dossier as a trace."""
        lines = ["<trace>", *_attributes(CASE_COLUMNS, case_values(exported, self._zone))]
        for event in event_values(exported, self._zone):
            lines += ["<event>", *_attributes(EVENT_COLUMNS, event), "</event>"]
        self._file.write("\n".join([*lines, "</trace>", ""]).encode())

    def finish(self) -> None:
        """Write the end of the log."""
        self._file.write(b"</log>\n")


def _attributes(columns: Mapping[str, ColumnKind], values: RowValues) -> Iterator[str]:
    for name, kind in columns.items():
        value = values[name]
        if value is not None:
            text = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", as_text(value))
            yield f'<{_TAGS[kind]} key="{name}" value={quoteattr(text)}/>'
