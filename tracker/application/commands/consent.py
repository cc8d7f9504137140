"""The commands that start and stop notifications to a person."""

from typing import Literal

from tracker.application.commands.intake import Channels, Contact, as_channels
from tracker.application.commands.step_context import StepCommand, StepContext
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.values import NoticeLanguage


class AgreeToNotices(StepCommand):
    """Record that the person agrees to notifications from now on.

    They go to the applicant's own phone and e-mail, unless there is a `contact`.
    """

    STORED_NAME = "NoticesAgreed"

    step: Literal["notices_agreed"]
    channels: Channels
    language: NoticeLanguage = NoticeLanguage.VIETNAMESE
    contact: Contact | None = None

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the agreement."""
        contact = self.contact.model_dump_json(exclude_none=True) if self.contact else None
        dossier.agree_to_notices(
            context.stamp,
            channels=as_channels(self.channels),
            language=self.language,
            contact=context.seal("notices_agreed.contact", contact),
        )


class StopNotices(StepCommand):
    """Record that the person wants no more notifications."""

    STORED_NAME = "NoticesStopped"

    step: Literal["notices_stopped"]

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the end of notifications."""
        dossier.stop_notices(context.stamp)
