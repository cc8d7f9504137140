"""An officer of the deciding office; without one no other journey can finish."""

import json
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote

from locust.exception import RescheduleTask

from loadtests.users.messages import parcel_number, stamped
from loadtests.users.shared_state import Parcel
from loadtests.users.simulated_user import SimulatedUser

_PAPERS_MISSING = 0.15
_ACTED_ON_TOGETHER = 0.1


class Officer(SimulatedUser):
    """Takes the dossier that has waited longest, works on it, decides, and returns the result."""

    role = "officer"

    def visit(self) -> None:
        if not self.state.taken_in:
            return
        code = self.state.taken_in.popleft()
        shown = self.look(f"/v1/dossiers/{quote(code)}", "open a dossier")
        self.think()
        if "processing_started" in shown["next_steps"]:
            started = self.step(
                code,
                "start",
                "processing_started",
                headers={"If-Match": f'"{shown["version"]}"'},
            )
            self._be_told_of_a_conflict(code, shown["version"], started.version)
            self.think()
            if self.chance.random() < _PAPERS_MISSING:
                self._ask_papers(code)
                return
        self.step(code, "decide", "decided", outcome="granted", document="QĐ-VD/2026")
        self.think()
        self._give_back(code, shown["way_of_return"])

    def _be_told_of_a_conflict(self, code: str, believed: int, current: int) -> None:
        """Let a colleague act on the old version: exactly one of the two may succeed."""
        if self.chance.random() > _ACTED_ON_TOGETHER:
            return
        path = f"/v1/dossiers/{quote(code)}/events"
        answer = self.ask(
            path,
            "act on an old version",
            fine=(HTTPStatus.CONFLICT,),
            body=json.dumps(stamped({"step": "complained", "text": "Chờ quá lâu (ví dụ)."})),
            headers={"If-Match": f'"{believed}"'},
        )
        if answer.status != HTTPStatus.CONFLICT or answer.body["current_version"] != current:
            raise RescheduleTask

    def _ask_papers(self, code: str) -> None:
        self.step(
            code,
            "ask papers",
            "supplement_asked",
            reason="Thiếu bản sao giấy tờ tùy thân của người được ủy quyền (ví dụ).",
            basis="Nghị định 118/2025/NĐ-CP",
            papers=[{"name": "Bản sao giấy tờ tùy thân", "form": "copy", "quantity": 1}],
        )
        self.state.wanting_papers.append(code)

    def _give_back(self, code: str, way: str) -> None:
        if way == "electronic":
            self.step(code, "give back by the portal", "delivered_electronically")
        elif way == "collect":
            self.state.to_collect.append(code)
        else:
            number, now = parcel_number(self.chance), datetime.now(UTC)
            carrier = self.load_test.credentials.actors["carrier"].at
            self.step(code, "give to the post", "handed_to_carrier", carrier=carrier, number=number)
            self.state.parcels.append(Parcel(code, number, now))
