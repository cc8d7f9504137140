import gc

pytest_plugins = ["tests.servers"]
_COLLECT_AFTER = 20_000
"""So many more objects made than let go of, instead of 700."""


def pytest_collection_finish() -> None:
    """Look for garbage seldom: what was loaded for thousands of tests is none, and is large."""
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
