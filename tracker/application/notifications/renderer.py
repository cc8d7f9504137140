"""Writes letters to people: opens where they are told, in their language, with the way to stop."""

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
    """Asks the events themselves, at the last moment: who stopped or was erased gets no letter."""

    def __init__(
        self,
        store: DossierRecorder,
        vault: Vault,
        *,
        zone: tzinfo,
        public_url: str,
        stop_token: Callable[[str], str],
    ) -> None:
        """Read this store; the link to stop is under `public_url`, secret by `stop_token`."""
        self._store = store
        self._vault = vault
        self._zone = zone
        self._public_url = public_url
        self._stop_token = stop_token

    def letter(self, delivery: Delivery, channel: NoticeChannel) -> RenderedNotification:
        """Write it in the person's language. Raise `NoRecipientError`."""
        notice = delivery.notice
        stored = self._store.select_events(notice.dossier_id)
        dossier = DossierState.replay(None, (decode(one.topic, one.state) for one in stored))
        if dossier is None or dossier.notices is None or channel not in dossier.notices.channels:
            message = "Not agreed to, or stopped."
            raise NoRecipientError(message)
        language = dossier.notices.language
        code = quote(notice.code)
        stop_url = f"{self._public_url}/stop/{code}/{self._stop_token(notice.code)}"
        return RenderedNotification(
            id=delivery.id,
            notice=notice,
            to=self._address(dossier, channel),
            subject=subject(notice, language),
            text=text(
                notice,
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
            message = "The key of this dossier is lost, and the address with it."
            raise NoRecipientError(message) from error
        if seal is None:
            message = "The personal data was erased."
            raise NoRecipientError(message)
        own = dossier.notices.contact if dossier.notices else None
        for field, sealed in (("notices_agreed.contact", own), ("applicant", dossier.applicant)):
            contact = orjson.loads(seal.open(field, Sealed(sealed))) if sealed else {}
            if address := contact.get(_FIELD[channel]):
                return str(address)
        message = "There is no address for this."
        raise NoRecipientError(message)
