"""A kiosk in a housing estate, at night."""

from loadtests.users.messages import intake
from loadtests.users.simulated_user import SimulatedUser


class Kiosk(SimulatedUser):
    """Submits a dossier without a clerk, prints the slip, and shows its status."""

    role = "kiosk"

    def visit(self) -> None:
        applied = intake(self.chance, self.load_test.procedures)
        self.think()
        handed = self.tell("/v1/dossiers", "hand in", {"step": "submitted", **applied})
        self.state.file(handed.code)
        self.state.handed_in.append((handed.code, applied))
        self.think()
        path = f"/v1/lookup/{handed.code}?after={handed.position}"
        shown = self.look(path, "show its status", role="")
        if shown["code"] != handed.code:
            self.missed("show its status", "another dossier was shown")
