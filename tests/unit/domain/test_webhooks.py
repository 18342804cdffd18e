"""Signatures that a ready-made verifier accepts, waits that grow over a day, addresses that are the internet's."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from sotto.adapters.public_addresses import is_public
from sotto.domain.addresses import check_url
from sotto.domain.errors import InvalidInput
from sotto.domain.webhooks import (
    JITTER,
    WAITS_S,
    Secret,
    message,
    new_secret,
    rotated,
    signature_headers,
    wait_s,
)

OLD, NEW = new_secret(b"o" * 32), new_secret(b"n" * 32)
BODY = message("job.completed", "2026-11-22T12:00:00.000Z", {"job": {"id": "01K0", "name": "Café 🎤"}})


def verified(secret: Secret, headers: dict[str, str], body: str = BODY) -> bool:
    try:
        standardwebhooks.Webhook(secret.value).verify(body, headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def test_a_ready_made_verifier_accepts_the_signature_and_nothing_else() -> None:
    headers = signature_headers([OLD], "01K0EVENT", datetime.now(UTC), BODY)
    assert verified(OLD, headers)
    assert not verified(NEW, headers)
    assert not verified(OLD, headers, BODY.replace("01K0", "01K1"))
    assert not verified(OLD, {**headers, "webhook-id": "01K0OTHER"})


def test_an_old_message_is_not_accepted() -> None:
    assert not verified(OLD, signature_headers([OLD], "01K0EVENT", datetime.now(UTC) - timedelta(hours=1), BODY))


def test_after_a_rotation_both_secrets_verify_until_the_old_one_stops() -> None:
    now = datetime.now(UTC)
    secrets = rotated([OLD], NEW, old_until=(now + timedelta(hours=24)).isoformat())
    during = signature_headers(secrets, "01K0EVENT", now, BODY)
    assert verified(OLD, during)
    assert verified(NEW, during)
    secrets = rotated([OLD], NEW, old_until=(now - timedelta(seconds=1)).isoformat())
    later = signature_headers(secrets, "01K0EVENT", now, BODY)
    assert not verified(OLD, later)
    assert verified(NEW, later)


def test_a_second_rotation_ends_the_oldest_secret() -> None:
    third = new_secret(b"3" * 32)
    secrets = rotated(rotated([OLD], NEW, old_until="2099-01-01T00:00:00Z"), third, old_until="2099-01-02T00:00:00Z")
    assert [one.value for one in secrets] == [third.value, NEW.value]


@given(chances=st.lists(st.floats(0, 1), min_size=len(WAITS_S) + 1, max_size=len(WAITS_S) + 1))
def test_tries_spread_over_a_day_and_end(chances: list[float]) -> None:
    waits = [wait_s(tries, chance) for tries, chance in enumerate(chances, 1)]
    assert waits[-1] is None
    known = [wait for wait in waits if wait is not None]
    assert len(known) == len(WAITS_S)
    assert all(a < b for a, b in itertools.pairwise(known)), "each wait is longer than the one before"
    assert 25 * 3600 <= sum(known) <= 29 * 3600


@given(tries=st.integers(1, len(WAITS_S)), chance=st.floats(0, 1))
def test_chance_lengthens_a_wait_by_a_tenth_at_most(tries: int, chance: float) -> None:
    wait = wait_s(tries, chance)
    assert wait is not None
    assert 1 <= wait / WAITS_S[tries - 1] <= 1 + JITTER + 1e-9


@pytest.mark.parametrize("url", ["https://hooks.example.org/a?b=c", "https://[2606:4700::1]:8443/", "https://x.org"])
def test_a_good_url(url: str) -> None:
    assert check_url(url, plain_http=False) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/",
        "ftp://hooks.example.org/",
        "https://",
        "https:///path",
        "https://user:password@hooks.example.org/",
        "https://hooks.example.org/#part",
        "https://hooks.example.org:99999/",
        "https://hooks.example.org:0/",
        "https://[::1",
        "https://hooks.example.org/ space\r\nX: y",
        "https://hööks.example.org/",
        "https://hooks.example.org/" + "x" * 2000,
    ],
)
def test_a_bad_url(url: str) -> None:
    with pytest.raises(InvalidInput, match="https URL"):
        check_url(url, plain_http=False)


def test_plain_http_is_for_laptops() -> None:
    assert check_url("http://127.0.0.1:9/", plain_http=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::",
    ],
)
def test_an_address_that_is_not_the_internets(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_an_address_of_the_internet(address: str) -> None:
    assert is_public(ip_address(address))
