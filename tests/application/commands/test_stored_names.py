"""The stored name of a command is part of the digest of every request: it never changes."""

import pytest

from tracker.application.commands.envelope import Envelope
from tracker.application.commands.intake import Command, Intake, LegacyIntake
from tracker.application.commands.registry import COMMANDS, read_command
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.lifecycle import Step

STORED = {
    Step.REFUSED: "Refused",
    Step.FORWARDED: "Forwarded",
    Step.PROCESSING_STARTED: "ProcessingStarted",
    Step.INTERNAL_STEP_TAKEN: "InternalStepTaken",
    Step.SUPPLEMENT_ASKED: "SupplementAsked",
    Step.SUPPLEMENT_RECEIVED: "SupplementReceived",
    Step.FEE_ASKED: "FeeAsked",
    Step.FEE_PAID: "FeePaid",
    Step.STOPPED: "Stopped",
    Step.RESUMED: "Resumed",
    Step.WITHDRAWN: "Withdrawn",
    Step.PROMISE_EXTENDED: "PromiseExtended",
    Step.DECIDED: "Decided",
    Step.HANDED_TO_CARRIER: "HandedToCarrier",
    Step.CARRIER_SCANNED: "CarrierScanned",
    Step.DELIVERED: "Delivered",
    Step.DELIVERY_FAILED: "DeliveryFailed",
    Step.RETURNED_TO_OFFICE: "ReturnedToOffice",
    Step.COLLECTED: "Collected",
    Step.DELIVERED_ELECTRONICALLY: "DeliveredElectronically",
    Step.RATED: "Rated",
    Step.COMPLAINED: "Complained",
    Step.CORRECTED: "Corrected",
    Step.NOTICES_AGREED: "NoticesAgreed",
    Step.NOTICES_STOPPED: "NoticesStopped",
}
"""The stored names as version 0.1 wrote them. Lines are added here, never changed."""


def test_every_command_has_the_stored_name_it_always_had() -> None:
    assert {step: command.STORED_NAME for step, command in COMMANDS.items()} == STORED
    assert (Intake.STORED_NAME, LegacyIntake.STORED_NAME) == ("Intake", "LegacyIntake")


def test_no_two_commands_share_a_stored_name() -> None:
    commands: list[type[Command]] = [*COMMANDS.values(), Intake, LegacyIntake]
    assert len({command.STORED_NAME for command in commands}) == len(commands)


@pytest.mark.parametrize(
    ("sent", "content"),
    [
        (
            {"step": "processing_started", "code": "H26.01-261120-0001"},
            (
                b'ProcessingStarted\n{"event_id":"e-1","occurred_at":"2026-11-20T02:10:00Z",'
                b'"code":"H26.01-261120-0001","step":"processing_started"}'
            ),
        ),
        (
            {"procedure": "2.001610", "applicant": {"name": "An"}},
            (
                b'Intake\n{"event_id":"e-1","occurred_at":"2026-11-20T02:10:00Z",'
                b'"procedure":"2.001610","applicant":{"name":"An"}}'
            ),
        ),
    ],
)
def test_the_digested_content_is_what_version_0_1_wrote(
    sent: dict[str, object], content: bytes
) -> None:
    command = read_command({"event_id": "e-1", "occurred_at": "2026-11-20T09:10:00+07:00"} | sent)
    envelope = Envelope(Actor(Role.STAFF, "clerk-1", "CN01"), command)
    assert envelope.content() == content
