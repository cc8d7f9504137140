"""Citizens who look dossiers up, mostly new ones, sometimes with a typing error."""

from http import HTTPStatus
from urllib.parse import quote

from loadtests.users.simulated_user import SimulatedUser
from loadtests.users.typing_errors import mistyped, written_freely

_ON_THE_PAGE = 0.5
_MISTYPED = 0.05


class Citizen(SimulatedUser):
    """Looks a dossier up on the page or by an app, and tries again after a typing error."""

    def visit(self) -> None:
        code = self.state.pick_code(self.chance)
        if code is None:
            return
        if self.chance.random() < _MISTYPED:
            wrong = mistyped(code, self.chance)
            self.ask(
                f"/v1/lookup/{quote(wrong)}",
                "look up a mistyped code",
                fine=(HTTPStatus.OK, HTTPStatus.NOT_FOUND),
            )
            self.think()
        typed = quote(written_freely(code, self.chance))
        if self.chance.random() < _ON_THE_PAGE:
            page = self.look(f"/?code={typed}", "look up on the page")
            if code not in page:
                self.missed("look up on the page", "the dossier was not shown")
        else:
            shown = self.look(f"/v1/lookup/{typed}", "look up by the app")
            if shown["code"] != code:
                self.missed("look up by the app", "another dossier was shown")
