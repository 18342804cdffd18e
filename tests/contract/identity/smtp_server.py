"""A real SMTP server in a thread, which wants TLS and a sign-in, and refuses by the name before the @."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USERNAME, PASSWORD = "sotto", "tr0ub4dor"
ANSWERS = {
    "nobody": "550 No such user here: nobody@example.org",
    "greylisted": "451 Come again later",
    "spam": "250 OK",  # but see DATA
}


@dataclass
class MailBox:
    """Its method names are aiosmtpd's."""

    sender: str = "sotto@example.org"
    got: list[tuple[Envelope, EmailMessage]] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 Sign in first"
        if address != self.sender:
            return "553 Not your address"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = ANSWERS.get(address.partition("@")[0], "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if any(address.startswith("spam@") for address in envelope.rcpt_tos):
            return "554 Content refused"
        self.got.append((envelope, message_from_bytes(envelope.content or b"", policy=default)))  # type: ignore[arg-type]
        return "250 OK"


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    right = (data.login, data.password) == (USERNAME.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_box(tls: ssl.SSLContext, *, implicit: bool = False, offers_tls: bool = True) -> Iterator[tuple[MailBox, int]]:
    """The box, and the port of localhost at which its server answers."""
    box = MailBox()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        server_hostname="localhost",
        ssl_context=tls if implicit else None,
        tls_context=None if implicit or not offers_tls else tls,
        require_starttls=offers_tls and not implicit,
        authenticator=_authenticate,
        auth_require_tls=offers_tls and not implicit,  # it does not see that there is TLS already
        enable_SMTPUTF8=False,
    )
    controller.start()
    try:
        yield box, controller.port
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
