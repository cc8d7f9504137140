"""A cache of limited size that drops the least recently used value."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class RecentItems(Generic[V]):
    """The `limit` most recently used values by key."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` values."""
        self._limit = limit
        self._values: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        """Return the value, or `None` if it is not cached."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: str, value: V) -> None:
        """Store a value."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)
