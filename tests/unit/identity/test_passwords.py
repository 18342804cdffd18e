"""What a new password must be; and changing one's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.errors import AlreadyExists, Forbidden, InvalidInput, NotFound, Unauthenticated
from sotto.domain.identity import ROLE_SCOPES, Principal, Role, Scope, clean_email, scopes_of
from sotto.domain.passwords import MAX_LENGTH, MIN_LENGTH, check_new_password, random_password
from sotto.workflows.create_admin import create_admin
from tests.fakes.identity import FakePasswords, FakeUsers
from tests.unit.identity.conftest import ADA, EMAIL, HOME, PASSWORD, Service

NEW = "an entirely new one"


@pytest.mark.parametrize(
    "password", ["short", "x" * MIN_LENGTH, "abcabcabcabcabc", "x1y2z" * 60, "my name is ada.lovelace"]
)
def test_a_weak_password_is_refused_without_repeating_it(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_new_password(password, email="ada.lovelace@example.org")
    assert password not in str(refusal.value)


@given(st.text(min_size=MIN_LENGTH, max_size=MAX_LENGTH).filter(lambda text: len(set(text.casefold())) >= 5))
def test_any_long_enough_text_is_a_password(password: str) -> None:
    assert check_new_password(password, email="a@example.org") == password


def test_a_random_password_passes_and_differs() -> None:
    first, second = random_password(), random_password()
    assert first != second
    assert check_new_password(first, email=EMAIL) == first


@pytest.mark.parametrize(
    "email", ["", "ada", "@example.org", "ada@", "a da@example.org", "a@b@c", "a" * 250 + "@b.org"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidInput, match="email"):
        clean_email(email)


def test_a_change_ends_every_session(service: Service) -> None:
    token = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    service.change_password(ADA, PASSWORD, NEW, HOME)

    with pytest.raises(Unauthenticated):
        service.refresh(token, HOME)
    with pytest.raises(Unauthenticated):
        service.sign_in(EMAIL, PASSWORD, HOME)
    service.sign_in(EMAIL, NEW, HOME)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("wrong password 1", NEW, "old_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, PASSWORD, "new_password"),
    ],
)
def test_a_change_needs_the_old_and_a_fit_new_one(service: Service, old: str, new: str, key: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        service.change_password(ADA, old, new, HOME)
    assert refusal.value.key == key


def test_a_key_cannot_change_the_password(service: Service) -> None:
    key = Principal("01ADA", Role.USER, ROLE_SCOPES[Role.USER], "sk_01ADA")
    with pytest.raises(Forbidden):
        service.change_password(key, PASSWORD, NEW, HOME)


def test_a_deleted_account_cannot_change_its_password(service: Service) -> None:
    gone = Principal("01GONE", Role.USER, ROLE_SCOPES[Role.USER], "token")
    with pytest.raises(NotFound):
        service.change_password(gone, PASSWORD, NEW, HOME)


def test_a_one_time_password_allows_nothing_but_the_account() -> None:
    assert scopes_of(Role.ADMIN, must_change_password=True) == {Scope.ACCOUNT}
    assert scopes_of(Role.ADMIN, must_change_password=False) == ROLE_SCOPES[Role.ADMIN]


def test_seeding_the_administrator_may_be_repeated() -> None:
    users, passwords = FakeUsers(), FakePasswords()
    first = create_admin(users, passwords, "Admin@Sotto.local", PASSWORD)
    second = create_admin(users, passwords, "admin@sotto.local", NEW)

    assert first.id == second.id
    stored = users.by_email("admin@sotto.local")
    assert stored is not None
    assert (stored.role, stored.must_change_password) == (Role.ADMIN, False)
    assert passwords.matches(NEW, stored.password_hash)


def test_seeding_never_takes_over_somebody_elses_account(service: Service) -> None:
    with pytest.raises(AlreadyExists):
        create_admin(service.users, service.passwords, EMAIL, NEW)
