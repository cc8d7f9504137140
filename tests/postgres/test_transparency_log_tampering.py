"""Someone with all rights changes PostgreSQL by hand: what the log finds."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.postgres.tampering import (
    Superuser,
    a_changed_checkpoint,
    a_gap_in_the_log,
    another_chain,
    another_link,
    another_node,
    changed_bytes,
    changed_dossier,
    changed_name,
    deleted,
    erase,
    inserted_before_all,
    inserted_between,
    position_of,
    renumbered,
    sizes,
    swapped_bytes,
    swapped_positions,
    truncated,
    truncated_with_the_log,
    truncated_with_the_log_and_its_checkpoint,
)
from tracker.application.audit.checkpoints import LogForkedError
from tracker.application.audit.verify_log import LogDamageKind
from tracker.cli.verify.store import log_verifier
from tracker.container import Container
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.projections.model.projector import Projector

pytestmark = pytest.mark.system


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
def test_a_change_by_hand_is_found_and_located(
    container: Container,
    superuser: Superuser,
    harm: Callable[[Superuser], tuple[LogDamageKind, int]],
) -> None:
    assert log_verifier(container).first_damage() is None
    kind, leaf = harm(superuser)
    damage = log_verifier(container).first_damage()
    assert damage is not None
    assert (damage.kind, damage.leaf) == (kind, leaf), damage


def rebuilt(container: Container) -> None:
    """Rebuild the log from the events in the store, as the program does."""
    follow = container.follows["log"]
    green = follow.model.next_generation()
    Projector(follow.projection, follow.feed, green).catch_up()
    follow.model.replace_with(green)


def test_a_log_rewritten_to_fit_a_changed_event_is_a_fork_and_is_not_signed(
    container: Container, superuser: Superuser
) -> None:
    container.past.check()  # before the change, so the service still accepts commands after it
    changed_bytes(superuser)
    rebuilt(container)
    damage = log_verifier(container).first_damage()
    assert damage is not None
    assert (damage.kind, damage.leaf) == (LogDamageKind.FORKED, sizes(container)[0] - 1)
    before = sizes(container)
    erase(container, 1)
    container.catch_up()
    with pytest.raises(LogForkedError, match="are not those that were signed"):
        container.log.maker.make()
    assert sizes(container) == before


def test_a_fork_is_found_by_what_was_published_where_the_database_forgets_what_was_signed(
    container: Container, superuser: Superuser
) -> None:
    changed_bytes(superuser)
    rebuilt(container)
    superuser.execute("DELETE FROM log_checkpoints")
    with pytest.raises(LogForkedError):
        container.log.maker.make()
    damage = log_verifier(container).first_damage()
    assert damage is not None
    assert damage.kind is LogDamageKind.FORKED


def test_an_old_copy_that_went_on_otherwise_is_found_and_not_signed(
    container: Container, superuser: Superuser
) -> None:
    """Restore the database of the first checkpoint, with its log and checkpoints, and go on."""
    container.past.check()  # before the change, so the service still accepts commands after it
    old, new = sizes(container)
    position = position_of(superuser, old - 1)
    superuser.execute("DELETE FROM stored_events WHERE notification_id > %s", (position,))
    superuser.execute("DELETE FROM requests WHERE position > %s", (position,))
    superuser.execute("DELETE FROM log_1 WHERE leaf >= %s", (old,))
    superuser.execute("UPDATE read_model_positions SET position = %s", (position,))
    superuser.execute("DELETE FROM log_checkpoints WHERE size = %s", (new,))
    erase(container, 2)
    container.catch_up()
    assert container.log.leaves.size() == new
    with pytest.raises(LogForkedError, match="are not those that were signed"):
        container.log.maker.make()
    damage = log_verifier(container).first_damage()
    assert damage is not None
    assert (damage.kind, damage.leaf) == (LogDamageKind.FORKED, new - 1)


def test_a_store_put_back_under_a_log_that_stayed_is_not_signed(
    container: Container, superuser: Superuser
) -> None:
    truncated(superuser)
    with pytest.raises(LogForkedError, match="is not in the store as it was logged"):
        container.log.maker.make()


def test_a_replaced_key_is_found(container: Container) -> None:
    for name in ("log.key", "log.key.pub"):
        (container.settings.data_dir / name).unlink()
    container.log.notary.make_key()
    damage = log_verifier(container).first_damage()
    assert damage is not None
    assert (damage.kind, damage.leaf) == (LogDamageKind.UNSIGNED, sizes(container)[0] - 1)


def test_heads_that_leave_a_dossier_out_are_found(
    container: Container, superuser: Superuser
) -> None:
    """Only the holder of the key can do this. A reader of the whole log detects it."""
    last = container.log.checkpoints.last()
    assert last is not None
    checkpoint = Checkpoint.parse(last.text)
    forged = replace(checkpoint, heads=checkpoint.heads - 1)
    assert container.log.checkpoints.replace(
        checkpoint.size, last, container.log.notary.sign(forged.text)
    )
    (container.settings.data_dir / "checkpoints.txt").unlink()
    damage = log_verifier(container).first_damage()
    assert damage is not None
    assert (damage.kind, damage.leaf) == (LogDamageKind.HEADS, checkpoint.size - 1)
