"""Signing in: who gets tokens, and that nobody learns from a refusal whether an account exists."""

from __future__ import annotations

import pytest

from sotto.domain.audit import Action, Outcome
from sotto.domain.errors import Unauthenticated
from sotto.domain.identity import Role
from tests.unit.identity.conftest import EMAIL, HOME, PASSWORD, Service, ada


def test_the_right_password_starts_a_session_that_the_access_token_names(service: Service) -> None:
    signed_in = service.sign_in(" Ada@Example.org ", PASSWORD, HOME)

    claims = service.tokens.issued[0]
    assert (claims.subject, claims.role) == ("01ADA", Role.USER)
    assert claims.expires_at - claims.issued_at == signed_in.expires_in_s == 900
    assert service.sessions.find("01ADA", claims.session) is not None


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong password 1"),
        ("nobody@example.org", PASSWORD),
        ("not an address", PASSWORD),
        (EMAIL, ""),
        (EMAIL, PASSWORD + "x" * 500),
    ],
)
def test_every_refusal_has_the_same_words_and_the_same_cost(service: Service, email: str, password: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        service.sign_in(email, password, HOME)

    with pytest.raises(Unauthenticated) as other:
        service.sign_in(EMAIL, "another wrong one", HOME)
    assert (refusal.value.message, refusal.value.hint) == (other.value.message, other.value.hint)
    assert service.passwords.computed == 2  # one computation each, whether the account exists or not


@pytest.mark.parametrize(("email", "account"), [(EMAIL, "01ADA"), ("nobody@example.org", "no account")])
def test_the_audit_log_names_the_account_that_was_tried_and_nothing_that_was_typed(
    service: Service, email: str, account: str
) -> None:
    with pytest.raises(Unauthenticated):
        service.sign_in(email, "another wrong one", HOME)
    (entry,) = service.log.entries
    assert (entry.action, entry.outcome, entry.who) == (Action.SIGN_IN, Outcome.REFUSED, "nobody")
    assert (entry.object, entry.address) == (account, HOME.address)
    assert email not in str(entry)


def test_a_disabled_account_is_refused_like_an_unknown_one(service: Service) -> None:
    service.users.change("01ADA", disabled=True)
    with pytest.raises(Unauthenticated, match="active account"):
        service.sign_in(EMAIL, PASSWORD, HOME)


def test_a_weak_hash_is_replaced_at_the_next_sign_in(service: Service) -> None:
    service.users.add(ada(id="01OLD", email="old@example.org", password_hash=f"old hash of {PASSWORD}"))
    service.sign_in("old@example.org", PASSWORD, HOME)
    user = service.users.by_id("01OLD")
    assert user is not None
    assert user.password_hash == f"hash of {PASSWORD}"


def test_tokens_do_not_show_in_a_repr(service: Service) -> None:
    signed_in = service.sign_in(EMAIL, PASSWORD, HOME)
    assert signed_in.refresh_token not in repr(signed_in)
    assert signed_in.access_token not in repr(signed_in)
