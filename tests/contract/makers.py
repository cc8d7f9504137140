"""The adapters that the contracts check, and how to open them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from eventsourcing.persistence import InfrastructureFactory

from tracker.application.ports import DossierRecorder
from tracker.domain.dossier.events.event import Event
from tracker.projections.model.feed import Feed


class Opens(Protocol):
    """Opens another recorder on the same store, as another process does."""

    def __call__(self) -> DossierRecorder: ...


def open_recorder(variables: dict[str, str], stack: ExitStack) -> DossierRecorder:
    factory: InfrastructureFactory = InfrastructureFactory.construct(variables)
    stack.callback(factory.close)
    recorder = factory.application_recorder()
    assert isinstance(recorder, DossierRecorder)
    return recorder


@dataclass
class Fed:
    """A feed and a function that adds events to it."""

    feed: Feed
    publish: Callable[[list[Event]], None]
