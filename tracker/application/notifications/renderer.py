"""Writes notifications to people: opens the address, and adds a link to stop."""

from collections.abc import Callable
from datetime import tzinfo
from urllib.parse import quote

import orjson

from tracker.application.notifications.dispatcher import (
    Delivery,
    NoRecipientError,
    RenderedNotification,
)
from tracker.application.ports import DossierRecorder, Vault
from tracker.application.recovery.key_loss import KeyLostError, seal_of
from tracker.domain.dossier.state import DossierState
from tracker.domain.dossier.values import NoticeChannel, Sealed
from tracker.domain.notifications.notification_texts import subject, text
from tracker.serialization import decode

_FIELD = {NoticeChannel.SMS: "phone", NoticeChannel.EMAIL: "email"}


class NotificationRenderer:
    """Reads the dossier directly before sending, so that a stop or an erasure takes effect."""

    def __init__(
        self,
        store: DossierRecorder,
        vault: Vault,
        *,
        zone: tzinfo,
        public_url: str,
        stop_token: Callable[[str], str],
    ) -> None:
        """Read this store; the link to stop is under `public_url` and contains the `stop_token`."""
        self._store = store
        self._vault = vault
        self._zone = zone
        self._public_url = public_url
        self._stop_token = stop_token

    def render(self, delivery: Delivery, channel: NoticeChannel) -> RenderedNotification:
        """Return the notification in the person's language. Raise `NoRecipientError`."""
        notification = delivery.notification
        stored = self._store.select_events(notification.dossier_id)
        dossier = DossierState.replay(None, (decode(row.topic, row.state) for row in stored))
        if dossier is None or dossier.notices is None or channel not in dossier.notices.channels:
            message = "The person did not agree, or stopped notifications."
            raise NoRecipientError(message)
        language = dossier.notices.language
        code = quote(notification.code)
        stop_url = f"{self._public_url}/stop/{code}/{self._stop_token(notification.code)}"
        return RenderedNotification(
            id=delivery.id,
            notification=notification,
            to=self._address(dossier, channel),
            subject=subject(notification, language),
            text=text(
                notification,
                language,
                way_of_return=dossier.way_of_return,
                zone=self._zone,
                stop_url=stop_url,
            ),
            stop_url=stop_url,
        )

    def _address(self, dossier: DossierState, channel: NoticeChannel) -> str:
        wrapped = self._store.select_keys([dossier.id]).get(dossier.id)
        try:
            seal = seal_of(self._vault, dossier.id, wrapped, is_erased=dossier.personal_data_erased)
        except KeyLostError as error:
            message = "The key of this dossier is lost, so the address cannot be read."
            raise NoRecipientError(message) from error
        if seal is None:
            message = "The personal data was erased."
            raise NoRecipientError(message)
        own = dossier.notices.contact if dossier.notices else None
        for field, sealed in (("notices_agreed.contact", own), ("applicant", dossier.applicant)):
            contact = orjson.loads(seal.open(field, Sealed(sealed))) if sealed else {}
            if address := contact.get(_FIELD[channel]):
                return str(address)
        message = "The dossier has no address for this channel."
        raise NoRecipientError(message)
