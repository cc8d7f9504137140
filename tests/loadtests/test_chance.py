"""What is made up: who is asked for, how codes are mistyped, and what is sent."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from loadtests.users.messages import Procedures, intake, parcel_number, scans, stamped
from loadtests.users.typing_errors import mistyped, written_freely
from loadtests.users.zipf import ByRecency
from tracker.application.commands.registry import read_command
from tracker.domain.dossier.codes import tidied
from tracker.domain.dossier.postal import is_s10

TODAY = date(2026, 11, 24)
CODE = "H26.01-261124-0042"


def test_the_newest_is_asked_for_most_and_the_oldest_now_and_then() -> None:
    chance, by_recency = Random(1), ByRecency(1.0)
    for few in (range(1), range(3)):
        assert by_recency.pick(few, chance) in few
    picked = Counter(by_recency.pick(range(100), chance) for _ in range(20_000))
    assert set(picked) == set(range(100))
    share = 1 / sum(1 / rank for rank in range(1, 101))
    assert [picked[99], picked[98], picked[89]] == pytest.approx(
        [20_000 * share, 20_000 * share / 2, 20_000 * share / 10], rel=0.15
    )


def test_a_code_written_freely_is_the_same_and_a_mistyped_one_is_not() -> None:
    chance = Random(1)
    freely = {written_freely(CODE, chance) for _ in range(100)}
    assert len(freely) == 4
    assert {tidied(one) for one in freely} == {CODE}
    wrong = {mistyped(CODE, chance) for _ in range(300)}
    assert len(wrong) > 50
    assert CODE not in wrong


def test_what_is_sent_is_what_the_service_reads() -> None:
    chance = Random(1)
    procedures = Procedures("UBND-HOANKIEM", TODAY)
    assert procedures.open_to_agents
    for agent in (True, False):
        message = stamped(intake(chance, procedures, agent=agent))
        assert read_command(message).event_id == message["event_id"]
        assert 500 < len(json.dumps(message)) < 2_000
        assert not agent or message["procedure"] in procedures.open_to_agents
    now = datetime(2026, 11, 24, 3, tzinfo=UTC)
    way = scans(parcel_number(chance), now - timedelta(seconds=9), now)
    times = [read_command(one).occurred_at for one in way]
    assert sorted(times) == times
    assert times[-1] < now
    assert [way[0]["scan"], way[-1]["scan"]] == ["EMA", "EMI"]


def test_a_procedure_that_is_closed_is_not_applied_for() -> None:
    assert "1.004194" in Procedures("CA-HANOI", date(2026, 6, 30)).all
    assert "1.004194" not in Procedures("CA-HANOI", TODAY).all
    assert "1.004194" in Procedures("CA-HANOI", date(2025, 12, 1)).open_to_agents
    assert "1.004194" not in Procedures("CA-HANOI", date(2025, 12, 2)).open_to_agents


def test_parcels_bear_valid_numbers() -> None:
    chance = Random(1)
    assert all(is_s10(parcel_number(chance)) for _ in range(200))
