"""Turn dossiers and events into answers, without personal data and with local times."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import orjson

from tracker.adapters.http.schema.freshness import Freshness
from tracker.adapters.http.schema.responses import (
    ActorAnswer,
    DeadlineAnswer,
    DossierAnswer,
    EventAnswer,
    OfficesAnswer,
    PaperAnswer,
    PersonalEntry,
    PromiseAnswer,
)
from tracker.application.commands.envelope import UnknownDossierError
from tracker.application.queries.dossier_reader import SEALED_FIELDS, Why
from tracker.domain.deadlines.wording import Language, why_sentence
from tracker.domain.dossier.clock import LedgerEntry
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.state import DossierState

_COMMON_FIELDS = frozenset(attribute.name for attribute in fields(Event))
_NEVER_POSTED = frozenset({Step.PERSONAL_DATA_ERASED})
_APPLICANT = frozenset({"applicant", "sealed"})


class Presenter:
    """Makes answers from the results of queries."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Show times in this zone."""
        self._zone = zone

    def local(self, moment: datetime | None) -> datetime | None:
        """Return the moment in local time."""
        return moment.astimezone(self._zone) if moment else None

    def dossier(self, dossier: DossierState, freshness: Freshness) -> DossierAnswer:
        """Return the answer for a dossier. Raise `UnknownDossierError` if it has no status."""
        stage, status = dossier.progress.stage, dossier.progress.status
        if stage is None or status is None:
            raise UnknownDossierError
        return DossierAnswer(
            code=dossier.code,
            version=dossier.version,
            status=status,
            stage=stage,
            next_steps=[step for step in dossier.allowed_steps() if step not in _NEVER_POSTED],
            channel=dossier.channel,
            offices=OfficesAnswer(**asdict(dossier.offices)),
            procedure=dossier.procedure,
            procedure_version=dossier.procedure_version,
            papers=[PaperAnswer(**asdict(paper)) for paper in dossier.papers],
            way_of_return=dossier.way_of_return,
            received_at=self.local(dossier.received_at),
            promised_at=self.local(dossier.promise.due_at if dossier.promise else None),
            paused_since=self.local(dossier.pauses.started_at),
            finished_at=self.local(dossier.finished_at),
            returned_at=self.local(dossier.returned_at),
            outcome=dossier.outcome,
            promises=self._promises(dossier.ledger),
            carrier=dossier.carrier,
            parcel_number=dossier.parcel_number,
            score=dossier.score,
            personal_data_erased=dossier.personal_data_erased,
            freshness=freshness,
        )

    def event(self, event: Event) -> EventAnswer:
        """Return the answer for an event, without its sealed fields."""
        own = {
            name: value
            for name, value in msgspec.to_builtins(event).items()
            if name not in _COMMON_FIELDS
        }
        return EventAnswer(
            version=event.originator_version,
            step=event.step,
            occurred_at=event.occurred_at.astimezone(self._zone),
            recorded_at=event.recorded_at.astimezone(self._zone),
            by=ActorAnswer(**asdict(event.by)),
            event_id=event.event_id,
            details={name: value for name, value in own.items() if name not in SEALED_FIELDS},
            sealed=[name for name in own if name in SEALED_FIELDS and own[name] is not None],
        )

    def opened(self, texts: Mapping[int, Mapping[str, str]]) -> list[PersonalEntry]:
        """Return the opened fields, by version of the event."""
        return [
            PersonalEntry(
                version=version, field="applicant", text=None, applicant=orjson.loads(text)
            )
            if name in _APPLICANT
            else PersonalEntry(version=version, field=name, text=_plain(name, text), applicant=None)
            for version, opened in texts.items()
            for name, text in opened.items()
        ]

    def deadline(self, why: Why, language: Language, freshness: Freshness) -> DeadlineAnswer:
        """Return the answer that explains a due date."""
        steps = why.reckoned.steps if why.reckoned else ()
        return DeadlineAnswer(
            code=why.code,
            promises=self._promises(why.ledger),
            calendar=why.calendar,
            reckoned_due_at=why.reckoned.due_at if why.reckoned else None,
            steps=[step.as_json() for step in steps],
            lang=language,
            sentence=why_sentence(steps, language),
            freshness=freshness,
        )

    def _promises(self, ledger: Iterable[LedgerEntry]) -> list[PromiseAnswer]:
        return [
            PromiseAnswer(
                step=entry.step,
                made_at=entry.made_at.astimezone(self._zone),
                due_at=entry.promise.due_at.astimezone(self._zone),
                given=entry.promise.given,
                time=entry.promise.time,
                calendar=entry.promise.calendar,
            )
            for entry in ledger
        ]


def _plain(field: str, text: str) -> str:
    """Return an opened field as plain text: a contact is sealed as JSON."""
    return ", ".join(orjson.loads(text).values()) if field == "contact" else text
