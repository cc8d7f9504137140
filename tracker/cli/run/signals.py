"""Ends a long-running command in good order when the machine or a person says so."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STOPS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM or Ctrl-C meanwhile; the process then ends by itself, with 0."""
    before = {one: signal.signal(one, lambda *_: stop()) for one in _STOPS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
