"""How mail leaves: one choice for every function that sends some."""

from __future__ import annotations

from ulid import ULID

from sotto.adapters.outbox_mail import OutboxMail
from sotto.adapters.ses_mail import SesMail
from sotto.entry import aws
from sotto.entry.settings import MailSettings
from sotto.workflows.identity_ports import Mailer


def mailer(settings: MailSettings) -> Mailer:
    if settings.mail == "ses":
        return SesMail(aws.sesv2(), settings.mail_from)
    return OutboxMail(aws.dynamodb(), settings.table, lambda: str(ULID()))
