"""Mail through an SMTP server of the operator's, always encrypted and signed in to (submission, RFC 6409 and 8314).

One connection a mail: mails are rare, and a frozen function's connection would be dead when it wakes. The certificate
is checked against the host's name, so a server that takes STARTTLS out of its offer gets neither password nor mail.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING, Literal

from sotto.adapters.aws_errors import translated
from sotto.domain.errors import MailRefused, MailUnavailable, MisconfiguredSetting
from sotto.domain.mail import Mail

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

WITHIN_S = 10.0
"""For a whole mail, as for a webhook: fifty rows, ten side by side, are swept within a minute (entry/stream.py)."""
PERMANENT = 500  # RFC 5321, 4.2.1: from here on, the same command gets the same answer


@dataclass(frozen=True)
class SmtpServer:
    host: str
    port: int
    tls: Literal["starttls", "implicit"]


@dataclass(frozen=True)
class SmtpSignIn:
    username: str
    password: str

    def __repr__(self) -> str:
        return "SmtpSignIn()"


def sign_in_of(client: SecretsManagerClient, secret_id: str) -> SmtpSignIn:
    """What the secret says now. It is not kept, so a new password counts with the next mail.

    Raises MailUnavailable when the secret cannot be read, MisconfiguredSetting when it has another form.
    """
    with translated(MailUnavailable, "SMTP secret"):
        text = client.get_secret_value(SecretId=secret_id).get("SecretString", "")
    try:
        data = json.loads(text)
        found = SmtpSignIn(data["username"], data["password"])
        # smtplib signs in with nothing but ASCII
        well = all((found.username.encode("ascii"), found.password.encode("ascii")))
    except (ValueError, KeyError, TypeError, AttributeError):
        well = False
    if not well:
        raise MisconfiguredSetting(
            "SOTTO_SMTP_SECRET",
            expected='a secret that holds JSON {"username": text, "password": text}, both in ASCII',
            found="another form",
            fix="`aws secretsmanager put-secret-value --secret-id ... --secret-string file://sign-in.json`",
        )
    return found


class SmtpMail:
    """Implements workflows.identity_ports.Mailer."""

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        sign_in: Callable[[], SmtpSignIn],
        *,
        tls: ssl.SSLContext | None = None,
        within_s: float = WITHIN_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._server, self._sender, self._sign_in = server, sender, sign_in
        self._tls, self._within_s, self._clock = tls or ssl.create_default_context(), within_s, clock

    def send(self, mail: Mail) -> None:
        """Raises MailRefused when the server will never take it, MailUnavailable for all other trouble."""
        message = self._message(mail)
        sign_in = self._sign_in()
        try:
            session = self._session()
            try:
                session.login(sign_in.username, sign_in.password)
                self._hand_over(session, message, mail.to)
            finally:
                # The server has answered for the mail already: a failed farewell must not send it again.
                with suppress(smtplib.SMTPException, OSError):
                    session.quit()
                session.close()
        except smtplib.SMTPResponseException as cause:  # the greeting, the sign-in or the sender: not the mail's fault
            raise MailUnavailable(f"mail: expected the SMTP server's consent, found {cause.smtp_code}") from cause
        except (smtplib.SMTPException, OSError) as cause:  # OSError holds time-outs and TLS
            raise MailUnavailable(f"mail: expected an SMTP server, found {type(cause).__name__}") from cause

    def _hand_over(self, session: smtplib.SMTP, message: EmailMessage, to: str) -> None:
        try:
            session.send_message(message, self._sender, [to])
        except smtplib.SMTPRecipientsRefused as cause:
            raise _error(next(iter(cause.recipients.values()))[0]) from cause
        except smtplib.SMTPDataError as cause:
            raise _error(cause.smtp_code) from cause
        except smtplib.SMTPNotSupportedError as cause:
            raise MailRefused("mail: expected a server for addresses beyond ASCII, found one without") from cause

    def _session(self) -> smtplib.SMTP:
        deadline = time.monotonic() + self._within_s
        ours = self._sender.rpartition("@")[2]  # smtplib would ask the DNS for a name that means nothing
        if self._server.tls == "implicit":
            return _ImplicitTls(self._server, ours, deadline, self._tls)
        session = _Plain(self._server, ours, deadline)
        try:
            session.starttls(context=self._tls)
        except BaseException:
            session.close()
            raise
        return session

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(SMTP)
        try:
            to = Address(addr_spec=mail.to)
        except (ValueError, MessageError, IndexError):  # all of them for addresses that are none
            to = Address()
        if to.addr_spec != mail.to:  # a comment in it, for example, which the envelope would carry
            raise MailRefused("mail: expected an address that a message can carry, found another form")
        message["To"] = to
        message["From"] = Address("Sotto", addr_spec=self._sender)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._clock())
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
        message.set_content(mail.text)
        return message


def _error(code: int) -> MailRefused | MailUnavailable:
    if code >= PERMANENT:
        return MailRefused(f"mail: expected a server that takes it, found {code}")
    return MailUnavailable(f"mail: expected a server that takes it now, found {code}")  # greylisting, a full queue


class _Plain(smtplib.SMTP):
    """smtplib's time-out is for each read; this one is for the whole session."""

    def __init__(self, server: SmtpServer, ours: str, deadline: float) -> None:
        self._deadline = deadline
        super().__init__(server.host, server.port, ours, timeout=self._left())

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is not None:
            self.sock.settimeout(self._left())
        return super().getreply()

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _ImplicitTls(_Plain, smtplib.SMTP_SSL):
    def __init__(self, server: SmtpServer, ours: str, deadline: float, tls: ssl.SSLContext) -> None:
        self._deadline = deadline
        smtplib.SMTP_SSL.__init__(self, server.host, server.port, ours, timeout=self._left(), context=tls)
