"""What axe, the common checker of WCAG, has against a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_AXE = Axe()


def barriers(page: Page) -> list[str]:
    """Everything that stands in somebody's way, serious or not."""
    found = _AXE.run(page).response["violations"]
    return [
        f"{one['impact']}: {one['help']}: {node['html']}" for one in found for node in one["nodes"]
    ]
