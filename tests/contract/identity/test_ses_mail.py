"""Mail by SES, against moto's."""

from __future__ import annotations

import boto3
import pytest

from sotto.adapters.ses_mail import SesMail
from sotto.domain.errors import MailUnavailable
from sotto.domain.mail import Mail
from tests.contract.identity.conftest import REGION


def test_only_a_verified_sender_may_send(aws_endpoint: str) -> None:
    client = boto3.client("sesv2", endpoint_url=aws_endpoint, region_name=REGION)
    mail = Mail("ada@example.org", "Hello", "pw_01ADA.secret")
    with pytest.raises(MailUnavailable) as refusal:
        SesMail(client, "sotto@example.org").send(mail)
    assert "secret" not in str(refusal.value)

    client.create_email_identity(EmailIdentity="sotto@example.org")
    boto3.client("ses", endpoint_url=aws_endpoint, region_name=REGION).verify_email_identity(
        EmailAddress="sotto@example.org"
    )
    SesMail(client, "sotto@example.org").send(mail)
