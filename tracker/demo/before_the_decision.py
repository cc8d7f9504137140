"""The first half of a demo dossier's life: from its intake to the decision."""

from datetime import datetime, timedelta
from typing import Any

from tracker.demo import texts
from tracker.demo.life import Acts, Life
from tracker.demo.people import applicant
from tracker.demo.return_trip import return_trip
from tracker.domain.deadlines.time_rules import PausePolicy
from tracker.domain.dossier.actors import Role
from tracker.domain.network.network import Channel, channel_of

_AGREES, _STOPS = 3, 30
"""Every 3rd applicant agrees to notifications; every 30th stops them later."""

_TOO_LONG = timedelta(days=400)
_USUAL = timedelta(days=8)
_FROM_AFAR = frozenset({Channel.ONLINE, Channel.KIOSK})
_IN_THE_FIELD = frozenset({Channel.COLLABORATOR, Channel.MOBILE})


def whole_life(life: Life) -> Acts:
    """Yield the acts of a dossier from its intake to its end."""
    fields = _application(life)
    channel = channel_of(life.intake.office.kind)
    if channel in _FROM_AFAR:
        yield from life.do(life.at, life.intake.actor, "submitted", **fields)
        if life.chance(0.05):
            yield from life.do(
                life.later(0, 9), life.town.portal(), "withdrawn", reason=texts.CHANGED_MIND
            )
            return
        clerk = life.desk()
        yield from life.do(life.later(0.2, 7), clerk, "received", **fields)
        life.receiver = clerk
    else:
        offline = channel in _IN_THE_FIELD and life.chance(0.4)
        hours = life.rng.uniform(2, 29) if offline else 0
        yield from life.do(life.at, life.intake.actor, "received", hours_late=hours, **fields)
    if life.number % _STOPS == 0:
        yield from life.do(life.later(0, 9), life.town.portal(), "notices_stopped")
    if life.chance(0.06):
        yield from _correct(life)
    if life.receiver.role is Role.STAFF and life.chance(0.04):
        reason = texts.OUT_OF_PLACE
        yield from life.do(life.later(0, 2), life.receiver, "refused", reason=reason)
        return
    yield from _work(life)


def _application(life: Life) -> dict[str, Any]:
    from_afar = channel_of(life.intake.office.kind) in _FROM_AFAR
    weights = [3, 2, 4] if from_afar else [6, 3, 1]
    life.way_of_return = life.rng.choices(["post", "collect", "electronic"], weights)[0]
    return {
        "procedure": life.intake.procedure.code,
        "applicant": applicant(life.rng, life.number),
        "papers": [
            {"name": paper.name, "form": paper.form.value, "quantity": max(paper.quantity, 1)}
            for paper in life.intake.procedure.papers
        ],
        "way_of_return": life.way_of_return,
        "notices": {"channels": ["sms"]} if life.number % _AGREES == 0 else None,
    }


def _correct(life: Life) -> Acts:
    earlier = (life.last_act_at - timedelta(minutes=life.rng.randint(2, 11))).isoformat()
    change: dict[str, Any] = (
        {"what": "occurred_at", "value": earlier}
        if life.chance(0.5)
        else {"what": "applicant", "applicant": applicant(life.rng, life.number)}
    )
    yield from life.do(
        life.later(0, 1),
        life.desk(),
        "corrected",
        corrects=life.version,
        reason=texts.MISTYPED,
        **change,
    )


def _work(life: Life) -> Acts:
    if life.chance(0.05):
        office = life.town.another_department(life.decided_by)
        yield from life.do(life.later(0, 2), life.decider(), "forwarded", to_office=office)
        life.decided_by = office
    yield from life.do(_during_processing(life, 0.05, 0.3), life.decider(), "processing_started")
    for name in ("Thẩm định", "Trình ký")[: life.rng.randint(0, 2)]:
        clerk = f"demo-clerk-{life.rng.randint(1, 20)}"
        at = _during_processing(life, 0.05, 0.3)
        yield from life.do(
            at, life.decider(), "internal_step_taken", name=name, clerk=clerk, unit=life.decided_by
        )
    if life.intake.procedure.rule.pause_policy is not PausePolicy.LOCK or life.chance(0.1):
        yield from _pauses(life)
    if life.chance(0.03):
        at = _during_processing(life, 0, 0.5)
        yield from life.do(at, life.town.portal(), "withdrawn", reason=texts.CHANGED_MIND)
        return
    yield from _decide(life)


