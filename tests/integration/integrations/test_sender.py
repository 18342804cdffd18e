"""The guarded way out, against real sockets: pinned addresses, no redirects, limits of time, verified TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from sotto.adapters.http_sender import HttpSender
from sotto.domain.errors import InvalidInput
from sotto.domain.webhooks import Sent
from tests.certificates import for_localhost
from tests.fakes.webhooks import RecordingSender
from tests.integration.integrations.receiver import Receiver, receiving

LOOPBACK, METADATA, PUBLIC = ip_address("127.0.0.1"), ip_address("169.254.169.254"), ip_address("93.184.216.34")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def post(sender: HttpSender, url: str) -> Sent:
    return sender.post(url, {"webhook-id": "1"}, b"{}")


@pytest.mark.parametrize("status", [200, 204, 302, 400, 410, 500])
def test_the_receivers_status_is_the_answer_and_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    sent = post(HttpSender(loopback=True), f"{receiver.url}?a=b")
    assert (sent.status, sent.error) == (status, None)
    assert len(receiver.got) == 1
    headers, body = receiver.got[0]
    assert (headers["Host"], headers["webhook-id"], body) == (receiver.url.split("/")[2], "1", "{}")


def test_our_own_network_is_not_reached(receiver: Receiver) -> None:
    assert post(HttpSender(loopback=False), receiver.url).error == "address_refused"
    assert receiver.got == []


def test_the_fake_refuses_and_answers_as_ours_does(receiver: Receiver) -> None:
    def resolve(host: str, port: int):
        return [METADATA] if "internal" in host else [PUBLIC]

    for sender in (RecordingSender(), HttpSender(loopback=False, resolve=resolve)):
        sender.check("https://hooks.example.org/")
        with pytest.raises(InvalidInput, match="url: expected a host"):
            sender.check("https://internal.example.org/")
    receiver.answers = [410]
    for sender in (RecordingSender(answer=Sent(410, None, 0.1)), HttpSender(loopback=True)):
        sent = sender.post(receiver.url, {"webhook-id": "1"}, b"{}")
        assert (sent.status, sent.error) == (410, None)
        assert sent.duration_s > 0


@pytest.mark.parametrize("found", [[METADATA], [PUBLIC, METADATA], [LOOPBACK, PUBLIC], []])
def test_one_bad_address_among_many_is_enough(found: list) -> None:
    sender = HttpSender(loopback=False, resolve=lambda host, port: found)
    assert post(sender, "https://hooks.example.org/").error == "address_refused"
    with pytest.raises(InvalidInput, match="on the internet"):
        sender.check("https://hooks.example.org/")


def test_a_name_that_does_not_resolve_is_refused() -> None:
    sender = HttpSender(loopback=True)
    assert post(sender, f"https://{'x' * 70}.invalid/").error == "address_refused"


def test_the_address_that_was_checked_is_the_one_that_is_used(receiver: Receiver) -> None:
    """A second look at the name would lead elsewhere; there is none."""
    asked: list[str] = []

    def resolve(host: str, port: int):
        asked.append(host)
        return [LOOPBACK] if len(asked) == 1 else [METADATA]

    sent = post(HttpSender(loopback=True, resolve=resolve), receiver.url.replace("localhost", "rebinding.example.org"))
    assert sent.status == 204
    assert asked == ["rebinding.example.org"]
    assert receiver.got[0][0]["Host"].startswith("rebinding.example.org:")


def test_a_receiver_that_drips_is_cut_off(receiver: Receiver) -> None:
    receiver.answers = [0]
    sent = post(HttpSender(loopback=True, within_s=0.4), receiver.url)
    assert (sent.status, sent.error) == (None, "timed_out")
    assert sent.duration_s < 2


def test_nobody_there_is_an_answer_too(receiver: Receiver) -> None:
    with receiving() as gone:
        pass
    assert post(HttpSender(loopback=True), gone.url).error == "no_connection"


def test_what_is_not_http_is_an_answer_too(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    with receiving(tls[0]) as receiver:
        sent = post(HttpSender(loopback=True), receiver.url.replace("https:", "http:"))
    assert sent.error in ("no_http_answer", "no_connection")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return for_localhost(tmp_path_factory.mktemp("tls"))


def test_tls_is_verified_for_the_name(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    with receiving(tls[0]) as receiver:
        assert post(HttpSender(loopback=True, tls=tls[1]), receiver.url).status == 204
        assert post(HttpSender(loopback=True), receiver.url).error == "tls_failed"
        stranger = HttpSender(loopback=True, tls=tls[1], resolve=lambda host, port: [LOOPBACK])
        assert post(stranger, receiver.url.replace("localhost", "other.example.org")).error == "tls_failed"
    assert len(receiver.got) == 1
