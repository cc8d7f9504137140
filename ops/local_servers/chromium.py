"""A browser on this machine, for the tests of pages."""

import shutil
from pathlib import Path

from ops.local_servers.errors import ServerMissing

PACKAGES = ("chromium", "fonts-noto-core")
"""The browser, and a font with all Vietnamese letters."""

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def browser() -> Path:
    """Return the program to start.

    Raises:
        ServerMissing: there is none.

    """
    if found := next(filter(None, map(shutil.which, _NAMES)), None):
        return Path(found)
    message = "Chromium is not here; `make servers` or apt-get install chromium"
    raise ServerMissing(message)
