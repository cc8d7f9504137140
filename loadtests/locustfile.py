"""Names the journeys. The profile decides which of them run, with how many users and when.

`python -m loadtests` starts it. To start it by hand, set LOADTEST_PROFILE (a name or a file),
LOADTEST_CREDENTIALS (a file with the output of `tracker demo`) and LOADTEST_RESULTS (a directory).
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import locust.stats
from locust import LoadTestShape, TaskSet, events
from locust.contrib.fasthttp import FastResponse

from loadtests.journeys.agent_point import AgentPoint
from loadtests.journeys.auditor import Auditor
from loadtests.journeys.branch_clerk import BranchClerk
from loadtests.journeys.carrier import Carrier
from loadtests.journeys.citizen import Citizen
from loadtests.journeys.code_guesser import CodeGuesser
from loadtests.journeys.collaborator import Collaborator
from loadtests.journeys.kiosk import Kiosk
from loadtests.journeys.life_cycle import LifeCycle
from loadtests.journeys.manager import Manager
from loadtests.journeys.officer import Officer
from loadtests.profile import load
from loadtests.results.recorder import Recorder, Request
from loadtests.users.credentials import read_credentials
from loadtests.users.messages import Procedures
from loadtests.users.shared_state import SharedState
from loadtests.users.simulated_user import TestContext, enter

JOURNEYS = (
    AgentPoint,
    Auditor,
    BranchClerk,
    Carrier,
    Citizen,
    CodeGuesser,
    Collaborator,
    Kiosk,
    LifeCycle,
    Manager,
    Officer,
)

locust.stats.PERCENTILES_TO_CHART = [0.5, 0.95, 0.99]
locust.stats.HISTORY_STATS_INTERVAL_SEC = 1  # a point of the report's curves

profile = load(os.environ["LOADTEST_PROFILE"])
credentials = read_credentials(Path(os.environ["LOADTEST_CREDENTIALS"]))
recorder = Recorder(Path(os.environ["LOADTEST_RESULTS"]))
context = TestContext(
    profile,
    credentials,
    Procedures(credentials.deciding_office, datetime.now(UTC).date()),
    recorder,
    SharedState(receipts=list(credentials.codes)),
)
enter(JOURNEYS, context)


class AllDay(LoadTestShape):
    """All users are there from start to end; the load curve decides how often they visit."""

    def tick(self) -> tuple[int, float] | None:
        """Return the number of users, and how many of them may start in a second."""
        if self.get_run_time() > profile.seconds:  # type: ignore[no-untyped-call]
            return None
        return profile.people, float(profile.people)


began_at = 0.0


def _begin(**_: object) -> None:
    global began_at  # noqa: PLW0603  locust's listeners are functions of the module
    began_at = time.time()


def _note_request(
    name: str,
    response_time: float,
    exception: Exception | None,
    response: FastResponse | None = None,
    start_time: float | None = None,
    **_: object,
) -> None:
    who, _separator, what = name.partition(": ")
    began_s = (start_time or time.time()) - began_at
    status = (response.status_code or 0) if response is not None else 0
    fault = str(exception) if exception else ""
    recorder.requested(Request(began_s, who, what, response_time, status, fault))


def _end(**_: object) -> None:
    recorder.close()


def _note_breakdown(user_instance: TaskSet, exception: Exception, **_: object) -> None:
    fault = f"the journey itself broke: {exception!r}"
    who = user_instance.user.__module__.rpartition(".")[2]
    recorder.requested(Request(time.time() - began_at, who, "visit", 0.0, 0, fault))


events.test_start.add_listener(_begin)
events.request.add_listener(_note_request)
events.quit.add_listener(_end)
events.user_error.add_listener(_note_breakdown)
