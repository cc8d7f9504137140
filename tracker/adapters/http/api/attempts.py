"""The cost of an attempt with the digits of a phone, which is paid before they are compared."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from fastapi.concurrency import run_in_threadpool

from tracker.adapters.http.auth.authentication import uniform_refusal_time
from tracker.adapters.http.rate_limits import Limits, Rush, TooOftenError, network_of, networks_of
from tracker.application.queries.citizen_access import NotYoursError
from tracker.application.queries.guessing import Guard, Try

_MOST_WAITING = 200
_MOST_WAITING_OF_A_NETWORK = 8


class AttemptCost:
    """Delays an attempt or requires a proof of work, and then compares the digits.

    The limits a minute refuse no request: above them an attempt needs a proof of work immediately.
    """

    def __init__(self, guard: Guard, limits: Limits, misses: Rush) -> None:
        """Compare with `guard`; `misses` counts the wrong attempts of all clients."""
        self._guard = guard
        self._limits = limits
        self._misses = misses
        self._waiting: Counter[str] = Counter()

    async def find(self, code: str, digits: str, address: str, proof: str = "") -> str:
        """Return the path of the page of the dossier.

        Raise `NotYoursError`, `WorkWantedError`, `WholeNumberWantedError`.
        """
        attempt = Try(
            code,
            digits,
            networks_of(address),
            proof,
            is_rush=self._misses.is_on(),
            is_rush_here=self._is_rush_from(address),
        )
        admission = await run_in_threadpool(self._guard.admit, attempt)
        network = network_of(address)
        if admission.wait_s and self._is_full(network):
            attempt = replace(attempt, is_rush_here=True)
            admission = await run_in_threadpool(self._guard.admit, attempt)
        with self._count_waiting(network):
            await asyncio.sleep(admission.wait_s)
        try:
            async with uniform_refusal_time():
                return await run_in_threadpool(self._guard.open, attempt, admission)
        except NotYoursError:
            self._misses.add()
            raise

    def _is_rush_from(self, address: str) -> bool:
        try:
            self._limits.check("", address)
        except TooOftenError:
            return True
        return False

    def _is_full(self, network: str) -> bool:
        return (
            self._waiting.total() >= _MOST_WAITING
            or self._waiting[network] >= _MOST_WAITING_OF_A_NETWORK
        )

    @contextmanager
    def _count_waiting(self, network: str) -> Iterator[None]:
        self._waiting[network] += 1
        try:
            yield
        finally:
            self._waiting -= Counter([network])
