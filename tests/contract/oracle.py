"""An independent count of the figures in plain Python, without code of the service."""

from dataclasses import dataclass, field
from datetime import datetime

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.events.processing import Forwarded, PromiseExtended
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import Correctable
from tracker.projections.figures.figures import Counts, GroupBy, PromiseCounts, Question
from tracker.projections.figures.ratings import Ratings

OPENS = {
    Step.SUPPLEMENT_ASKED: "papers",
    Step.FEE_ASKED: "fee",
    Step.STOPPED: "stop",
}
CLOSES = {
    Step.SUPPLEMENT_RECEIVED: {"papers"},
    Step.FEE_PAID: {"fee"},
    Step.RESUMED: {"papers", "fee", "stop"},
    Step.WITHDRAWN: {"papers", "fee", "stop"},
}
RETURNS = {Step.DELIVERED, Step.COLLECTED, Step.DELIVERED_ELECTRONICALLY}


@dataclass
class Seen:
    """The facts about one dossier that are needed to count it."""

    channel: str = ""
    procedure: str = ""
    helped_at: str = ""
    received_at_office: str = ""
    decided_by: str = ""
    ends: dict[str, datetime] = field(default_factory=dict)
    end_versions: dict[int, str] = field(default_factory=dict)
    promises: list[datetime] = field(default_factory=list)
    pauses: dict[str, datetime] = field(default_factory=dict)
    still_since: datetime | None = None
    apologised_late: bool = False
    score: int | None = None

    def end(self, name: str) -> datetime | None:
        return self.ends.get(name)


def happened_at(events: list[Event]) -> dict[int, datetime]:
    """Return the time of each event after all corrections."""
    times = {event.originator_version: event.occurred_at for event in events}
    for event in events:
        if isinstance(event, Corrected) and event.what is Correctable.OCCURRED_AT:
            times[event.corrects] = datetime.fromisoformat(event.value)
    by_version = {event.originator_version: event for event in events}

    def root(version: int) -> int:
        event = by_version.get(version)
        if isinstance(event, Corrected) and event.corrects in by_version:
            return root(event.corrects)
        return version

    return {version: times[root(version)] for version in by_version}


def seen(history: list[Event], question: Question) -> Seen | None:
    known = [
        event
        for event in history
        if question.known_at is None or event.recorded_at <= question.known_at
    ]
    times = happened_at(known)
    events = [event for event in known if times[event.originator_version] <= question.as_of]
    if not any(isinstance(event, Submitted | Received) for event in events):
        return None
    dossier = Seen()
    for event in events:
        _see(dossier, event)
    return dossier


def _see(dossier: Seen, event: Event) -> None:
    promise = getattr(event, "promise", None)
    dossier.score = getattr(event, "score", dossier.score)
    if isinstance(event, Submitted | Received):
        dossier.channel, dossier.procedure = event.channel, event.procedure
        dossier.helped_at = event.offices.helped_at
        dossier.received_at_office = event.offices.received_at
        dossier.decided_by = event.offices.decided_by
    if isinstance(event, Forwarded):
        dossier.decided_by = event.to_office
    if isinstance(event, PromiseExtended) and dossier.promises:
        running_until = min(event.occurred_at, dossier.still_since or event.occurred_at)
        dossier.apologised_late |= dossier.promises[-1] < running_until
    name = {
        Step.RECEIVED: "received",
        Step.DECIDED: "finished",
        Step.REFUSED: "refused",
        Step.WITHDRAWN: "withdrawn",
        Step.RATED: "rated",
    }.get(event.step, "returned" if event.step in RETURNS else "")
    if name:
        dossier.ends[name] = event.occurred_at
        dossier.end_versions[event.originator_version] = name
    if isinstance(event, Corrected):
        _correct(dossier, event)
    for kind in CLOSES.get(event.step, set()):
        dossier.pauses.pop(kind, None)
    if not dossier.pauses:
        dossier.still_since = None
    opened = OPENS.get(event.step)
    if opened and opened not in dossier.pauses:
        dossier.pauses[opened] = event.occurred_at
        since = dossier.still_since or event.occurred_at
        dossier.still_since = min(since, event.occurred_at)
    if promise:
        dossier.promises.append(promise.due_at)


def _correct(dossier: Seen, event: Corrected) -> None:
    if event.what is Correctable.HELPED_AT:
        dossier.helped_at = event.value
    if event.what is Correctable.RECEIVED_AT:
        dossier.received_at_office = event.value
    name = dossier.end_versions.get(event.corrects)
    if event.what is Correctable.OCCURRED_AT and name:
        dossier.ends[name] = datetime.fromisoformat(event.value)


def count(dossier: Seen, question: Question) -> Counts:
    since, as_of = question.since, question.as_of

    def during(moment: datetime | None) -> bool:
        return moment is not None and (since is None or moment >= since)

    received, finished = dossier.end("received"), dossier.end("finished")
    over = [dossier.end(name) for name in ("finished", "withdrawn", "refused")]
    is_over = any(end is not None for end in over)
    is_open = received is not None and not is_over
    is_finished = received is not None and during(finished)
    is_carried = (
        since is not None
        and received is not None
        and received < since
        and all(end is None or end >= since for end in over)
    )
    first = dossier.promises[0] if dossier.promises else None
    latest = dossier.promises[-1] if dossier.promises else None

    def against(due: datetime | None) -> PromiseCounts:
        if due is None:
            return PromiseCounts()
        stood_before = dossier.still_since is not None and dossier.still_since <= due
        return PromiseCounts(
            finished_on_time=int(is_finished and finished is not None and finished <= due),
            finished_late=int(is_finished and finished is not None and finished > due),
            open_overdue=int(is_open and due < as_of and not stood_before),
        )

    of_latest = against(latest)
    late_now = of_latest.finished_late or of_latest.open_overdue
    late_before = (is_open or is_finished) and dossier.apologised_late
    return Counts(
        submitted=int(received is None and not is_over),
        received=int(during(received)),
        carried_over=int(is_carried),
        finished=int(is_finished),
        finished_without_promise=int(is_finished and latest is None),
        refused=int(during(dossier.end("refused"))),
        withdrawn=int(during(dossier.end("withdrawn"))),
        returned=int(during(dossier.end("returned"))),
        open=int(is_open),
        open_paused=int(is_open and bool(dossier.pauses)),
        open_without_promise=int(is_open and latest is None),
        due_without_promise=int((during(received) or is_carried) and latest is None),
        late_without_apology=int(bool(late_now or late_before)),
        rated=Ratings(count=1, scores=dossier.score)
        if dossier.score is not None and during(dossier.end("rated"))
        else Ratings(),
        latest=of_latest,
        first=against(first),
    )


def expected_figures(
    histories: dict[str, list[Event]], question: Question, partners: dict[str, str]
) -> tuple[Counts, dict[str, Counts]]:
    total, groups = Counts(), dict[str, Counts]()
    for history in histories.values():
        dossier = seen(history, question)
        if dossier is None:
            continue
        counted = count(dossier, question)
        total += counted
        if question.by:
            name = {
                GroupBy.CHANNEL: dossier.channel,
                GroupBy.OFFICE: dossier.decided_by,
                GroupBy.RECEIVED_AT: dossier.received_at_office,
                GroupBy.HELPED_AT: dossier.helped_at,
                GroupBy.PARTNER: partners.get(dossier.received_at_office, ""),
                GroupBy.PROCEDURE: dossier.procedure,
            }[question.by]
            groups[name] = groups.get(name, Counts()) + counted
    return total, groups
