"""Guessing gets slow, and nobody can be locked out by somebody else's guesses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.audit import Origin
from sotto.domain.errors import LimitReached, Unauthenticated
from sotto.domain.rate import Rate
from sotto.domain.throttle import FORGET_S, RULES, Counter, Tries, counted, wait_s
from sotto.workflows.admit_request import AdmitRequest
from sotto.workflows.throttle_tries import ThrottleTries
from tests.fakes.identity import FakeBuckets, FakeClock, FakeTries
from tests.unit.identity.conftest import ADA, EMAIL, HOME, PASSWORD, Service


def fail(service: Service, origin: Origin = HOME, email: str = EMAIL) -> None:
    with pytest.raises(Unauthenticated):
        service.sign_in(email, "a wrong password", origin)


def test_the_sixth_wrong_password_has_to_wait_and_each_failure_doubles_it(service: Service) -> None:
    for _ in range(5):
        fail(service)
    for expected in (1, 2, 4, 8):
        with pytest.raises(LimitReached, match="pair") as refusal:
            service.sign_in(EMAIL, PASSWORD, HOME)  # even the right one
        assert refusal.value.retry_after_s == expected
        service.clock.advance(expected)
        fail(service)


def test_hammering_does_not_prolong_the_wait(service: Service) -> None:
    for _ in range(6):
        service.clock.advance(1)
        fail(service)
    for _ in range(50):
        with pytest.raises(LimitReached) as refusal:
            service.sign_in(EMAIL, PASSWORD, HOME)
    assert refusal.value.retry_after_s == 2
    service.clock.advance(2)
    service.sign_in(EMAIL, PASSWORD, HOME)


def test_a_success_forgives_the_failures_before_it(service: Service) -> None:
    for _ in range(3):
        for _ in range(4):
            fail(service)
        service.sign_in(EMAIL, PASSWORD, HOME)


def test_one_machine_that_tries_many_accounts_is_slowed_down(service: Service) -> None:
    for number in range(RULES[Counter.ADDRESS].free):
        fail(service, email=f"user{number}@example.org")
    with pytest.raises(LimitReached, match="address"):
        service.sign_in("another@example.org", PASSWORD, HOME)


def test_many_machines_that_try_one_account_wait_a_minute_at_most(service: Service) -> None:
    for number in range(RULES[Counter.ACCOUNT].free + 20):
        service.clock.advance(RULES[Counter.ACCOUNT].longest_s)
        fail(service, Origin(f"198.51.100.{number}", "r"))
    with pytest.raises(LimitReached, match="account") as refusal:
        service.sign_in(EMAIL, PASSWORD, Origin("203.0.113.9", "r"))
    assert refusal.value.retry_after_s <= RULES[Counter.ACCOUNT].longest_s


def test_nobody_is_locked_out_of_their_usual_address(service: Service) -> None:
    service.sign_in(EMAIL, PASSWORD, HOME)
    for number in range(RULES[Counter.ACCOUNT].free):
        fail(service, Origin(f"198.51.100.{number}", "r"))
    with pytest.raises(LimitReached, match="account"):
        service.sign_in(EMAIL, PASSWORD, Origin("203.0.113.9", "r"))
    service.sign_in(EMAIL, PASSWORD, HOME)


def test_nobody_is_locked_out_by_who_shares_their_address(service: Service) -> None:
    """An office, a train or a provider behind one address, where somebody tries other people's accounts without end."""
    service.sign_in(EMAIL, PASSWORD, HOME)
    for number in range(RULES[Counter.ADDRESS].free + 5):
        service.clock.advance(RULES[Counter.ADDRESS].longest_s)
        fail(service, email=f"user{number}@example.org")
    with pytest.raises(LimitReached, match="address"):
        service.sign_in("another@example.org", PASSWORD, HOME)
    service.sign_in(EMAIL, PASSWORD, HOME)


def test_who_is_tried_at_their_own_address_gets_in_from_another(service: Service) -> None:
    service.sign_in(EMAIL, PASSWORD, HOME)
    for _ in range(RULES[Counter.ACCOUNT].free + RULES[Counter.PAIR].free):
        service.clock.advance(RULES[Counter.PAIR].longest_s)
        fail(service)
    with pytest.raises(LimitReached, match="pair"):
        service.sign_in(EMAIL, PASSWORD, HOME)
    service.sign_in(EMAIL, PASSWORD, Origin("203.0.113.9", "r"))


def test_an_account_of_ones_own_buys_no_tries_at_others(service: Service) -> None:
    service.sign_in(EMAIL, PASSWORD, HOME)
    for number in range(RULES[Counter.ADDRESS].free):
        fail(service, email=f"user{number}@example.org")
        service.sign_in(EMAIL, PASSWORD, HOME)
    with pytest.raises(LimitReached, match="address"):
        service.sign_in("another@example.org", PASSWORD, HOME)


def test_a_hundred_tries_at_once_are_a_hundred_tries() -> None:
    """Every caller reads before any writes: the store's swap decides, so no more than the free ones pass."""
    clock, store = FakeClock(), FakeTries()
    passed = 0

    class Late(FakeTries):
        """Hands out a stale first read, as a racing process would have it."""

        def read(self, name: str) -> Tries:
            return Tries() if self.stale else store.read(name)

        def swap(self, name: str, before: Tries, after: Tries) -> bool:
            self.stale = False
            return store.swap(name, before, after)

        stale = True

    for _ in range(100):
        try:
            ThrottleTries(Late(), clock).begin(EMAIL, HOME.address)
        except LimitReached:
            continue
        passed += 1
    assert passed == RULES[Counter.PAIR].free


def test_losing_every_race_is_refused_not_let_through() -> None:
    class Unlucky(FakeTries):
        def swap(self, name: str, before: Tries, after: Tries) -> bool:
            return False

    with pytest.raises(LimitReached):
        ThrottleTries(Unlucky(), FakeClock()).begin(EMAIL, HOME.address)


@given(st.integers(0, 2000), st.sampled_from(list(Counter)), st.floats(0, 2 * FORGET_S))
def test_no_wait_is_longer_than_its_rule(failures: int, counter: Counter, later: float) -> None:
    tries = Tries(failures, 1000.0)
    assert 0 <= wait_s(tries, RULES[counter], 1000.0 + later) <= RULES[counter].longest_s
    assert wait_s(tries, RULES[counter], 1000.0 + FORGET_S) == 0


def test_an_hour_without_failures_forgets() -> None:
    assert counted(Tries(50, 0.0, 7.0), FORGET_S) == Tries(1, FORGET_S, 7.0)


def test_the_wait_of_an_untouched_counter_is_nothing(service: Service) -> None:
    service.clock.advance(0)
    assert wait_s(Tries(), RULES[Counter.PAIR], service.clock().timestamp()) == 0


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    clock = FakeClock()
    admit = AdmitRequest(FakeBuckets(), clock, Rate(per_minute=60, burst=10))
    for _ in range(10):
        admit(ADA)
    with pytest.raises(LimitReached, match="at most 60 a minute") as refusal:
        admit(ADA)
    assert refusal.value.retry_after_s == 1
    clock.advance(1)
    admit(ADA)
    with pytest.raises(LimitReached):
        admit(ADA)
    clock.advance(3600)
    for _ in range(10):
        admit(ADA)
