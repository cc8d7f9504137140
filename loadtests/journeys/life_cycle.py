"""A dossier's whole life, one step after the other: intake, start, decide, return, look-up."""

from urllib.parse import quote

from loadtests.users.messages import intake
from loadtests.users.simulated_user import SimulatedUser

_RETURNED = 10


class LifeCycle(SimulatedUser):
    """The measure that other systems publish: life cycles a second."""

    role = "staff"

    def visit(self) -> None:
        applied = intake(self.chance, self.load_test.procedures, way="collect")
        taken = self.tell("/v1/dossiers", "intake", applied)
        self.step(taken.code, "start", "processing_started", role="officer")
        self.step(taken.code, "decide", "decided", role="officer", outcome="granted")
        returned = self.step(taken.code, "return", "collected")
        if returned.status != _RETURNED:
            self.missed("return", "it is not shown as returned")
        self.look(f"/v1/lookup/{quote(taken.code)}?after={taken.position}", "look-up", role="")
