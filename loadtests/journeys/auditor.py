"""An auditor who replays a dossier and the figures at an earlier moment."""

from urllib.parse import quote

from loadtests.users.simulated_user import SimulatedUser


class Auditor(SimulatedUser):
    """Reads a history, replays it at the moment of one event, and lists who has read it."""

    role = "auditor"

    def visit(self) -> None:
        code = self.state.pick_code(self.chance)
        if code is None:
            return
        path = f"/v1/dossiers/{quote(code)}"
        events = self.look(f"{path}/history", "read the history")["events"]
        if [one["version"] for one in events] != list(range(1, len(events) + 1)):
            self.missed("read the history", "its versions have a gap")
        self.think()
        then = self.chance.choice(events)
        known = quote(then["recorded_at"])
        shown = self.look(f"{path}?known_at={known}", "replay as it was known")
        if shown["version"] < then["version"]:
            self.missed("replay as it was known", "what was known then is missing")
        self.think()
        readers = self.look(f"{path}/readers", "ask who looked")["readers"]
        if self.load_test.credentials.actors[self.role].source not in {
            one["actor"] for one in readers
        }:
            self.missed("ask who looked", "the auditor's own look is not there")
        self.think()
        self.look(f"/v1/sla?known_at={known}", "recompute the figures of then")
