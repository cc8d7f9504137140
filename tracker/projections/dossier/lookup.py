"""The public answer to a code: all that a person may learn who has a slip or guesses a code."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tracker.domain.dossier.clock import is_kept
from tracker.domain.dossier.lifecycle import PublicStatus
from tracker.projections.dossier.status import StatusRow

_TO_DO = frozenset({PublicStatus.PAPERS_ASKED, PublicStatus.FEE_ASKED})
_NOTHING_DUE = frozenset({PublicStatus.NOT_RECEIVED, PublicStatus.WITHDRAWN})


class LookUpRow(NamedTuple):
    """The fields of a dossier's status from which the public answer is built."""

    code: str
    status: int
    received_at_office: str
    promised_at: datetime | None
    paused_at: datetime | None
    finished_at: datetime | None


class LookUpResult(NamedTuple):
    """The result of a look-up: one row a code in the same order, all of one moment.

    `position` is the newest event in the rows. `head` is the newest event in the store at that
    moment, or `None` if it was not read.
    """

    position: int
    head: int | None
    rows: Sequence[LookUpRow | StatusRow | None]


class PublicAnswer(NamedTuple):
    """The public fields. Any field that is not listed here stays private.

    `on_time` is `None` if nothing was promised or nothing is due any more. `to_do` is true if the
    citizen must act, without saying how. `phone` is the office's number.
    """

    code: str
    status: PublicStatus
    promised_at: datetime | None
    on_time: bool | None
    to_do: bool
    phone: str


def public_answer(row: LookUpRow | StatusRow, *, phone: str, now: datetime) -> PublicAnswer:
    """Return what the code of a dossier alone may reveal."""
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
