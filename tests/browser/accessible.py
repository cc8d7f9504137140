"""Checks a page with axe, a checker for WCAG."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_AXE = Axe()


def barriers(page: Page) -> list[str]:
    """Return all accessibility violations of a page, of any severity."""
    violations = _AXE.run(page).response["violations"]
    return [
        f"{violation['impact']}: {violation['help']}: {node['html']}"
        for violation in violations
        for node in violation["nodes"]
    ]
