"""The messages about telling a person what happens to the dossier."""

from typing import Literal

from tracker.application.commands.intake import Channels, Contact, as_channels
from tracker.application.commands.step_context import StepCommand, StepContext
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.values import NoticeLanguage


class AgreeToNotices(StepCommand):
    """The person agrees to be told what happens from now on.

    Told are the applicant's own phone and e-mail, unless a `contact` says where else.
    """

    STORED_NAME = "NoticesAgreed"

    step: Literal["notices_agreed"]
    channels: Channels
    language: NoticeLanguage = NoticeLanguage.VIETNAMESE
    contact: Contact | None = None

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note the agreement."""
        contact = self.contact.model_dump_json(exclude_none=True) if self.contact else None
        dossier.agree_to_notices(
            desk.stamp,
            channels=as_channels(self.channels),
            language=self.language,
            contact=desk.seal("notices_agreed.contact", contact),
        )


class StopNotices(StepCommand):
    """The person wants to be told no more."""

    STORED_NAME = "NoticesStopped"

    step: Literal["notices_stopped"]

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note it."""
        dossier.stop_notices(desk.stamp)
