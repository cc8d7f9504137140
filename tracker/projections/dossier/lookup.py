"""The answer to a code alone: what anybody who holds a slip, or guesses a code, may know."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tracker.domain.dossier.clock import is_kept
from tracker.domain.dossier.lifecycle import PublicStatus
from tracker.projections.dossier.status import StatusRow

_TO_DO = frozenset({PublicStatus.PAPERS_ASKED, PublicStatus.FEE_ASKED})
_NOTHING_DUE = frozenset({PublicStatus.NOT_RECEIVED, PublicStatus.WITHDRAWN})


class Facts(NamedTuple):
    """What of a dossier's status the answer to its code is made of."""

    code: str
    status: int
    received_at_office: str
    promised_at: datetime | None
    paused_at: datetime | None
    finished_at: datetime | None


class Found(NamedTuple):
    """What is known of each code asked for, in that order, all of one moment.

    `position`: of the newest event in it; `head`: of the newest stored then, where it was read too.
    """

    position: int
    head: int | None
    rows: Sequence[Facts | StatusRow | None]


class PublicAnswer(NamedTuple):
    """Tier 0, by allow-list: a field that is not here is told to nobody.

    `on_time` is `None` where nothing was promised, or nothing is due any more; `to_do` tells that
    the citizen has something to do, not what. `phone` is the office's.
    """

    code: str
    status: PublicStatus
    promised_at: datetime | None
    on_time: bool | None
    to_do: bool
    phone: str


def public_answer(row: Facts | StatusRow, *, phone: str, now: datetime) -> PublicAnswer:
    """Tell of a dossier what its code alone may reveal."""
    status = PublicStatus(row.status)
    promised_at = None if status in _NOTHING_DUE else row.promised_at
    return PublicAnswer(
        code=row.code,
        status=status,
        promised_at=row.promised_at,
        on_time=None
        if promised_at is None
        else is_kept(promised_at, finished_at=row.finished_at, paused_at=row.paused_at, now=now),
        to_do=status in _TO_DO,
        phone=phone,
    )
