"""The contract of intakes: the dossiers of an office in a period."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from tests.contract.list_feed import ListFeed
from tests.domain.dossier_spec import INTAKE, OFFICES, at, due, event_builder
from tracker.adapters.sql.read_models.intakes import SqlIntakes
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received
from tracker.domain.dossier.values import Offices
from tracker.projections.dossier.promises import PromisesProjection
from tracker.projections.model.projector import Projector

ELSEWHERE = Offices("CN07", "CN07", "SO-YTE")


def code(number: int) -> str:
    return f"H26.05-261102-{number:04}"


def taken_in(number: int, moment: datetime, offices: Offices = OFFICES) -> Event:
    fields = INTAKE | {"offices": offices, "promise": due(9)}
    return event_builder(Received, moment, code=code(number), **fields)(1)


def listed(engine: Engine, *events: Event, office: str = "CN05", most: int = 10) -> list[str]:
    """Return the codes that came in on 2 and 3 November, in the order of the register."""
    projection = PromisesProjection()
    model = SqlReadModel(engine, projection)
    model.create()
    Projector(projection, ListFeed(list(events)), model).catch_up()
    codes = {dossier_id(event.code): event.code for event in events}
    ids = SqlIntakes(model).of(office, at(2, 0), at(4, 0), most)
    return [codes[dossier] for dossier in ids]


def test_an_office_has_what_it_took_in_or_decides_and_nothing_else(engine: Engine) -> None:
    events = [taken_in(1, at(2)), taken_in(2, at(3), ELSEWHERE)]
    assert listed(engine, *events) == [code(1)]
    assert listed(engine, *events, office="SO-TUPHAP") == [code(1)]
    assert listed(engine, *events, office="SO-YTE") == [code(2)]
    assert listed(engine, *events, office="DL-VNPOST-001") == []


def test_the_first_moment_counts_and_the_one_after_the_last_day_does_not(engine: Engine) -> None:
    before = taken_in(1, at(2, 0) - timedelta(microseconds=1))
    first = taken_in(2, at(2, 0))
    last = taken_in(3, at(4, 0) - timedelta(microseconds=1))
    after = taken_in(4, at(4, 0))
    assert listed(engine, before, first, last, after) == [code(2), code(3)]


def test_the_oldest_come_first_and_those_of_one_moment_by_their_code(engine: Engine) -> None:
    events = [taken_in(3, at(2)), taken_in(1, at(3)), taken_in(2, at(2))]
    assert listed(engine, *events) == [code(2), code(3), code(1)]
    assert listed(engine, *events, most=2) == [code(2), code(3)]
