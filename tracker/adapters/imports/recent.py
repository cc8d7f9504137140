"""A memory that forgets what was not asked for in a long time, so that it stays small."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class RecentItems(Generic[V]):
    """The last `limit` values by their keys."""

    def __init__(self, limit: int) -> None:
        """Remember no more than this many."""
        self._limit = limit
        self._values: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        """Return the value, if it is still known."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: str, value: V) -> None:
        """Remember a value."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)
