"""Check the names of environment variables: an unknown TRACKER_ name is an error."""

from collections.abc import Iterable
from difflib import get_close_matches

from tracker.settings import Settings

_PREFIX = "TRACKER_"
FOR_TESTS = "TRACKER_TEST_"
"""Test variables have this prefix. The service ignores them."""


def variable(field: str) -> str:
    """Return the environment variable of this settings field."""
    return f"{_PREFIX}{field.upper()}"


def unknown_variables(names: Iterable[str]) -> list[str]:
    """Return an error line for each name that has our prefix but is not a setting."""
    known = [variable(field) for field in Settings.model_fields]
    wrong = [
        name
        for name in names
        if name.upper().startswith(_PREFIX)
        and not name.upper().startswith(FOR_TESTS)
        and name.upper() not in known
    ]
    return [f"{name} is not a setting. {_advice(name.upper(), known)}" for name in sorted(wrong)]


def _advice(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0)
    return f"Did you mean {near[0]}?"
