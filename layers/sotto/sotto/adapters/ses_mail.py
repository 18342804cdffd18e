"""Mail through Amazon SES, from an address that the operator has verified there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto.adapters.aws_errors import translated
from sotto.domain.errors import MailUnavailable
from sotto.domain.mail import Mail

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class SesMail:
    """Implements workflows.identity_ports.Mailer."""

    def __init__(self, client: SESV2Client, sender: str) -> None:
        self._client, self._sender = client, sender

    def send(self, mail: Mail) -> None:
        with translated(MailUnavailable, "mail"):
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [mail.to]},
                Content={
                    "Simple": {
                        "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                        "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
                    }
                },
            )
