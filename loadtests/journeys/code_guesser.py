"""Someone who tries all codes of the day from one address. Codes have no check digit."""

from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from loadtests.users.own_address import LOOPBACK
from loadtests.users.simulated_user import SimulatedUser

_HERE = ZoneInfo("Asia/Ho_Chi_Minh")
_BRANCHES = 12
_MOST = 400
_AT_ONCE = 20


class CodeGuesser(SimulatedUser):
    """Guesses as fast as answers come, and records what each hit discloses."""

    def address(self) -> str:
        return LOOPBACK

    def visit(self) -> None:
        for _ in range(_AT_ONCE):
            self._guess()

    def _guess(self) -> None:
        branch, number = self.chance.randint(1, _BRANCHES), self.chance.randint(1, _MOST)
        code = f"H26.{branch:02d}-{datetime.now(_HERE):%y%m%d}-{number:04d}"
        answer = self.ask(
            f"/v1/lookup/{code}",
            "guess",
            fine=(HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS),
        )
        if answer.status == HTTPStatus.OK:
            self.load_test.recorder.learnt(answer.body)
