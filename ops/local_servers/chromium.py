"""A browser on this machine, for the tests that look at pages as people do."""

import shutil
from pathlib import Path

from ops.local_servers.errors import ServerMissing

PACKAGES = ("chromium", "fonts-noto-core")
"""The browser, and letters for every Vietnamese word."""

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def browser() -> Path:
    """The program to start.

    Raises:
        ServerMissing: there is none.

    """
    if found := next(filter(None, map(shutil.which, _NAMES)), None):
        return Path(found)
    message = "Chromium is not here; `make servers` or apt-get install chromium"
    raise ServerMissing(message)
