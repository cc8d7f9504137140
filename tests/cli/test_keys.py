"""`tracker keys`: keys fit their role, are listed without secrets, and can be revoked."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tracker.adapters.sql.service_tables.api_keys import UnknownKeyError
from tracker.bootstrap import open_container
from tracker.domain.dossier.actors import Actor, Role
from tracker.settings import Settings


@pytest.mark.parametrize(
    ("args", "actor"),
    [
        (("staff", "--office", "CN05"), Actor(Role.STAFF, "a-1", "CN05")),
        (("staff", "--office", "CN05-D1"), Actor(Role.STAFF, "a-1", "CN05-D1")),
        (("staff", "--office", "SO-YTE"), Actor(Role.STAFF, "a-1", "SO-YTE")),
        (("agent", "--office", "DL-BIDV-001"), Actor(Role.AGENT, "a-1", "DL-BIDV-001", "BIDV")),
        (("collaborator", "--office", "CTV-BAVI"), Actor(Role.COLLABORATOR, "a-1", "CTV-BAVI")),
        (("kiosk", "--office", "KIOSK-01"), Actor(Role.KIOSK, "a-1", "KIOSK-01")),
        (("portal", "--office", "PORTAL"), Actor(Role.PORTAL, "a-1", "PORTAL")),
        (("carrier", "--partner", "VNPOST"), Actor(Role.CARRIER, "a-1", partner="VNPOST")),
        (("auditor",), Actor(Role.AUDITOR, "a-1")),
        (("manager",), Actor(Role.MANAGER, "a-1")),
        (("administrator",), Actor(Role.ADMINISTRATOR, "a-1")),
    ],
)
def test_a_key_opens_for_its_actor(
    args: tuple[str, ...], actor: Actor, run: Run, data_dir: Path
) -> None:
    result = run("keys", "make", "--actor", "a-1", "--role", *args)
    assert result.code == 0
    with open_container(Settings(data_dir=data_dir)) as container:
        assert container.keys.actor_of(result.out.strip()) == actor


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("staff",), "A key for staff needs --office."),
        (("staff", "--office", "KIOSK-01"), "KIOSK-01 is a kiosk"),
        (("staff", "--office", "NOWHERE"), "There is no such office."),
        (("agent", "--office", "CN05"), "CN05 is a branch"),
        (("agent", "--office", "DL-BIDV-001", "--partner", "VNPT"), "is not run by VNPT"),
        (("collaborator", "--office", "CN05"), "CN05 is a branch"),
        (("kiosk", "--office", "PORTAL"), "PORTAL is a portal"),
        (("carrier",), "A key for carrier needs --partner."),
        (("carrier", "--partner", "BIDV"), "BIDV is not a carrier"),
        (("carrier", "--partner", "NOBODY"), "There is no such partner."),
        (("carrier", "--partner", "VNPOST", "--office", "CN05"), "has no office"),
        (("manager", "--office", "CN05"), "has no office"),
        (("auditor", "--partner", "BIDV"), "has no partner"),
        (("staff", "--office", "CN05", "--partner", "BIDV"), "is not run by BIDV"),
        (("citizen",), "A citizen has no key"),
        (("king",), "Invalid value for '--role': 'king' is not one of"),
    ],
)
def test_a_key_that_fits_no_role_is_not_made(args: tuple[str, ...], why: str, run: Run) -> None:
    result = run("keys", "make", "--actor", "a-1", "--role", *args)
    assert (result.code, result.out) == (2, "")
    assert why in result.err
    assert "a-1" not in run("keys", "list").out


@pytest.mark.parametrize("actor", ["", "two words", "x" * 65, "-x"])
def test_an_id_that_no_event_could_bear_is_refused(actor: str, run: Run) -> None:
    assert run("keys", "make", "--role", "manager", f"--actor={actor}").code == 2


def test_two_actors_never_share_an_id(run: Run) -> None:
    assert run("keys", "make", "--role", "staff", "--actor", "a", "--office", "CN05").code == 0
    assert run("keys", "make", "--role", "staff", "--actor", "a", "--office", "CN05").code == 0
    result = run("keys", "make", "--role", "staff", "--actor", "a", "--office", "CN06")
    assert result.code == 2
    assert "a is already the id of another actor" in result.err


def test_keys_are_listed_without_their_secrets(run: Run) -> None:
    key = run("keys", "make", "--role", "manager", "--actor", "boss").out.strip()
    _, key_id, secret = key.split("_", 2)
    listed = run("keys", "list").out
    assert re.search(rf"^{key_id}  manager  boss .* -$", listed, re.MULTILINE)
    assert secret not in listed


def test_a_revoked_key_opens_nothing_and_says_when(run: Run, data_dir: Path) -> None:
    key = run("keys", "make", "--role", "manager", "--actor", "boss").out.strip()
    key_id = key.split("_")[1]
    assert run("keys", "revoke", key_id).code == 0
    assert not re.search(rf"^{key_id} .* -$", run("keys", "list").out, re.MULTILINE)
    with open_container(Settings(data_dir=data_dir)) as container, pytest.raises(UnknownKeyError):
        container.keys.actor_of(key)
    again = run("keys", "revoke", key_id)
    assert (again.code, again.err) == (1, "Error: There is no such key, or it was revoked.\n")
