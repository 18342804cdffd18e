"""Every way out for mail keeps one contract: the fake, the outbox, SES (moto's) and SMTP (a real server, over TLS)."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

import boto3
import pytest
from mypy_boto3_dynamodb import DynamoDBClient
from mypy_boto3_secretsmanager import SecretsManagerClient

from sotto.adapters.outbox_mail import OutboxMail, read_outbox
from sotto.adapters.ses_mail import SesMail
from sotto.adapters.smtp_mail import SmtpMail, SmtpServer, SmtpSignIn, sign_in_of
from sotto.domain.errors import InvalidInput, MailRefused, MailUnavailable, MisconfiguredSetting
from sotto.domain.mail import Mail, reset_mail
from sotto.entry.mail_wiring import mailer
from sotto.entry.settings import MailSettings
from sotto.workflows.identity_ports import Mailer
from tests.certificates import for_localhost
from tests.contract.identity.conftest import REGION, TABLE
from tests.contract.identity.smtp_server import PASSWORD, USERNAME, MailBox, mail_box
from tests.fakes.identity import FakeMailer

SENDER = "sotto@example.org"
SIGN_IN = SmtpSignIn(USERNAME, PASSWORD)
MAIL = reset_mail("ada@example.org", "https://sotto.example.org", "pw_01ADA.secret", 30)
Tls = tuple[ssl.SSLContext, ssl.SSLContext]
Sent = Callable[[], list[Mail]]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return for_localhost(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def box(tls: Tls) -> Iterator[tuple[MailBox, int]]:
    with mail_box(tls[0]) as found:
        yield found


def smtp(port: int, tls: Tls, sign_in: SmtpSignIn = SIGN_IN, **options: str) -> SmtpMail:
    server = SmtpServer(options.get("host", "localhost"), port, "implicit" if "implicit" in options else "starttls")
    sender = options.get("sender", SENDER)
    return SmtpMail(server, sender, lambda: sign_in, tls=tls[1], clock=lambda: datetime(2026, 11, 27, 12, tzinfo=UTC))


def read(message: EmailMessage) -> Mail:
    return Mail(str(message["To"]), str(message["Subject"]), message.get_content().replace("\r\n", "\n"))


@pytest.fixture(params=["fake", "outbox", "ses", "smtp"])
def way_out(request: pytest.FixtureRequest, aws_endpoint: str, tls: Tls) -> tuple[Mailer, Sent]:
    """A mailer, and what has left by it."""
    if request.param == "fake":
        fake = FakeMailer()
        return fake, lambda: fake.sent
    if request.param == "outbox":
        table: DynamoDBClient = request.getfixturevalue("dynamodb")
        return OutboxMail(table, TABLE, lambda: "1"), lambda: [mail for _, mail in read_outbox(table, TABLE, 10)]
    if request.param == "ses":
        boto3.client("ses", endpoint_url=aws_endpoint, region_name=REGION).verify_email_identity(EmailAddress=SENDER)
        client = boto3.client("sesv2", endpoint_url=aws_endpoint, region_name=REGION)
        return SesMail(client, SENDER), lambda: [MAIL]  # moto shows no mail that it took
    box, port = request.getfixturevalue("box")
    return smtp(port, tls), lambda: [read(message) for _, message in box.got]


def test_a_mail_leaves_as_it_was_written(way_out: tuple[Mailer, Sent]) -> None:
    mailer, sent = way_out
    mailer.send(MAIL)
    assert sent() == [MAIL]


@pytest.mark.parametrize("end", ["\r\nBcc: eve@example.org", "\n", "\r", "\0", "\x85", "\u2028"])
def test_no_way_out_is_ever_handed_a_header_too_many(end: str) -> None:
    with pytest.raises(InvalidInput, match="to: expected one line"):
        Mail(f"ada@example.org{end}", "Hello", "")
    with pytest.raises(InvalidInput, match="subject: expected one line"):
        Mail("ada@example.org", f"Hello{end}", "")


# --- SES -------------------------------------------------------------------------------------------------------------


def test_ses_sends_for_a_verified_sender_only(aws_endpoint: str) -> None:
    client = boto3.client("sesv2", endpoint_url=aws_endpoint, region_name=REGION)
    with pytest.raises(MailUnavailable) as refusal:
        SesMail(client, "stranger@example.org").send(MAIL)
    assert "secret" not in str(refusal.value)


# --- SMTP ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [{}, {"implicit": "yes"}], ids=["starttls", "implicit"])
def test_smtp_takes_it_over_tls_with_what_mail_readers_ask_for(tls: Tls, way: dict[str, str]) -> None:
    with mail_box(tls[0], implicit=bool(way)) as (box, port):
        smtp(port, tls, **way).send(Mail("ada@example.org", "Grüße", "Ein Wort: Ärger\n.\nein Punkt davor\n"))
    ((envelope, message),) = box.got
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["ada@example.org"])
    assert message["From"] == "Sotto <sotto@example.org>"
    assert message["Date"] == "Fri, 27 Nov 2026 12:00:00 +0000"
    assert str(message["Message-ID"]).endswith("@example.org>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert read(message) == Mail("ada@example.org", "Grüße", "Ein Wort: Ärger\n.\nein Punkt davor\n")


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("nobody@example.org", "found 550"),
        ("spam@example.org", "found 554"),
        ("ada@example.org,eve@example.org", "another form"),
        ("ada <eve@example.org>", "another form"),
        ("(who)ada@example.org", "another form"),
        ("ädä@example.org", "another form"),
        ("ada@exämple.org", "addresses beyond ASCII"),
    ],
)
def test_what_the_server_will_never_take_is_refused(box: tuple[MailBox, int], tls: Tls, to: str, says: str) -> None:
    with pytest.raises(MailRefused, match=says) as refusal:
        smtp(box[1], tls).send(Mail(to, "Hello", "pw_01ADA.secret"))
    assert not {"secret", "nobody@example.org", PASSWORD} & set(str(refusal.value).split())
    assert box[0].got == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sender": "stranger@example.org"}, "found 553"),
        ({"host": "127.0.0.1"}, "SSLCertVerificationError"),
        ({"implicit": "yes"}, "SSLError"),
    ],
)
def test_trouble_on_the_way_is_tried_again(
    box: tuple[MailBox, int], tls: Tls, changes: dict[str, str], says: str
) -> None:
    with pytest.raises(MailUnavailable, match=says):
        smtp(box[1], tls, **changes).send(MAIL)
    assert box[0].got == []


def test_who_is_asked_to_come_again_comes_again(box: tuple[MailBox, int], tls: Tls) -> None:
    with pytest.raises(MailUnavailable, match="found 451"):
        smtp(box[1], tls).send(Mail("greylisted@example.org", "Hello", ""))


def test_a_wrong_password_is_the_operators_and_shows_none(box: tuple[MailBox, int], tls: Tls) -> None:
    with pytest.raises(MailUnavailable, match="found 535") as refusal:
        smtp(box[1], tls, SmtpSignIn(USERNAME, "hunter2")).send(MAIL)
    assert "hunter2" not in f"{refusal.value!r} {SmtpSignIn(USERNAME, 'hunter2')!r}"


def test_a_server_without_tls_gets_neither_password_nor_mail(tls: Tls) -> None:
    with mail_box(tls[0], offers_tls=False) as (box, port):
        with pytest.raises(MailUnavailable, match="SMTPNotSupportedError"):
            smtp(port, tls).send(MAIL)
        assert box.got == []


def test_nobody_at_the_port_is_trouble_too(tls: Tls) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(MailUnavailable, match="ConnectionRefusedError"):
            smtp(taken.getsockname()[1], tls).send(MAIL)


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_a_server_that_says_nothing_is_given_up(tls: Tls, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = SmtpServer("localhost", silent.getsockname()[1], kind)  # type: ignore[arg-type]
        mailer = SmtpMail(server, SENDER, lambda: SIGN_IN, tls=tls[1], within_s=0.2)
        with pytest.raises(MailUnavailable, match=r"TimeoutError|SMTPServerDisconnected"):
            mailer.send(MAIL)


def test_the_sign_in_is_read_from_the_secret_each_time(secrets_client: SecretsManagerClient) -> None:
    name = secrets_client.create_secret(
        Name="smtp", SecretString=json.dumps({"username": USERNAME, "password": "old", "host": "ignored"})
    )["Name"]
    assert sign_in_of(secrets_client, name) == SmtpSignIn(USERNAME, "old")
    secrets_client.put_secret_value(SecretId=name, SecretString=json.dumps({"username": USERNAME, "password": "new"}))
    assert sign_in_of(secrets_client, name) == SmtpSignIn(USERNAME, "new")
    with pytest.raises(MailUnavailable, match="ResourceNotFoundException"):
        sign_in_of(secrets_client, "none")


def test_the_settings_choose_the_way_out() -> None:
    given = {"table": TABLE, "mail_from": SENDER, "smtp_host": "smtp.example.org", "smtp_secret": "sotto/smtp"}
    ways = [type(mailer(MailSettings.model_validate({**given, "mail": way}))) for way in ("outbox", "ses", "smtp")]
    assert ways == [OutboxMail, SesMail, SmtpMail]


@pytest.mark.parametrize(
    "text",
    ["pässword", "[]", "{}", '{"username": "a"}', '{"username": "", "password": "b"}', '{"username": 1, "password": 2}',
     '{"username": "a", "password": "ü"}'],
)  # fmt: skip
def test_a_secret_of_another_form_is_named_with_its_fix(secrets_client: SecretsManagerClient, text: str) -> None:
    name = secrets_client.create_secret(Name=f"smtp-{text.encode().hex()}", SecretString=text)["Name"]
    with pytest.raises(MisconfiguredSetting, match=r"SOTTO_SMTP_SECRET: .*Fix: ") as caught:
        sign_in_of(secrets_client, name)
    assert text not in str(caught.value)
