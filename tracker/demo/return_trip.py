"""The second half of a demo dossier's life: the result is returned and the citizen rates it."""

from tracker.demo import texts
from tracker.demo.life import Acts, Life
from tracker.domain.dossier.actors import Actor

_UPU = {"posted": "EMA", "moving": "EMC", "out": "EDG", "missed": "EMH", "delivered": "EMI"}
_VIETTEL = {"posted": "104", "out": "500", "missed": "506", "delivered": "501", "returned": "504"}


def return_trip(life: Life) -> Acts:
    """Yield the acts that return the result in the way that the applicant chose."""
    match life.way_of_return:
        case "electronic":
            yield from life.do(life.later(0, 3), life.town.portal(), "delivered_electronically")
        case "collect":
            yield from _collect(life, 150)
        case _:
            yield from _post(life)
    yield from _feedback(life)


def _collect(life: Life, hours: float) -> Acts:
    yield from life.do(life.later(2, hours), life.desk(), "collected")


def _post(life: Life) -> Acts:
    carrier, number = life.town.carrier(life.at.date()), life.town.parcel_number()
    first = number if life.chance(0.97) else f"{number[:-3]}0VN"
    yield from life.do(
        life.later(1, 20),
        life.decider(),
        "handed_to_carrier",
        carrier=carrier.partner,
        number=first,
    )
    if first != number:
        yield from life.do(
            life.later(0, 2),
            life.decider(),
            "corrected",
            corrects=life.version,
            what="parcel_number",
            value=number,
            reason=texts.MISTYPED,
        )
    scans = _VIETTEL if carrier.partner == "VIETTELPOST" else _UPU
    for what in ("posted", "moving", "out"):
        if what in scans:
            yield from _scan(life, carrier, number, scans[what], hours=14)
    if life.chance(0.12):
        yield from _scan(life, carrier, number, scans["missed"], hours=5)
        if life.chance(0.4):
            yield from _come_back(life, carrier, number, scans)
            return
        yield from _scan(life, carrier, number, scans["out"], hours=24)
    if life.chance(0.9):
        yield from _scan(life, carrier, number, scans["delivered"], hours=6)
    else:
        yield from life.do(life.later(0.5, 6), carrier, "delivered")


def _scan(life: Life, carrier: Actor, number: str, scan: str, *, hours: float) -> Acts:
    yield from life.do(
        life.by_day(0.5, hours),
        carrier,
        "carrier_scanned",
        hours_late=life.rng.choice([0, 0, 0, 0.3]),
        number=number,
        scan=scan,
        place="Bưu cục ví dụ",
        raw=f'{{"item":"{number}","event":"{scan}"}}',
    )


def _come_back(life: Life, carrier: Actor, number: str, scans: dict[str, str]) -> Acts:
    if "returned" in scans:
        yield from _scan(life, carrier, number, scans["returned"], hours=60)
    else:
        reason = texts.NOT_AT_HOME
        yield from life.do(life.later(2, 30), carrier, "delivery_failed", reason=reason)
        yield from life.do(life.later(20, 60), carrier, "returned_to_office")
    yield from _collect(life, 90)


def _feedback(life: Life) -> Acts:
    if life.chance(0.45):
        score = life.rng.choices([5, 4, 3, 2, 1], [60, 25, 8, 4, 3])[0]
        reason = texts.UNFRIENDLY if score <= 2 else None  # noqa: PLR2004  a bad rating says why
        yield from life.do(
            life.by_day(0.1, 30), life.town.portal(), "rated", score=score, reason=reason
        )
    if life.chance(0.03):
        yield from life.do(
            life.by_day(1, 60), life.town.portal(), "complained", text=texts.UNFRIENDLY
        )
