"""Send notifications to people by e-mail, over SMTP."""

import smtplib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from ssl import create_default_context

from tracker.application.notifications.dispatcher import (
    PermanentFailureError,
    RenderedNotification,
    TemporaryFailureError,
)

_ANSWER_WITHIN_S = 20
_PERMANENT = 500


class MailTransport:
    """Sends e-mails through one server. A repeated e-mail has the same Message-ID."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        starttls: bool,
        username: str,
        password: str,
        sender: str,
        now: Callable[[], datetime],
    ) -> None:
        """Send from this address. Without a user name there is no login."""
        self._host = host
        self._port = port
        self._starttls = starttls
        self._username = username
        self._password = password
        self._sender = sender
        self._now = now

    def send(self, rendered: RenderedNotification) -> None:
        """Send the e-mail. Raise `TemporaryFailureError`, `PermanentFailureError`."""
        mail = self._mail(rendered)
        try:
            server = smtplib.SMTP(self._host, self._port, timeout=_ANSWER_WITHIN_S)
            try:
                if self._starttls:
                    server.starttls(context=create_default_context())
                if self._username:
                    server.login(self._username, self._password)
                server.send_message(mail)
                # The server has accepted the e-mail, so an error of QUIT does not matter.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
            finally:
                server.close()
        # The server's text may contain the address, so keep only its code.
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = next(iter(error.recipients.values()))
            message = f"The address was refused: {code}."
            raise (PermanentFailureError if code >= _PERMANENT else TemporaryFailureError)(
                message
            ) from None
        except smtplib.SMTPResponseException as error:
            message = f"The mail server answered {error.smtp_code}."
            raise TemporaryFailureError(message) from None
        except (smtplib.SMTPException, OSError) as error:
            message = f"The mail server does not answer: {type(error).__name__}."
            raise TemporaryFailureError(message) from None

    def _mail(self, rendered: RenderedNotification) -> EmailMessage:
        mail = EmailMessage()
        mail["Message-ID"] = f"<{rendered.id}@{parseaddr(self._sender)[1].rpartition('@')[2]}>"
        mail["From"] = self._sender
        mail["To"] = rendered.to
        mail["Subject"] = rendered.subject
        mail["Date"] = format_datetime(self._now())
        mail["Auto-Submitted"] = "auto-generated"
        mail["List-Unsubscribe"] = f"<{rendered.stop_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(rendered.text + "\n")
        return mail
