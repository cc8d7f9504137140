"""What the log finds when somebody with every right meddles with PostgreSQL by hand."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.migrate import Branch, migrate
from tracker.application.audit.checkpoints import LogForkedError
from tracker.application.audit.verify_log import LogDamageKind
from tracker.bootstrap import open_container
from tracker.cli.verify.store import log_verifier
from tracker.container import Container
from tracker.demo.filling import SPAN, DemoClock, fill
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.projections.model.projector import Projector
from tracker.settings import Settings

pytestmark = pytest.mark.system

Hand = psycopg.Connection[tuple[int, ...]]


def copied(server: str, template: str) -> str:
    """Return the address of a fresh copy of a database."""
    name = f"test_{uuid.uuid4().hex}"
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def dropped(server: str, url: str) -> None:
    name = sql.Identifier(urlsplit(url).path[1:])
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


UNTIL = datetime(2026, 11, 20, 10, tzinfo=UTC)


def opening(url: str, directory: Path) -> Settings:
    return Settings(
        data_dir=directory, store_url=url, log_checkpoint_file=directory / "checkpoints.txt"
    )


def go_on(it: Container, clock: DemoClock, seed: int) -> None:
    fill(it.tracker, it.service, clock, until=UNTIL, dossiers=6, seed=seed)
    it.catch_up()


@pytest.fixture(scope="module")
def signed(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """The address and the directory of a log with a checkpoint halfway and one at the end."""
    directory = tmp_path_factory.mktemp("signed")
    url = copied(postgres_server, "template0")
    engine = open_engine(url)
    for branch in Branch:
        migrate(engine, branch)
    engine.dispose()
    clock = DemoClock(UNTIL - SPAN)
    with open_container(opening(url, directory), clock) as it:
        go_on(it, clock, 1)
        it.log.maker.prepare()
        it.log.maker.make()
        with psycopg.connect(url) as connection:  # as a statement that failed would
            connection.execute(
                "SELECT nextval(pg_get_serial_sequence('stored_events', 'notification_id'))"
            )
        last = it.tracker.store.max_notification_id() or 0
        erase(it)
        it.catch_up()
        assert it.tracker.store.max_notification_id() == last + 2
        it.log.maker.make()
    yield url, directory
    dropped(postgres_server, url)


def erase(it: Container, number: int = 0) -> None:
    code = sorted(it.look_up.samples(9))[number]
    administrator = Actor(Role.ADMINISTRATOR, "adm-1")
    it.tracker.erase_personal_data(administrator, code, event_id=f"er-{number}", basis="by law")


@pytest.fixture
def it(postgres_server: str, signed: tuple[str, Path], tmp_path: Path) -> Iterator[Container]:
    url = copied(postgres_server, urlsplit(signed[0]).path[1:])
    for path in signed[1].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with open_container(opening(url, tmp_path)) as opened:
        yield opened
    dropped(postgres_server, url)


@pytest.fixture
def hand(it: Container) -> Iterator[Hand]:
    """A superuser's connection, to which no trigger applies."""
    with psycopg.connect(it.settings.store_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def at(hand: Hand, leaf: int) -> int:
    """The position of a leaf."""
    row = hand.execute("SELECT position FROM log_1 WHERE leaf = %s", (leaf,)).fetchone()
    assert row
    return int(row[0])


def count(hand: Hand) -> int:
    row = hand.execute("SELECT count(*) FROM log_1").fetchone()
    assert row
    return int(row[0])


def move(hand: Hand, position: int, to: int) -> None:
    """Return an event another position."""
    row = hand.execute(
        "DELETE FROM stored_events WHERE notification_id = %s"
        " RETURNING originator_id, originator_version, topic, state",
        (position,),
    ).fetchone()
    assert row
    hand.execute(
        "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic,"
        " state) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s)",
        (to, *row),
    )


def changed_bytes(hand: Hand) -> tuple[LogDamageKind, int]:
    hand.execute(
        "UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'),"
        " '\"event_id\":\"demo', '\"event_id\":\"dEmo'), 'UTF8') WHERE notification_id = %s",
        (at(hand, 7),),
    )
    return LogDamageKind.CHANGED, 7


def changed_name(hand: Hand) -> tuple[LogDamageKind, int]:
    hand.execute(
        "UPDATE stored_events SET topic = 'dossier.rated.v1' WHERE notification_id = %s",
        (at(hand, 8),),
    )
    return LogDamageKind.CHANGED, 8


def changed_dossier(hand: Hand) -> tuple[LogDamageKind, int]:
    hand.execute(
        "UPDATE stored_events SET originator_id = gen_random_uuid() WHERE notification_id = %s",
        (at(hand, 9),),
    )
    return LogDamageKind.LEAF, 9


def deleted(hand: Hand) -> tuple[LogDamageKind, int]:
    hand.execute("DELETE FROM stored_events WHERE notification_id = %s", (at(hand, 5),))
    return LogDamageKind.MISSING, 5


def swapped_bytes(hand: Hand) -> tuple[LogDamageKind, int]:
    one, other = at(hand, 3), at(hand, 11)
    hand.execute(
        "UPDATE stored_events AS a SET state = b.state, topic = b.topic FROM stored_events AS b"
        " WHERE (a.notification_id, b.notification_id) IN ((%s, %s), (%s, %s))",
        (one, other, other, one),
    )
    return LogDamageKind.CHANGED, 3


def swapped_positions(hand: Hand) -> tuple[LogDamageKind, int]:
    one, other = at(hand, 3), at(hand, 11)
    move(hand, one, 999_999)
    move(hand, other, one)
    move(hand, 999_999, other)
    return LogDamageKind.CHANGED, 3


def inserted_between(hand: Hand) -> tuple[LogDamageKind, int]:
    last = count(hand) - 1
    hand.execute(
        "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic,"
        " state) OVERRIDING SYSTEM VALUE"
        " SELECT %s, gen_random_uuid(), 1, topic, state FROM stored_events"
        " WHERE notification_id = %s",
        (at(hand, last) - 1, at(hand, 0)),
    )
    return LogDamageKind.NOT_LOGGED, last


def inserted_before_all(hand: Hand) -> tuple[LogDamageKind, int]:
    hand.execute(
        "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic,"
        " state) OVERRIDING SYSTEM VALUE"
        " SELECT -5, gen_random_uuid(), 1, topic, state FROM stored_events"
        " WHERE notification_id = %s",
        (at(hand, 1),),
    )
    return LogDamageKind.NOT_LOGGED, 0


def renumbered(hand: Hand) -> tuple[LogDamageKind, int]:
    last = count(hand) - 1
    move(hand, at(hand, last), at(hand, last) - 1)
    return LogDamageKind.RENUMBERED, last


def truncated(hand: Hand) -> tuple[LogDamageKind, int]:
    cut = count(hand) - 10
    hand.execute("DELETE FROM stored_events WHERE notification_id >= %s", (at(hand, cut),))
    return LogDamageKind.MISSING, cut


def truncated_with_the_log(hand: Hand) -> tuple[LogDamageKind, int]:
    cut = count(hand) - 10
    hand.execute("DELETE FROM stored_events WHERE notification_id >= %s", (at(hand, cut),))
    hand.execute("DELETE FROM log_1 WHERE leaf >= %s", (cut,))
    return LogDamageKind.CUT, cut


def truncated_with_the_log_and_its_checkpoint(hand: Hand) -> tuple[LogDamageKind, int]:
    found = truncated_with_the_log(hand)
    hand.execute("DELETE FROM log_checkpoints WHERE size > %s", (found[1],))
    return found


def a_gap_in_the_log(hand: Hand) -> tuple[LogDamageKind, int]:
    hand.execute("DELETE FROM log_1 WHERE leaf = 4")
    return LogDamageKind.LEAF, 4


def another_node(hand: Hand) -> tuple[LogDamageKind, int]:
    hand.execute("UPDATE log_1 SET nodes = substring(nodes FROM 1 FOR 32) || chain WHERE leaf = 13")
    return LogDamageKind.LEAF, 13


def another_chain(hand: Hand) -> tuple[LogDamageKind, int]:
    hand.execute("UPDATE log_1 SET chain = sha256(chain) WHERE leaf = 6")
    return LogDamageKind.LEAF, 6


def another_link(hand: Hand) -> tuple[LogDamageKind, int]:
    hand.execute("UPDATE log_1 SET previous = coalesce(previous, 0) + 1 WHERE leaf = 10")
    return LogDamageKind.LEAF, 10


def a_changed_checkpoint(hand: Hand) -> tuple[LogDamageKind, int]:
    row = hand.execute("SELECT min(size) FROM log_checkpoints").fetchone()
    assert row
    hand.execute(
        "UPDATE log_checkpoints SET note = replace(note, 'heads', 'heAds') WHERE size = %s", row
    )
    return LogDamageKind.UNSIGNED, row[0] - 1


@pytest.mark.parametrize(
    "harm",
    [
        changed_bytes,
        changed_name,
        changed_dossier,
        deleted,
        swapped_bytes,
        swapped_positions,
        inserted_between,
        inserted_before_all,
        renumbered,
        truncated,
        truncated_with_the_log,
        truncated_with_the_log_and_its_checkpoint,
        a_gap_in_the_log,
        another_node,
        another_chain,
        another_link,
        a_changed_checkpoint,
    ],
)
def test_what_was_done_by_hand_is_found_and_located(
    it: Container, hand: Hand, harm: Callable[[Hand], tuple[LogDamageKind, int]]
) -> None:
    assert log_verifier(it).first_damage() is None
    kind, leaf = harm(hand)
    damage = log_verifier(it).first_damage()
    assert damage is not None
    assert (damage.kind, damage.leaf) == (kind, leaf), damage


def rebuilt(it: Container) -> None:
    """Make the log anew from what is in the store now, as the program itself would."""
    follow = it.follows["log"]
    green = follow.model.next_generation()
    Projector(follow.projection, follow.feed, green).catch_up()
    follow.model.replace_with(green)


def sizes(it: Container) -> list[int]:
    return [size for size, _ in it.log.checkpoints.after(0)]


def test_a_log_rewritten_to_fit_a_changed_event_is_a_fork_and_is_not_signed(
    it: Container, hand: Hand
) -> None:
    changed_bytes(hand)
    rebuilt(it)
    damage = log_verifier(it).first_damage()
    assert damage is not None
    assert (damage.kind, damage.leaf) == (LogDamageKind.FORKED, sizes(it)[0] - 1)
    before = sizes(it)
    erase(it, 1)
    it.catch_up()
    with pytest.raises(LogForkedError, match="are not those that were signed"):
        it.log.maker.make()
    assert sizes(it) == before


def test_a_fork_is_found_by_what_was_published_where_the_database_forgets_what_was_signed(
    it: Container, hand: Hand
) -> None:
    changed_bytes(hand)
    rebuilt(it)
    hand.execute("DELETE FROM log_checkpoints")
    with pytest.raises(LogForkedError):
        it.log.maker.make()
    damage = log_verifier(it).first_damage()
    assert damage is not None
    assert damage.kind is LogDamageKind.FORKED


def test_an_old_copy_that_went_on_otherwise_is_found_and_not_signed(
    it: Container, hand: Hand
) -> None:
    """The whole database as it was at the first checkpoint, its log and checkpoints included."""
    old, new = sizes(it)
    position = at(hand, old - 1)
    hand.execute("DELETE FROM stored_events WHERE notification_id > %s", (position,))
    hand.execute("DELETE FROM requests WHERE position > %s", (position,))
    hand.execute("DELETE FROM log_1 WHERE leaf >= %s", (old,))
    hand.execute("UPDATE read_model_positions SET position = %s", (position,))
    hand.execute("DELETE FROM log_checkpoints WHERE size = %s", (new,))
    erase(it, 2)
    it.catch_up()
    assert it.log.leaves.size() == new
    with pytest.raises(LogForkedError, match="are not those that were signed"):
        it.log.maker.make()
    damage = log_verifier(it).first_damage()
    assert damage is not None
    assert (damage.kind, damage.leaf) == (LogDamageKind.FORKED, new - 1)


def test_a_store_put_back_under_a_log_that_stayed_is_not_signed(it: Container, hand: Hand) -> None:
    truncated(hand)
    with pytest.raises(LogForkedError, match="is not in the store as it was logged"):
        it.log.maker.make()


def test_a_replaced_key_is_found(it: Container) -> None:
    for name in ("log.key", "log.key.pub"):
        (it.settings.data_dir / name).unlink()
    it.log.notary.make_key()
    damage = log_verifier(it).first_damage()
    assert damage is not None
    assert (damage.kind, damage.leaf) == (LogDamageKind.UNSIGNED, sizes(it)[0] - 1)


def test_heads_that_leave_a_dossier_out_are_found(it: Container, hand: Hand) -> None:
    """Only whoever holds the key can do that; who reads the whole log sees it."""
    last = it.log.checkpoints.last()
    assert last is not None
    said = Checkpoint.parse(last.text)
    lied = replace(said, heads=said.heads - 1)
    assert it.log.checkpoints.replace(said.size, last, it.log.notary.sign(lied.text))
    (it.settings.data_dir / "checkpoints.txt").unlink()
    damage = log_verifier(it).first_damage()
    assert damage is not None
    assert (damage.kind, damage.leaf) == (LogDamageKind.HEADS, said.size - 1)
