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
    if settings.mail == "smtp":
        # Costs a cold start 25 ms, which who mails by other ways need not pay.
        from sotto.adapters.smtp_mail import SmtpMail, SmtpServer, sign_in_of

        server = SmtpServer(settings.smtp_host, settings.smtp_port, settings.smtp_tls)
        return SmtpMail(server, settings.mail_from, lambda: sign_in_of(aws.secretsmanager(), settings.smtp_secret))
    return OutboxMail(aws.dynamodb(), settings.table, lambda: str(ULID()))
