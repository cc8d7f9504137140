"""The life cycle of a dossier: which step may follow which, and the public status."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cache, cached_property

from tracker.domain.deadlines.time_rules import PauseKind


class PublicStatus(IntEnum):
    """The ten statuses of the national portal."""

    SUBMITTED = 1
    RECEIVED = 2
    NOT_RECEIVED = 3
    PROCESSING = 4
    PAPERS_ASKED = 5
    FEE_ASKED = 6
    WITHDRAWN = 7
    STOPPED = 8
    DECIDED = 9
    RETURNED = 10


class Stage(StrEnum):
    """The stage of a dossier, more detailed than its public status."""

    SUBMITTED = "submitted"
    RECEIVED = "received"
    REFUSED = "refused"
    PROCESSING = "processing"
    WAITING_FOR_PAPERS = "waiting_for_papers"
    WAITING_FOR_FEE = "waiting_for_fee"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"
    DECIDED = "decided"
    WITH_CARRIER = "with_carrier"
    DELIVERY_FAILED = "delivery_failed"
    BACK_AT_OFFICE = "back_at_office"
    RETURNED = "returned"


PUBLIC_STATUS: dict[Stage, PublicStatus] = {
    Stage.SUBMITTED: PublicStatus.SUBMITTED,
    Stage.RECEIVED: PublicStatus.RECEIVED,
    Stage.REFUSED: PublicStatus.NOT_RECEIVED,
    Stage.PROCESSING: PublicStatus.PROCESSING,
    Stage.WAITING_FOR_PAPERS: PublicStatus.PAPERS_ASKED,
    Stage.WAITING_FOR_FEE: PublicStatus.FEE_ASKED,
    Stage.STOPPED: PublicStatus.STOPPED,
    Stage.WITHDRAWN: PublicStatus.WITHDRAWN,
    Stage.DECIDED: PublicStatus.DECIDED,
    Stage.WITH_CARRIER: PublicStatus.DECIDED,
    Stage.DELIVERY_FAILED: PublicStatus.DECIDED,
    Stage.BACK_AT_OFFICE: PublicStatus.DECIDED,
    Stage.RETURNED: PublicStatus.RETURNED,
}


class Step(StrEnum):
    """A step of a dossier; each step is one kind of event."""

    SUBMITTED = "submitted"
    RECEIVED = "received"
    REFUSED = "refused"
    FORWARDED = "forwarded"
    PROCESSING_STARTED = "processing_started"
    INTERNAL_STEP_TAKEN = "internal_step_taken"
    SUPPLEMENT_ASKED = "supplement_asked"
    SUPPLEMENT_RECEIVED = "supplement_received"
    FEE_ASKED = "fee_asked"
    FEE_PAID = "fee_paid"
    STOPPED = "stopped"
    RESUMED = "resumed"
    WITHDRAWN = "withdrawn"
    PROMISE_EXTENDED = "promise_extended"
    DECIDED = "decided"
    HANDED_TO_CARRIER = "handed_to_carrier"
    CARRIER_SCANNED = "carrier_scanned"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    RETURNED_TO_OFFICE = "returned_to_office"
    COLLECTED = "collected"
    DELIVERED_ELECTRONICALLY = "delivered_electronically"
    RATED = "rated"
    COMPLAINED = "complained"
    CORRECTED = "corrected"
    NOTICES_AGREED = "notices_agreed"
    NOTICES_STOPPED = "notices_stopped"
    PERSONAL_DATA_ERASED = "personal_data_erased"


NEW = None
"""The stage of a dossier that does not exist yet."""

_OPEN = frozenset({Stage.RECEIVED, Stage.PROCESSING})
_PAUSED = frozenset({Stage.WAITING_FOR_PAPERS, Stage.WAITING_FOR_FEE, Stage.STOPPED})
_READY = frozenset({Stage.DECIDED, Stage.BACK_AT_OFFICE})
_OUT = frozenset({Stage.WITH_CARRIER, Stage.DELIVERY_FAILED})
_GIVEN_BACK = _READY | _OUT | {Stage.RETURNED}
_ENDED = frozenset({Stage.REFUSED, Stage.WITHDRAWN, Stage.RETURNED})
_TAKEN_IN = _OPEN | _PAUSED | _GIVEN_BACK
_ANY = frozenset(Stage)


@dataclass(frozen=True)
class Rule:
    """The rule of a step: the stages it may follow, its next stage and its effect on pauses.

    A `to` of `None` keeps the stage.
    """

    after: frozenset[Stage | None]
    to: Stage | None = None
    opens: PauseKind | None = None
    closes: frozenset[PauseKind] = frozenset()
    needs_pause: bool = False


_ALL_PAUSES = frozenset(PauseKind)

STEPS: dict[Step, Rule] = {
    Step.SUBMITTED: Rule(frozenset({NEW}), Stage.SUBMITTED),
    Step.RECEIVED: Rule(frozenset({NEW, Stage.SUBMITTED}), Stage.RECEIVED),
    Step.REFUSED: Rule(frozenset({Stage.SUBMITTED, Stage.RECEIVED}), Stage.REFUSED),
    Step.FORWARDED: Rule(_OPEN | _PAUSED),
    Step.PROCESSING_STARTED: Rule(frozenset({Stage.RECEIVED}), Stage.PROCESSING),
    Step.INTERNAL_STEP_TAKEN: Rule(_TAKEN_IN),
    Step.SUPPLEMENT_ASKED: Rule(_OPEN | _PAUSED, opens=PauseKind.SUPPLEMENT),
    Step.SUPPLEMENT_RECEIVED: Rule(
        _PAUSED, closes=frozenset({PauseKind.SUPPLEMENT}), needs_pause=True
    ),
    Step.FEE_ASKED: Rule(_OPEN | _PAUSED, opens=PauseKind.FEE),
    Step.FEE_PAID: Rule(_TAKEN_IN, closes=frozenset({PauseKind.FEE})),
    Step.STOPPED: Rule(_OPEN | _PAUSED, opens=PauseKind.STOP),
    Step.RESUMED: Rule(_PAUSED, closes=_ALL_PAUSES, needs_pause=True),
    Step.WITHDRAWN: Rule(_OPEN | _PAUSED | {Stage.SUBMITTED}, Stage.WITHDRAWN, closes=_ALL_PAUSES),
    Step.PROMISE_EXTENDED: Rule(_OPEN | _PAUSED),
    Step.DECIDED: Rule(_OPEN, Stage.DECIDED),
    Step.HANDED_TO_CARRIER: Rule(_READY | {Stage.DELIVERY_FAILED}, Stage.WITH_CARRIER),
    Step.CARRIER_SCANNED: Rule(_GIVEN_BACK),
    Step.DELIVERED: Rule(_OUT, Stage.RETURNED),
    Step.DELIVERY_FAILED: Rule(_OUT, Stage.DELIVERY_FAILED),
    Step.RETURNED_TO_OFFICE: Rule(_OUT, Stage.BACK_AT_OFFICE),
    Step.COLLECTED: Rule(_READY | {Stage.DELIVERY_FAILED}, Stage.RETURNED),
    Step.DELIVERED_ELECTRONICALLY: Rule(_READY | _OUT, Stage.RETURNED),
    Step.RATED: Rule(_ENDED),
    Step.COMPLAINED: Rule(_ANY),
    Step.CORRECTED: Rule(_ANY),
    Step.NOTICES_AGREED: Rule(_ANY),
    Step.NOTICES_STOPPED: Rule(_ANY),
    Step.PERSONAL_DATA_ERASED: Rule(_ANY),
}
"""The rule of each step."""

_CHANGES_NOTHING = Rule(frozenset())


def _rule_of(step: Step) -> Rule:
    """Return the rule of a step. A step without a rule is never allowed and changes nothing."""
    return STEPS.get(step, _CHANGES_NOTHING)


MOVES_PAUSES = frozenset(step for step, rule in STEPS.items() if rule.opens or rule.closes)
"""The steps that may open or close a pause."""

_SHOWN_PAUSES: tuple[tuple[PauseKind, Stage], ...] = (
    (PauseKind.STOP, Stage.STOPPED),
    (PauseKind.SUPPLEMENT, Stage.WAITING_FOR_PAPERS),
    (PauseKind.FEE, Stage.WAITING_FOR_FEE),
)
"""If several pauses are open at once, the first of these is displayed."""


@dataclass(frozen=True)
class Progress:
    """The progress of a dossier: its stage without pauses, and its open pauses."""

    underneath: Stage | None = NEW
    pauses: frozenset[PauseKind] = field(default_factory=frozenset)
    _next: dict[Step, "Progress"] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """A cache of the progress after each step."""

    @cached_property
    def stage(self) -> Stage | None:
        """The displayed stage; `None` before the dossier exists.

        A pause is displayed only while the dossier is open: in a partial history the end of a pause
        may be missing although the dossier has already been decided.
        """
        for kind, stage in _SHOWN_PAUSES:
            if kind in self.pauses and self.underneath in _OPEN:
                return stage
        return self.underneath

    @property
    def status(self) -> PublicStatus | None:
        """The public status; `None` before the dossier exists."""
        return PUBLIC_STATUS[self.stage] if self.stage else None

    def allows(self, step: Step) -> bool:
        """Return whether this step may come next."""
        rule = _rule_of(step)
        if rule.needs_pause and not rule.closes & self.pauses:
            return False
        return self.stage in rule.after

    def allowed(self) -> tuple[Step, ...]:
        """Return every step that may come next, in the order of the table."""
        return tuple(step for step in STEPS if self.allows(step))

    def after(self, step: Step) -> "Progress":
        """Return the progress after this step, without checking whether it is allowed."""
        following = self._next.get(step)
        if following is None:
            rule = _rule_of(step)
            opened = {rule.opens} if rule.opens else frozenset[PauseKind]()
            pauses = (self.pauses - rule.closes) | opened
            following = self._next[step] = _progress(rule.to or self.underneath, pauses)
        return following


@cache  # all dossiers with the same progress share one object and its cache of next steps
def _progress(underneath: Stage | None, pauses: frozenset[PauseKind]) -> Progress:
    return Progress(underneath, pauses)
