"""Each rule of the source tree fails when it is broken on purpose."""

import pytest

from tests.architecture.rules import (
    FLOORS,
    IN_THE_DOMAIN,
    MIGRATIONS,
    NAMES_THAT_SAY_NOTHING,
    Rule,
    a_file_is_short,
    a_folder_is_small,
    a_name_says_something,
    an_init_imports_nothing,
    imports_point_down,
    no_circle,
    the_domain_imports_little,
    the_domain_reads_no_clock_and_does_no_io,
)


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        # up
        ("domain.errors", "import tracker.application", "1 imports tracker.application: up"),
        ("domain.errors", "from tracker import bootstrap", "1 imports tracker.bootstrap: up"),
        (
            "domain.dossier.a",
            "import tracker.adapters.sql as x",
            "1 imports tracker.adapters.sql: up",
        ),
        ("domain.dossier.a", "from tracker.cli import *", "1 imports tracker.cli: up"),
        (
            "application.forms.a",
            "def f():\n    if True:\n        from tracker.adapters import sql",
            "3 imports tracker.adapters.sql: up",
        ),
        (
            "projections.model.a",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tracker.bootstrap",
            "3 imports tracker.bootstrap: up",
        ),
        ("domain.errors", "from ..application import b", "1 imports tracker.application.b: up"),
        ("domain.errors", "from .. import bootstrap", "1 imports tracker.bootstrap: up"),
        ("domain.dossier.b", "from ...demo import c", "1 imports tracker.demo.c: up"),
        (
            "domain.__init__",
            "from ..serialization import a",
            "1 imports tracker.serialization.a: up",
        ),
        ("serialization", "import json, tracker.projections", "1 imports tracker.projections: up"),
        ("bootstrap", "import tracker.cli", "1 imports tracker.cli: up"),
        ("cli.a", "import tracker.__main__", "1 imports tracker.__main__: up"),
        ("adapters.http.app", "import tracker.demo", "1 imports tracker.demo: up"),
        (
            "settings",
            "import importlib\nimportlib.import_module('tracker.cli')",
            "2 imports tracker.cli: up",
        ),
        (
            "application.commands.a",
            "from tracker.projections.model import rows",
            "1 imports tracker.projections.model.rows: sideways",
        ),
        (
            "projections.figures.a",
            "from tracker.application.queries import b",
            "1 imports tracker.application.queries.b: up",
        ),
        # up inside a room
        (
            "domain.deadlines.a",
            "from tracker.domain.dossier import state",
            "1 imports tracker.domain.dossier.state: up",
        ),
        (
            "application.commands.a",
            "from tracker.application.forms import case",
            "1 imports tracker.application.forms.case: up",
        ),
        (
            "projections.model.a",
            "import tracker.projections.figures.figures",
            "1 imports tracker.projections.figures.figures: up",
        ),
        (
            "adapters.http.schema.a",
            "from ..auth import sessions",
            "1 imports tracker.adapters.http.auth.sessions: up",
        ),
        (
            "adapters.sql.service_tables.a",
            "from tracker.adapters.sql.read_models import look_up",
            "1 imports tracker.adapters.sql.read_models.look_up: up",
        ),
        (
            "adapters.kafka.reader.a",
            "from tracker.adapters.kafka.relay import relay",
            "1 imports tracker.adapters.kafka.relay.relay: up",
        ),
        # sideways
        (
            "adapters.http.app",
            "from tracker.adapters.sql.columns import b",
            "1 imports tracker.adapters.sql.columns.b: sideways",
        ),
        (
            "adapters.http.__init__",
            "from ..sql import b",
            "1 imports tracker.adapters.sql.b: sideways",
        ),
        (
            "application.forms.a",
            "from tracker.application.notifications import b",
            "1 imports tracker.application.notifications.b: sideways",
        ),
        ("domain.errors", "from tracker import settings", "1 imports tracker.settings: sideways"),
        ("settings", "from .domain import errors", "1 imports tracker.domain.errors: sideways"),
        ("demo.a", "import tracker.bootstrap", "1 imports tracker.bootstrap: sideways"),
        ("bootstrap", "import tracker.demo", "1 imports tracker.demo: sideways"),
        # nowhere
        ("cli", "import tracker", "1 imports tracker: from or to no room"),
        ("cli", "from tracker import *", "1 imports tracker: from or to no room"),
        ("cli", "import tracker.domains", "1 imports tracker.domains: from or to no room"),
        (
            "adapters.http.app",
            "import tracker.adapters",
            "1 imports tracker.adapters: from or to no room",
        ),
    ],
)
def test_a_planted_import_is_caught(module: str, source: str, fault: str) -> None:
    found = list(imports_point_down(f"tracker.{module}", source))
    assert found == [f"tracker.{module}:{fault}"]


@pytest.mark.parametrize("package", FLOORS)
def test_a_module_outside_every_room_is_caught(package: str) -> None:
    assert f"{package}.stray is in no room of {package}" in list(
        imports_point_down(f"{package}.stray", "")
    )


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tracker.__main__", "from tracker.cli import main"),
        ("tracker.cli.run.serve", "from tracker import bootstrap, demo, settings"),
        ("tracker.cli.run.serve", "from . import options"),
        ("tracker.bootstrap", "from tracker.adapters import http, sql\nimport tracker.domain"),
        ("tracker.adapters.http.api.a", "from .b import c\nfrom tracker import application"),
        ("tracker.adapters.http.app", "import tracker.adapters.http.schema.responses"),
        ("tracker.application.queries.a", "from tracker.projections.figures import figures"),
        ("tracker.projections.figures.a", "from tracker import serialization, settings"),
        ("tracker.serialization", "from tracker.domain.dossier.dossier import Dossier"),
        ("tracker.domain.dossier.a", "from .b import c\nimport trackerlike"),
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


@pytest.mark.parametrize(
    ("module", "most"),
    [("tracker.domain.a", 300), ("tracker.adapters.sql.engine", 300), ("tests.domain.test_a", 500)],
)
def test_a_long_file_is_caught(module: str, most: int) -> None:
    assert list(a_file_is_short(module, "x = 1\n" * (most + 1)))
    assert not list(a_file_is_short(module, "x = 1\n" * most))


def test_a_migration_may_be_long() -> None:
    assert not list(a_file_is_short(f"{MIGRATIONS}.events.0001_a", "x = 1\n" * 900))


def test_a_crowded_folder_is_caught() -> None:
    files = [f"tracker.domain.a{number}" for number in range(16)]
    assert not list(a_folder_is_small([*files, "tracker.domain.__init__", "tracker.domain.b.c"]))
    assert list(a_folder_is_small([*files, "tracker.domain.b"]))


def test_a_circle_is_caught() -> None:
    circle = {"a": "import b", "b": "def f():\n    from c import x", "c": "import a.x"}
    assert list(no_circle(circle))
    assert not list(no_circle({**circle, "c": ""}))
