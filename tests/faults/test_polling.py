"""We use no NOTIFY: what another process stored is found by looking."""

import time

import psycopg
import pytest

from tests.faults.clients import Client, Load
from tests.faults.invariants import check, published
from tests.faults.machine_room import MachineRoom, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.system]
WITHIN_S = 10.0


def test_what_another_process_stored_is_relayed_and_projected_by_polling_alone(
    room: MachineRoom,
) -> None:
    load = Load()
    client = Client(room.port, room.keys, load)
    client.take_in()
    wait_for(lambda: len(published(room.kafka.bootstrap_servers)) == 1, "the first is relayed")
    for _ in range(5):
        time.sleep(0.5)
        one = client.take_in()
        stored_at = time.monotonic()

        def is_shown(code: str = one.code) -> bool:
            return client.ask("GET", f"/v1/lookup/{code}")[0] == 200

        wait_for(is_shown, "it is shown", seconds=30)
        assert time.monotonic() - stored_at < WITHIN_S
    with psycopg.connect(room.postgres.url) as connection:
        listening = connection.execute(
            "SELECT query FROM pg_stat_activity WHERE query ILIKE '%listen%' AND pid <>"
            " pg_backend_pid()"
        ).fetchall()
    assert listening == []
    client.close()
    check(room, load.acknowledged)
