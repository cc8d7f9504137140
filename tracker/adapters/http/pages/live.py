"""Live updates: notify open pages by server-sent events when their dossier changes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from fastapi.concurrency import run_in_threadpool

from tracker.adapters.http.rate_limits import TooOftenError, network_of
from tracker.application.commands.handler import StoreUnavailableError
from tracker.projections.dossier.status import StatusRow

STREAM = "text/event-stream"
IsNew = Callable[[StatusRow], bool]

_POLL_S = 1.0
_HEARTBEAT_S = 15.0
_HEARTBEATS = 40
_RETRY_S = 60
_MOST_PER_NETWORK = 20


class Rows(Protocol):
    """Reads the status of dossiers."""

    def rows(self, codes: Sequence[str]) -> Mapping[str, StatusRow]:
        """Return the status rows by code, without codes that have no dossier."""


class _Watcher:
    def __init__(self, code: str, is_new: IsNew) -> None:
        self.code = code
        self.is_new = is_new
        self.changed = asyncio.Event()


class Live:
    """Watches for all open pages: polls the position every second, and reads rows if it changed."""

    def __init__(
        self,
        look_up: Rows,
        position: Callable[[], int],
        *,
        most: int,
        is_ending: Callable[[], bool],
    ) -> None:
        """Watch this look-up for at most `most` pages, until the service ends."""
        self._look_up = look_up
        self._position = position
        self._most = most
        self._is_ending = is_ending
        self._watchers: set[_Watcher] = set()
        self._networks: Counter[str] = Counter()
        self._seen: int | None = None
        self._task: asyncio.Task[None] | None = None

    def follow(self, code: str, is_new: IsNew, address: str) -> AsyncIterator[str]:
        """Return the event stream of a page, up to its first change. Raise `TooOftenError`."""
        network = network_of(address)
        if len(self._watchers) >= self._most or self._networks[network] >= _MOST_PER_NETWORK:
            raise TooOftenError(_RETRY_S)
        return self._stream(_Watcher(code, is_new), network)

    async def _stream(self, watcher: _Watcher, network: str) -> AsyncIterator[str]:
        with self._watching(watcher, network):
            yield f"retry: {_RETRY_S * 1000}\n\n"
            for _ in range(_HEARTBEATS):
                try:
                    await asyncio.wait_for(watcher.changed.wait(), _HEARTBEAT_S)
                except TimeoutError:
                    yield ": \n\n"
                    continue
                if not self._is_ending():
                    yield "event: changed\ndata: 1\n\n"
                return

    @contextmanager
    def _watching(self, watcher: _Watcher, network: str) -> Iterator[None]:
        self._watchers.add(watcher)
        self._seen = None  # an event may be stored between the page and its stream
        self._networks[network] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            self._watchers.discard(watcher)
            self._networks -= Counter([network])

    async def _watch(self) -> None:
        while self._watchers:
            await asyncio.sleep(_POLL_S)
            if self._is_ending():
                for watcher in self._watchers:
                    watcher.changed.set()
                return
            with suppress(StoreUnavailableError):  # the next round retries
                position = await run_in_threadpool(self._position)
                if position != self._seen:
                    self._seen = position
                    await self._look(list(self._watchers))

    async def _look(self, watchers: list[_Watcher]) -> None:
        rows = await run_in_threadpool(self._look_up.rows, [watcher.code for watcher in watchers])
        for watcher in watchers:
            row = rows.get(watcher.code)
            if row and watcher.is_new(row):
                watcher.changed.set()
