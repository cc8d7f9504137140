"""An archive made for the bench is what the service itself could have written."""

import base64
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr

from loadtests.bench.archive.fill import load
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.migrate import Branch, migrate
from tracker.adapters.vault.aes import AesVault
from tracker.application.audit.verify_store import StoreVerifier
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Stage
from tracker.serialization import decode
from tracker.settings import Settings

DOSSIERS, LIVES = 300, 15
KEY = bytes(range(32))


@pytest.fixture
def site(postgres_url: str, tmp_path: Path) -> Iterator[Container]:
    engine = open_engine(postgres_url)
    for branch in Branch:
        migrate(engine, branch)
    engine.dispose()
    key = SecretStr(base64.b64encode(KEY).decode())
    with open_container(
        Settings(data_dir=tmp_path, store_url=postgres_url, master_key=key)
    ) as made:
        yield made


def filled(url: str) -> int:
    return load(url, DOSSIERS, seed=1, master_key=KEY, lives=LIVES)


def lives(site: Container) -> dict[UUID, list[Event]]:
    found: dict[UUID, list[Event]] = defaultdict(list)
    for one in site.tracker.store.select_notifications(1, site.store_feed.head()):
        event = decode(one.topic, one.state)
        found[event.originator_id].append(event)
    return found


def test_every_archived_dossier_can_be_read_and_has_come_to_its_end(
    site: Container, postgres_url: str
) -> None:
    count = filled(postgres_url)

    found = lives(site)
    assert (len(found), sum(map(len, found.values()))) == (DOSSIERS, count)
    for events in found.values():
        dossier = Dossier.replay(None, events)
        assert dossier is not None
        assert dossier.progress.stage is Stage.RETURNED


def test_an_archive_verifies_as_what_the_service_wrote_and_its_keys_fit(
    site: Container, postgres_url: str
) -> None:
    count = filled(postgres_url)

    verifier = StoreVerifier(site.scan)
    assert verifier.first_damage() is None
    assert (verifier.events, verifier.dossiers) == (count, DOSSIERS)
    keys = site.tracker.store.select_keys(list(lives(site)))
    assert len(keys) == DOSSIERS
    for dossier, wrapped in keys.items():
        AesVault(KEY).unwrap(dossier, wrapped)


def test_an_archive_is_in_the_order_in_which_its_events_were_heard_of(
    site: Container, postgres_url: str
) -> None:
    filled(postgres_url)

    stored = site.tracker.store.select_notifications(1, site.store_feed.head())
    heard = [decode(one.topic, one.state).recorded_at for one in stored]
    assert heard == sorted(heard)


def test_the_service_goes_on_after_an_archive_with_its_guards_and_the_next_position(
    site: Container, postgres_url: str
) -> None:
    count = filled(postgres_url)

    row = "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
    with psycopg.connect(postgres_url) as connection:
        with pytest.raises(psycopg.IntegrityError, match="must follow"):
            connection.execute(f"{row} VALUES (gen_random_uuid(), 2, 't', '')")
        connection.rollback()
        connection.execute(f"{row} VALUES (gen_random_uuid(), 1, 't', '')")
    assert site.store_feed.head() > count


def test_an_archive_follows_on_what_is_there(site: Container, postgres_url: str) -> None:
    row = "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"{row} VALUES (gen_random_uuid(), 1, 't', '')")

    count = filled(postgres_url)

    assert site.store_feed.head() == 1 + count
