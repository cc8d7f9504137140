"""A clerk at a branch's counter in the morning peak."""

from urllib.parse import quote

from loadtests.users.messages import intake
from loadtests.users.simulated_user import SimulatedUser


class BranchClerk(SimulatedUser):
    """Serves the next person: hands out a result, takes missing papers, or takes a dossier in."""

    role = "staff"

    def visit(self) -> None:
        if self.state.to_collect:
            self.step(self.state.to_collect.popleft(), "hand over the result", "collected")
            self.think()
        if self.state.wanting_papers:
            self._take_papers(self.state.wanting_papers.popleft())
        if self.state.handed_in:
            self._take_in_from_the_kiosk()
        else:
            self._take_in()

    def _take_in(self) -> None:
        self.think()
        taken = self.tell("/v1/dossiers", "take in", intake(self.chance, self.load_test.procedures))
        self.think()
        path = f"/v1/dossiers/{quote(taken.code)}/deadline?after={taken.position}"
        self.look(path, "print the receipt")
        self.state.file(taken.code)
        self.state.taken_in.append(taken.code)

    def _take_in_from_the_kiosk(self) -> None:
        code, applied = self.state.handed_in.popleft()
        self.look(f"/v1/dossiers/{quote(code)}", "open what was handed in")
        self.think()
        taken = self.step(code, "take in from the kiosk", "received", **applied)
        self.state.taken_in.append(taken.code)

    def _take_papers(self, code: str) -> None:
        shown = self.look(f"/v1/dossiers/{quote(code)}", "open a dossier")
        if "supplement_received" not in shown["next_steps"]:
            self.missed("open a dossier", "papers were asked, and may not be brought")
        self.think()
        self.step(code, "take missing papers", "supplement_received")
        self.state.taken_in.append(code)
