"""A collaborator whose tablet comes back with 200 events after two days without a network."""

import json
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from locust.exception import RescheduleTask

from loadtests.users.messages import Message, intake, stamped
from loadtests.users.simulated_user import NDJSON, SimulatedUser
from ops.reading_back import Acknowledged

_DOSSIERS, _STEPS_LATER = 120, 80
_PORTION = 60
_SENT_AGAIN = 6
_GIVEN_A_SLIP = 0.3
_AWAY = timedelta(days=2)
_MOST_ROUNDS = 40


class Collaborator(SimulatedUser):
    """Leases codes, works offline, and sends all events in portions: late, shuffled, some twice."""

    role = "collaborator"

    def visit(self) -> None:
        block = self._lease()
        back = datetime.now(UTC)
        outbox = self._two_days_of_work(block["codes"], back - _AWAY, back)
        self.chance.shuffle(outbox)
        source = self.load_test.credentials.actors[self.role].source
        for message in outbox:
            self.load_test.recorder.sent(source, message["event_id"])
        known: dict[str, Acknowledged] = {}
        sent: list[Message] = []
        for _ in range(_MOST_ROUNDS):
            if not outbox:
                break
            portion, outbox = outbox[:_PORTION], outbox[_PORTION:]
            again = self.chance.sample(sent, min(_SENT_AGAIN, len(sent)))
            outbox += self._send([*portion, *again], known)
            sent += [one for one in portion if one["event_id"] in known]
            self.think()
        if outbox:
            self.missed("send what was done", f"{len(outbox)} messages were never accepted")
        self.state.taken_in.extend(one.code for one in known.values() if one.version == 1)
        self._give_back_what_is_left(block)

    def _lease(self) -> dict[str, Any]:
        body = json.dumps({"size": _DOSSIERS + 5})
        answer = self.ask("/v1/code-blocks", "lease codes", fine=(HTTPStatus.CREATED,), body=body)
        if answer.status != HTTPStatus.CREATED:
            raise RescheduleTask
        block: dict[str, Any] = answer.body
        return block

    def _two_days_of_work(self, codes: list[str], first: datetime, back: datetime) -> list[Message]:
        dossiers = [
            stamped(
                {**intake(self.chance, self.load_test.procedures), "code": code, **self._slip(at)},
                at,
            )
            for code in codes[:_DOSSIERS]
            for at in [first + (back - first) * self.chance.uniform(0, 0.8)]
        ]
        steps = [
            stamped(
                {"step": "fee_paid", "code": code, "amount": 10_000, "reference": f"VD-{number}"},
                back - timedelta(minutes=self.chance.uniform(1, 300)),
            )
            for number, code in enumerate(codes[:_STEPS_LATER])
        ]
        return [*dossiers, *steps]

    def _slip(self, at: datetime) -> Message:
        """Some citizens got a slip with a date, which is then the promised date."""
        due = at + timedelta(days=5)
        return {"promised_at": due.isoformat()} if self.chance.random() < _GIVEN_A_SLIP else {}

    def _send(self, portion: list[Message], known: dict[str, Acknowledged]) -> list[Message]:
        """Send a portion; return the commands to repeat because their dossier is unknown yet."""
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in portion)
        answer = self.ask("/v1/dossiers:batch", "send what was done", body=lines, media_type=NDJSON)
        if answer.status != HTTPStatus.OK:
            time.sleep(answer.retry_after_s)
            return [one for one in portion if one["event_id"] not in known]
        left = []
        for message, item in zip(portion, answer.body["items"], strict=True):
            if item["outcome"] == "rejected":
                kind = item["problem"]["type"]
                if kind != "/problems/unknown-dossier" or "step" not in message:
                    self.missed("send what was done", f"rejected: {kind}")
                else:
                    left.append(message)
            else:
                self._remember(message, item, known)
        return left

    def _remember(
        self, message: Message, item: dict[str, Any], known: dict[str, Acknowledged]
    ) -> None:
        source = self.load_test.credentials.actors[self.role].source
        one = self.acknowledged(source, message, item["stored"])
        before = known.setdefault(one.event_id, one)
        if before != one:
            self.missed("send what was done", "the same message was stored as another")
        if "procedure" in message and before is one:
            self.state.file(one.code)

    def _give_back_what_is_left(self, block: dict[str, Any]) -> None:
        numbers = list(range(block["first"] + _DOSSIERS, block["last"] + 1))
        self.ask(
            f"/v1/code-blocks/{block['id']}/unused",
            "give codes back",
            body=json.dumps({"numbers": numbers}),
        )
