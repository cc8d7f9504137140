"""The house rules: who may import whom, what the domain must not touch, how files are kept.

Each rule is a function over a module's name and its source that yields what breaks it, so that the
second half of this file can plant violations. A package's own file is named `....__init__`.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SOURCES = {
    ".".join(path.relative_to(root).with_suffix("").parts): path.read_text(encoding="utf-8")
    for root in [Path(__file__).parents[1]]
    for path in sorted((root / "tracker").rglob("*.py"))
}

FLOORS = (
    ("tracker.__main__",),
    ("tracker.cli",),
    ("tracker.bootstrap", "tracker.demo"),
    ("tracker.start_checks",),
    ("tracker.container",),
    ("tracker.adapters.",),  # each child is a room of its own
    ("tracker.application", "tracker.projections"),
    ("tracker.serialization", "tracker.translations"),
    ("tracker.domain", "tracker.settings", "tracker.supervisor", "tracker.data"),
)
"""The rooms of the house, floor by floor from the top."""

INPUT_AND_OUTPUT = frozenset(
    {
        "asyncio",
        "concurrent",
        "ctypes",
        "glob",
        "http",
        "importlib",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "select",
        "shelve",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "urllib",
    }
)
CLOCK_AND_CHANCE = frozenset({"random", "secrets", "time"})
READINGS = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "eventsourcing.domain.create_utc_datetime_now",
        "eventsourcing.domain.datetime_now_with_tzinfo",
        "uuid.uuid1",
        "uuid.uuid4",
    }
)
ASKING_A_CLOCK = frozenset({"now", "today", "utcnow"})
BUILTINS = frozenset({"__import__", "breakpoint", "eval", "exec", "input", "open", "print"})
NAMES_THAT_SAY_NOTHING = frozenset({"base", "common", "helpers", "utils"})
MOST_LINES = 400

Rule = Callable[[str, str], Iterator[str]]


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def imports(module: str, source: str) -> Iterator[tuple[int, str]]:
    """Line and full name of all that is imported, however deep; `from a import b` is `a.b`."""
    for node in ast.walk(ast.parse(source, module)):
        match node:
            case ast.Import():
                yield from ((node.lineno, alias.name) for alias in node.names)
            case ast.ImportFrom():
                above = module.split(".")[: -node.level] if node.level else []
                start = ".".join([*above, *filter(None, [node.module])])
                for alias in node.names:
                    yield node.lineno, start if alias.name == "*" else f"{start}.{alias.name}"
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def room_of(name: str) -> tuple[int, str] | None:
    """The floor, counted from the top, and the room that `name` is in."""
    for floor, rooms in enumerate(FLOORS):
        for room in rooms:
            if is_within(name, room):
                return floor, room
            if room.endswith(".") and name.startswith(room):
                child = name.removeprefix(room).split(".")[0]
                return None if child == "__init__" else (floor, room + child)
    return None


def imports_point_down(module: str, source: str) -> Iterator[str]:
    here = room_of(module)
    if here is None and not module.endswith(".__init__"):
        yield f"{module} is in no room of the house"
    for line, name in imports(module, source):
        if not is_within(name, "tracker"):
            continue
        there = room_of(name)
        if here is None or there is None:
            yield f"{module}:{line} imports {name}: from or to no room"
        elif there[0] < here[0]:
            yield f"{module}:{line} imports {name}: up"
        elif there[0] == here[0] and there != here:
            yield f"{module}:{line} imports {name}: sideways"


def the_domain_imports_little(module: str, source: str) -> Iterator[str]:
    for line, name in imports(module, source):
        root = name.split(".")[0]
        allowed = is_within(name, "tracker.domain") or is_within(name, "eventsourcing.domain")
        if not allowed and root not in sys.stdlib_module_names:
            yield f"{module}:{line} imports {name}: not for the domain"
        if root in INPUT_AND_OUTPUT | CLOCK_AND_CHANCE or name in READINGS:
            yield f"{module}:{line} imports {name}: the world outside"


def aliases(source: str) -> dict[str, str]:
    """What each name bound by an absolute import stands for."""
    known: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                for alias in node.names:
                    root = alias.name.split(".")[0]
                    known[alias.asname or root] = alias.name if alias.asname else root
            case ast.ImportFrom(module=str(start), level=0):
                for alias in node.names:
                    known[alias.asname or alias.name] = f"{start}.{alias.name}"
    return known


def dotted(node: ast.expr, known: dict[str, str]) -> str:
    match node:
        case ast.Name():
            return known.get(node.id, node.id)
        case ast.Attribute():
            return f"{dotted(node.value, known)}.{node.attr}"
    return ""


def the_domain_reads_no_clock_and_does_no_io(module: str, source: str) -> Iterator[str]:
    known = aliases(source)
    for node in ast.walk(ast.parse(source, module)):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in ASKING_A_CLOCK:
                yield f"{module}:{node.lineno} calls .{name}()"
            case ast.Attribute() | ast.Name() if dotted(node, known) in READINGS | BUILTINS:
                yield f"{module}:{node.lineno} uses {dotted(node, known)}"


def a_name_says_something(module: str, source: str) -> Iterator[str]:
    del source
    if empty := NAMES_THAT_SAY_NOTHING.intersection(module.split(".")):
        yield f"{module} is named {', '.join(sorted(empty))}"


def an_init_imports_nothing(module: str, source: str) -> Iterator[str]:
    if module.endswith(".__init__"):
        for line, name in imports(module, source):
            yield f"{module}:{line} imports {name}: re-exported"


def a_file_is_short(module: str, source: str) -> Iterator[str]:
    if (lines := len(source.splitlines())) > MOST_LINES:
        yield f"{module} has {lines} lines, more than {MOST_LINES}"


EVERYWHERE: tuple[Rule, ...] = (
    imports_point_down,
    a_name_says_something,
    an_init_imports_nothing,
    a_file_is_short,
)
IN_THE_DOMAIN: tuple[Rule, ...] = (
    the_domain_imports_little,
    the_domain_reads_no_clock_and_does_no_io,
)


@pytest.mark.parametrize("rule", EVERYWHERE)
def test_every_module_keeps_the_rule(rule: Rule) -> None:
    assert SOURCES
    assert [fault for module in SOURCES for fault in rule(module, SOURCES[module])] == []


@pytest.mark.parametrize("rule", IN_THE_DOMAIN)
def test_the_domain_keeps_the_rule(rule: Rule) -> None:
    domain = [module for module in SOURCES if is_within(module, "tracker.domain")]
    assert domain
    assert [fault for module in domain for fault in rule(module, SOURCES[module])] == []


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        # up
        ("domain.a", "import tracker.application", "1 imports tracker.application: up"),
        ("domain.a", "from tracker import bootstrap", "1 imports tracker.bootstrap: up"),
        ("domain.a", "import tracker.adapters.sql as x", "1 imports tracker.adapters.sql: up"),
        ("domain.a", "from tracker.cli import *", "1 imports tracker.cli: up"),
        (
            "application.a",
            "def f():\n    if True:\n        from tracker.adapters import sql",
            "3 imports tracker.adapters.sql: up",
        ),
        (
            "projections.a",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tracker.bootstrap",
            "3 imports tracker.bootstrap: up",
        ),
        ("domain.a", "from ..application import b", "1 imports tracker.application.b: up"),
        ("domain.a", "from .. import bootstrap", "1 imports tracker.bootstrap: up"),
        ("domain.a.b", "from ...demo import c", "1 imports tracker.demo.c: up"),
        ("domain.__init__", "from ..recording import a", "1 imports tracker.serialization.a: up"),
        ("recording.a", "import json, tracker.projections", "1 imports tracker.projections: up"),
        ("bootstrap", "import tracker.cli", "1 imports tracker.cli: up"),
        ("cli.a", "import tracker.__main__", "1 imports tracker.__main__: up"),
        ("adapters.http.a", "import tracker.demo", "1 imports tracker.demo: up"),
        (
            "settings",
            "import importlib\nimportlib.import_module('tracker.cli')",
            "2 imports tracker.cli: up",
        ),
        # sideways
        (
            "adapters.http.a",
            "from tracker.adapters.sql.columns import b",
            "1 imports tracker.adapters.sql.columns.b: sideways",
        ),
        (
            "adapters.http.__init__",
            "from ..sql import b",
            "1 imports tracker.adapters.sql.b: sideways",
        ),
        (
            "application.a",
            "import tracker.projections.b",
            "1 imports tracker.projections.b: sideways",
        ),
        ("domain.a", "from tracker import settings", "1 imports tracker.settings: sideways"),
        ("settings", "from .domain import a", "1 imports tracker.domain.a: sideways"),
        ("demo.a", "import tracker.bootstrap", "1 imports tracker.bootstrap: sideways"),
        ("bootstrap", "import tracker.demo", "1 imports tracker.demo: sideways"),
        # nowhere
        ("cli", "import tracker", "1 imports tracker: from or to no room"),
        ("cli", "from tracker import *", "1 imports tracker: from or to no room"),
        ("cli", "import tracker.adapters", "1 imports tracker.adapters: from or to no room"),
        ("cli", "import tracker.domains", "1 imports tracker.domains: from or to no room"),
        ("adapters.__init__", "import tracker.cli", "1 imports tracker.cli: from or to no room"),
    ],
)
def test_a_planted_import_is_caught(module: str, source: str, fault: str) -> None:
    found = list(imports_point_down(f"tracker.{module}", source))
    assert found == [f"tracker.{module}:{fault}"]


def test_a_module_outside_every_room_is_caught() -> None:
    assert list(imports_point_down("tracker.stray", "")) == [
        "tracker.stray is in no room of the house"
    ]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tracker.__main__", "from tracker.cli import main"),
        ("tracker.cli.run.serve", "from tracker import bootstrap, demo, settings"),
        ("tracker.cli.run.serve", "from . import options"),
        ("tracker.bootstrap", "from tracker.adapters import http, sql\nimport tracker.domain"),
        ("tracker.adapters.http.routes", "from .answers import a\nfrom tracker import application"),
        ("tracker.adapters.http.routes", "import tracker.adapters.http.schema.responses"),
        ("tracker.projections.sla", "from tracker import recording, settings"),
        ("tracker.serialization", "from tracker.domain.dossier.dossier import Dossier"),
        ("tracker.domain.a", "from .b import c\nimport trackerlike"),
    ],
)
def test_an_import_that_points_down_or_stays_in_its_room_passes(module: str, source: str) -> None:
    assert list(imports_point_down(module, source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import sqlalchemy",
        "import tracker.settings",
        "import eventsourcing.application",
        "from eventsourcing import application",
        "import eventsourcing",
        "def f():\n    import pydantic",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from fastapi import FastAPI",
        "from ..recording import a",
        "import os",
        "import os.path as p",
        "from pathlib import Path",
        "import socket",
        "import sqlite3",
        "import subprocess",
        "import random",
        "from secrets import token_hex",
        "from os import urandom",
        "import time as t",
        "from time import monotonic",
        "from uuid import uuid4",
        "from eventsourcing.domain import datetime_now_with_tzinfo",
        "__import__('os')",
    ],
)
def test_a_planted_import_in_the_domain_is_caught(source: str) -> None:
    assert len(list(the_domain_imports_little("tracker.domain.a", source))) >= 1


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime; datetime.now()",
        "from datetime import datetime\nclass A:\n    def f(self): return datetime.now(UTC)",
        "from datetime import datetime as dt; dt.utcnow()",
        "from datetime import datetime; field(default_factory=datetime.now)",
        "import datetime; datetime.datetime.today()",
        "import datetime as d; x = d.datetime.now",
        "import datetime; datetime.date.today()",
        "from datetime import date; date.today()",
        "def f(moment): return type(moment).now()",
        "def f(clock): return clock.now()",
        "import uuid; uuid.uuid4()",
        "import uuid; uuid.uuid1()",
        "from uuid import uuid4 as new; new()",
        "open('x')",
        "print('x')",
        "f = open",
    ],
)
def test_a_planted_reading_of_the_world_in_the_domain_is_caught(source: str) -> None:
    found = list(the_domain_reads_no_clock_and_does_no_io("tracker.domain.a", source))
    assert len(found) >= 1


@pytest.mark.parametrize("rule", IN_THE_DOMAIN)
@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime, time; datetime(2026, 1, 1, tzinfo=UTC)",
        "from uuid import UUID, uuid5",
        "from eventsourcing.domain import BaseAggregate",
        "from tracker.domain.errors import RefusedError",
        "from .errors import RefusedError",
        "from datetime import datetime\ndef f(now: datetime) -> int: return now.year",
        "def f(command): return command.now",
        "def f(door): return door.open()",
    ],
)
def test_a_pure_domain_passes(rule: Rule, source: str) -> None:
    assert list(rule("tracker.domain.a", source)) == []


@pytest.mark.parametrize("name", sorted(NAMES_THAT_SAY_NOTHING))
def test_a_name_that_says_nothing_is_caught(name: str) -> None:
    assert list(a_name_says_something(f"tracker.domain.{name}", ""))
    assert list(a_name_says_something(f"tracker.{name}.a", ""))
    assert not list(a_name_says_something(f"tracker.domain.data{name}", ""))


def test_an_init_that_imports_is_caught() -> None:
    assert list(an_init_imports_nothing("tracker.domain.__init__", "from .errors import A"))
    assert list(an_init_imports_nothing("tracker.__init__", "def f():\n    import json"))
    assert not list(an_init_imports_nothing("tracker.domain.a", "import json"))


def test_a_file_of_more_than_400_lines_is_caught() -> None:
    assert list(a_file_is_short("tracker.domain.a", "x = 1\n" * 401))
    assert not list(a_file_is_short("tracker.domain.a", "x = 1\n" * 400))
