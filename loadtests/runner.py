"""Runs a profile on a running stack, and verifies that everything acknowledged is stored."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.locust_process import LOG, run_locust
from loadtests.profile import Profile
from loadtests.results import report
from loadtests.results.objectives import missed
from loadtests.results.processor_time import Spent
from loadtests.results.recorder import RecordedCommands, Request, read_learnt, read_requests
from ops.reading_back import (
    NONE,
    Message,
    events_topic,
    faults_of_store,
    faults_of_topic,
    records,
    requests,
    stored,
)
from ops.stack import Stack

_PUBLISHED_WITHIN_S = 60


@dataclass(frozen=True)
class ProfileResult:
    """The result of a profile: every request, the processor time, and the missed objectives."""

    asked: Sequence[Request] = ()
    spent: Spent | None = None
    faults: list[str] = field(default_factory=list)


def visit(
    stack: Stack, name: str, profile: Profile, credentials: Path, results: Path
) -> ProfileResult:
    """Run the users of a profile and print the report."""
    print(
        f"\n{name}: {profile.what} {profile.people} people, {profile.seconds:.0f} s …", flush=True
    )
    before = Spent.until_now(stack.pids)
    locust = run_locust(name, host=stack.address, credentials=credentials, results=results)
    if ended := stack.ended():
        return ProfileResult(faults=[f"{name}: {', '.join(ended)} ended under the load"])
    if locust:
        return ProfileResult(
            faults=[f"{name}: locust ended with {locust}; {results / LOG} says why"]
        )
    spent = Spent.until_now(stack.pids).since(before)
    asked = read_requests(results)
    report.journeys(profile, asked)
    report.spikes(profile, asked)
    report.processor(spent, asked)
    report.guesses(asked, read_learnt(results))
    return ProfileResult(asked, spent, [f"{name}: {one}" for one in missed(profile, asked)])


@dataclass(frozen=True)
class StartState:
    """The requests in the store before the load; the positions `without` are ignored."""

    sent: set[Message]
    without: range

    @classmethod
    def of(cls, stack: Stack, *, without: range = NONE) -> "StartState":
        """Read the requests of this stack."""
        return cls({event.sent_as() for event in stored(stack.store_url, without=without)}, without)


def read_back(stack: Stack, results: Sequence[Path], before: StartState) -> list[str]:
    """Compare the store and the topic with everything that was acknowledged."""
    recorded = RecordedCommands.read(results)
    events = stored(stack.store_url, without=before.without)
    known = requests(stack.store_url, without=before.without)
    asked = [row for row in known if row[:2] not in before.sent]
    end = time.monotonic() + _PUBLISHED_WITHIN_S
    while len(found := _published(stack, before)) < len(events):
        if time.monotonic() > end:
            break
        time.sleep(1)
    faults = [
        *recorded.faults,
        *faults_of_store(
            events,
            asked,
            recorded.acknowledged.values(),
            unanswered=recorded.unanswered | before.sent,
        ),
        *faults_of_topic(events, found),
    ]
    report.checked(recorded, len(events), len(found), well=not faults)
    return faults


def _published(stack: Stack, before: StartState) -> list[Any]:
    return records(stack.kafka_servers, events_topic(stack.kafka_servers), without=before.without)
