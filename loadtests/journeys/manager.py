"""A manager who reads the figures and breaks them down."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from loadtests.users.simulated_user import SimulatedUser

_BY = ("channel", "office", "received_at", "helped_at", "partner", "procedure")


class Manager(SimulatedUser):
    """Asks for the total, then for one breakdown of the last month."""

    role = "manager"

    def visit(self) -> None:
        self.look("/v1/sla", "see the figures")
        self.think()
        since = quote((datetime.now(UTC) - timedelta(days=30)).isoformat())
        by = self.chance.choice(_BY)
        shown = self.look(f"/v1/sla?by={by}&since={since}", "break the figures down")
        received = sum(group["received"] for group in shown["groups"].values())
        if received != shown["total"]["received"]:
            self.missed("break the figures down", "the groups do not add up to the total")
