"""An agent point of a partner: a post office, a phone shop."""

from urllib.parse import quote

from loadtests.users.messages import intake, stamped
from loadtests.users.simulated_user import SimulatedUser

_LINE_DROPS = 0.1


class AgentPoint(SimulatedUser):
    """Takes dossiers in over an unreliable line, and looks them up for the citizen."""

    role = "agent"

    def visit(self) -> None:
        message = stamped(intake(self.chance, self.load_test.procedures, agent=True))
        self.think()
        taken = self.tell("/v1/dossiers", "take in", message)
        if self.chance.random() < _LINE_DROPS:
            again = self.tell("/v1/dossiers", "take in again", message)
            if again != taken:
                self.missed("take in again", "the same message was stored as another")
        self.state.file(taken.code)
        self.state.taken_in.append(taken.code)
        self.think()
        path = f"/v1/dossiers/{quote(taken.code)}?after={taken.position}"
        shown = self.look(path, "follow the dossier")
        if shown["version"] < taken.version:
            self.missed("follow the dossier", "what was filed was not found")