def _pauses(life: Life) -> Acts:
    if life.chance(0.2):
        yield from _supplement(life)
    if life.intake.procedure.fee and life.chance(0.45):
        yield from _fee(life)
    if life.chance(0.05):
        yield from _stop(life)


def _supplement(life: Life) -> Acts:
    papers = [{"name": "Bản sao giấy tờ tùy thân", "form": "copy", "quantity": 1}]
    at = _during_processing(life, 0, 0.3)
    yield from life.do(
        at, life.decider(), "supplement_asked", papers=papers, reason=texts.PAPERS_MISSING
    )
    hours = _TOO_LONG / timedelta(hours=1) if life.chance(0.15) else 150
    who = life.town.portal() if life.chance(0.4) else life.desk()
    yield from life.do(life.later(8, hours), who, "supplement_received", papers=papers)


def _fee(life: Life) -> Acts:
    amount = life.intake.procedure.fee
    at = _during_processing(life, 0, 0.3)
    yield from life.do(at, life.decider(), "fee_asked", amount=amount, reason=texts.FEE_DUE)
    who = life.town.portal() if life.chance(0.6) else life.desk()
    reference = f"DEMO-{life.number:04d}"
    hours = _TOO_LONG / timedelta(hours=1) if life.chance(0.08) else 70
    yield from life.do(life.later(1, hours), who, "fee_paid", amount=amount, reference=reference)


def _stop(life: Life) -> Acts:
    at = _during_processing(life, 0, 0.3)
    yield from life.do(at, life.decider(), "stopped", reason=texts.UNCLEAR)
    yield from life.do(life.later(24, 300), life.decider(), "resumed")


def _decide(life: Life) -> Acts:
    """Decide in time, late, with an extended promise, or never."""
    how = life.rng.choices(["in time", "late", "extended", "never"], [90, 3, 5, 2])[0]
    at = _during_processing(life, 0.3, 0.9)
    if how == "never":
        if life.promised_at and life.chance(0.5):
            at = life.town.at_desk(life.promised_at + timedelta(days=life.rng.uniform(1, 6)))
            yield from life.do(at, life.town.portal(), "complained", text=texts.COMPLAINT)
        return
    if how == "late":
        at = life.town.at_desk(at + _time_left(life) + timedelta(days=life.rng.uniform(0.5, 6)))
    if how == "extended" and life.promised_at:
        days = life.rng.randint(2, 8)
        asked_at = life.later(0, 1) if life.chance(0.2) else at
        if life.chance(0.25):  # after the promise has passed
            asked_at = life.town.at_desk(life.promised_at + timedelta(days=1))
        asked_at = max(asked_at, life.at)
        yield from life.do(
            asked_at,
            life.decider(),
            "promise_extended",
            due_at=life.town.closing(max(asked_at, life.promised_at), days),
            reason=texts.SORRY,
            basis="Nghị định ví dụ",
            signer=texts.SIGNER,
        )
        at = _during_processing(life, 0.3, 0.9)
    granted = life.chance(0.94)
    yield from life.do(
        at,
        life.decider(),
        "decided",
        outcome="granted" if granted else "refused",
        document=f"DEMO-{life.number:04d}/QĐ" if granted else "",
        reason=None if granted else texts.NOT_ELIGIBLE,
    )
    yield from return_trip(life)


def _time_left(life: Life) -> timedelta:
    """Return the time until the promise, at least one hour."""
    promised_at = life.promised_at or life.at + _USUAL
    return max(promised_at - life.at, timedelta(hours=1))


def _during_processing(life: Life, least: float, most: float) -> datetime:
    """Return a moment in office hours, after a random share of the time until the promise."""
    return life.town.at_desk(life.at + _time_left(life) * life.rng.uniform(least, most))
