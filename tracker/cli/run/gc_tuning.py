"""Lets Python look for garbage seldom while a program handles very many objects."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_COLLECT_AFTER = 100_000
"""So many more objects made than let go of: two batches of events in hand are no garbage."""


@contextmanager
def less_frequent_gc() -> Iterator[None]:
    """Leave what is there now out of every collection meanwhile, and have fewer of them.

    What is made for a request or an event goes by itself. Looking through it for circles, time and
    again, costs a projection that catches up more than reading the events does.
    """
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
