"""A kiosk in a housing estate, at night."""

from loadtests.users.messages import intake
from loadtests.users.simulated_user import SimulatedUser


class Kiosk(SimulatedUser):
    """Hands a dossier in unseen, prints the slip, and shows where it stands."""

    role = "kiosk"

    def visit(self) -> None:
        applied = intake(self.chance, self.load_test.procedures)
        self.think()
        handed = self.tell("/v1/dossiers", "hand in", {"step": "submitted", **applied})
        self.state.file(handed.code)
        self.state.handed_in.append((handed.code, applied))
        self.think()
        path = f"/v1/lookup/{handed.code}?after={handed.position}"
        told = self.look(path, "show where it stands", role="")
        if told["code"] != handed.code:
            self.missed("show where it stands", "another dossier was shown")
