"""Damages a database of PostgreSQL by hand. Each function returns the damage to expect."""

import psycopg

from tracker.application.audit.verify_log import LogDamageKind
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role

Superuser = psycopg.Connection[tuple[int, ...]]


def erase(container: Container, number: int = 0) -> None:
    code = sorted(container.look_up.samples(9))[number]
    administrator = Actor(Role.ADMINISTRATOR, "adm-1")
    container.tracker.erase_personal_data(
        administrator, code, event_id=f"er-{number}", basis="by law"
    )


def sizes(container: Container) -> list[int]:
    return [size for size, _ in container.log.checkpoints.after(0)]


def position_of(superuser: Superuser, leaf: int) -> int:
    """Return the position of the event of a leaf."""
    row = superuser.execute("SELECT position FROM log_1 WHERE leaf = %s", (leaf,)).fetchone()
    assert row
    return int(row[0])


def leaf_count(superuser: Superuser) -> int:
    row = superuser.execute("SELECT count(*) FROM log_1").fetchone()
    assert row
    return int(row[0])


def move(superuser: Superuser, position: int, to: int) -> None:
    """Give an event another position."""
    row = superuser.execute(
        "DELETE FROM stored_events WHERE notification_id = %s"
        " RETURNING originator_id, originator_version, topic, state",
        (position,),
    ).fetchone()
    assert row
    superuser.execute(
        "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic,"
        " state) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s)",
        (to, *row),
    )


def changed_bytes(superuser: Superuser) -> tuple[LogDamageKind, int]:
    superuser.execute(
        "UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'),"
        " '\"event_id\":\"demo', '\"event_id\":\"dEmo'), 'UTF8') WHERE notification_id = %s",
        (position_of(superuser, 7),),
    )
    return LogDamageKind.CHANGED, 7


def changed_name(superuser: Superuser) -> tuple[LogDamageKind, int]:
    superuser.execute(
        "UPDATE stored_events SET topic = 'dossier.rated.v1' WHERE notification_id = %s",
        (position_of(superuser, 8),),
    )
    return LogDamageKind.CHANGED, 8


def changed_dossier(superuser: Superuser) -> tuple[LogDamageKind, int]:
    superuser.execute(
        "UPDATE stored_events SET originator_id = gen_random_uuid() WHERE notification_id = %s",
        (position_of(superuser, 9),),
    )
    return LogDamageKind.LEAF, 9


def deleted(superuser: Superuser) -> tuple[LogDamageKind, int]:
    superuser.execute(
        "DELETE FROM stored_events WHERE notification_id = %s", (position_of(superuser, 5),)
    )
    return LogDamageKind.MISSING, 5


def swapped_bytes(superuser: Superuser) -> tuple[LogDamageKind, int]:
    first, second = position_of(superuser, 3), position_of(superuser, 11)
    superuser.execute(
        "UPDATE stored_events AS a SET state = b.state, topic = b.topic FROM stored_events AS b"
        " WHERE (a.notification_id, b.notification_id) IN ((%s, %s), (%s, %s))",
        (first, second, second, first),
    )
    return LogDamageKind.CHANGED, 3


def swapped_positions(superuser: Superuser) -> tuple[LogDamageKind, int]:
    first, second = position_of(superuser, 3), position_of(superuser, 11)
    move(superuser, first, 999_999)
    move(superuser, second, first)
    move(superuser, 999_999, second)
    return LogDamageKind.CHANGED, 3


def inserted_between(superuser: Superuser) -> tuple[LogDamageKind, int]:
    last = leaf_count(superuser) - 1
    superuser.execute(
        "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic,"
        " state) OVERRIDING SYSTEM VALUE"
        " SELECT %s, gen_random_uuid(), 1, topic, state FROM stored_events"
        " WHERE notification_id = %s",
        (position_of(superuser, last) - 1, position_of(superuser, 0)),
    )
    return LogDamageKind.NOT_LOGGED, last


def inserted_before_all(superuser: Superuser) -> tuple[LogDamageKind, int]:
    superuser.execute(
        "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic,"
        " state) OVERRIDING SYSTEM VALUE"
        " SELECT -5, gen_random_uuid(), 1, topic, state FROM stored_events"
        " WHERE notification_id = %s",
        (position_of(superuser, 1),),
    )
    return LogDamageKind.NOT_LOGGED, 0


def renumbered(superuser: Superuser) -> tuple[LogDamageKind, int]:
    last = leaf_count(superuser) - 1
    move(superuser, position_of(superuser, last), position_of(superuser, last) - 1)
    return LogDamageKind.RENUMBERED, last


def truncated(superuser: Superuser) -> tuple[LogDamageKind, int]:
    cut = leaf_count(superuser) - 10
    superuser.execute(
        "DELETE FROM stored_events WHERE notification_id >= %s", (position_of(superuser, cut),)
    )
    return LogDamageKind.MISSING, cut


def truncated_with_the_log(superuser: Superuser) -> tuple[LogDamageKind, int]:
    cut = leaf_count(superuser) - 10
    superuser.execute(
        "DELETE FROM stored_events WHERE notification_id >= %s", (position_of(superuser, cut),)
    )
    superuser.execute("DELETE FROM log_1 WHERE leaf >= %s", (cut,))
    return LogDamageKind.CUT, cut


def truncated_with_the_log_and_its_checkpoint(superuser: Superuser) -> tuple[LogDamageKind, int]:
    damage = truncated_with_the_log(superuser)
    superuser.execute("DELETE FROM log_checkpoints WHERE size > %s", (damage[1],))
    return damage


def a_gap_in_the_log(superuser: Superuser) -> tuple[LogDamageKind, int]:
    superuser.execute("DELETE FROM log_1 WHERE leaf = 4")
    return LogDamageKind.LEAF, 4


def another_node(superuser: Superuser) -> tuple[LogDamageKind, int]:
    superuser.execute(
        "UPDATE log_1 SET nodes = substring(nodes FROM 1 FOR 32) || chain WHERE leaf = 13"
    )
    return LogDamageKind.LEAF, 13


def another_chain(superuser: Superuser) -> tuple[LogDamageKind, int]:
    superuser.execute("UPDATE log_1 SET chain = sha256(chain) WHERE leaf = 6")
    return LogDamageKind.LEAF, 6


def another_link(superuser: Superuser) -> tuple[LogDamageKind, int]:
    superuser.execute("UPDATE log_1 SET previous = coalesce(previous, 0) + 1 WHERE leaf = 10")
    return LogDamageKind.LEAF, 10


def a_changed_checkpoint(superuser: Superuser) -> tuple[LogDamageKind, int]:
    row = superuser.execute("SELECT min(size) FROM log_checkpoints").fetchone()
    assert row
    superuser.execute(
        "UPDATE log_checkpoints SET note = replace(note, 'heads', 'heAds') WHERE size = %s", row
    )
    return LogDamageKind.UNSIGNED, row[0] - 1
