"""Real receivers on loopback: an HTTP server that keeps what it is sent, and a mail server."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from ops.local_servers.ports import free_ports


@dataclass
class HttpSink:
    """What came in, and what is answered: by default 204."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[dict[str, str]], int] = lambda _: 204

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.received]


@contextmanager
def http_sink() -> Iterator[HttpSink]:
    sink = HttpSink()

    class Keeps(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # its sender was killed on the way: nothing has arrived
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = sink.answer(headers)
            sink.received.append((headers, body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.send_header("Location", f"{sink.url}/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Keeps) as server:
        sink.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()


@dataclass
class MailSink:
    """What came in; `says` is the answer to a recipient, `ends` the one to the mail itself."""

    port: int
    received: list[EmailMessage] = field(default_factory=list)
    says: str = "250 OK"
    ends: str = "250 OK"

    async def handle_RCPT(  # noqa: N802  as the library calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.says.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.says

    async def handle_DATA(  # noqa: N802  as the library calls it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.received.append(mail)
        return self.ends


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    (port,) = free_ports(1)
    sink = MailSink(port)
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
