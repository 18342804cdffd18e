"""Who is let in: tokens and keys, judged by what the store says now."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.api_keys import KEY_SCOPES, new_key_text, parse_key
from sotto.domain.audit import Action
from sotto.domain.errors import Forbidden, InvalidInput, LimitReached, NotFound, Unauthenticated
from sotto.domain.identity import Role, Scope
from sotto.domain.tokens import AccessClaims
from sotto.workflows.authorize import Authorize
from sotto.workflows.manage_keys import MAX_KEYS
from tests.fakes.identity import FakeStandings
from tests.unit.identity.conftest import ADA, EMAIL, HOME, PASSWORD, Service, ada

READ = frozenset({Scope.JOBS_READ})


class FakeVerifier:
    """Knows the tokens that the service's FakeAccessTokens issued."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def verify(self, token: str) -> AccessClaims:
        found = re.fullmatch(r"access-(\d+)", token)
        if not found:
            raise Unauthenticated("access token: expected one that this service signed, found another")
        return self._service.tokens.issued[int(found[1])]


@pytest.fixture
def authorize(service: Service) -> Authorize:
    standings = FakeStandings(service.users, service.sessions, service.keys, service.clock)
    return Authorize(FakeVerifier(service), standings, service.clock)


def make_key(service: Service, scopes: frozenset[Scope] = READ, days: int | None = None) -> str:
    return str(service.manage_keys.create(ADA, "ci", scopes, days, HOME)[1])


def test_a_token_gives_what_the_role_allows_now(service: Service, authorize: Authorize) -> None:
    token = service.sign_in(EMAIL, PASSWORD, HOME).access_token
    assert authorize(f"Bearer {token}").principal == ADA
    assert authorize(f"bEARER  {token} ").principal == ADA
    service.users.change("01ADA", role=Role.ADMIN)
    assert Scope.ADMIN_WRITE in authorize(f"Bearer {token}").principal.scopes


def test_a_one_time_password_opens_the_account_only(service: Service, authorize: Authorize) -> None:
    service.users.add(ada(id="01TMP", email="tmp@example.org", must_change_password=True))
    token = service.sign_in("tmp@example.org", PASSWORD, HOME).access_token
    assert authorize(f"Bearer {token}").principal.scopes == {Scope.ACCOUNT}


@pytest.mark.parametrize(
    "happening",
    [
        lambda s: s.users.change("01ADA", disabled=True),
        lambda s: s.sign_out_everywhere(ADA, HOME),
        lambda s: s.users.delete(ada()),
        lambda s: s.clock.advance(31 * 86400),
    ],
    ids=["disabled", "signed out", "deleted", "session expired"],
)
def test_a_token_stops_when_its_ground_goes(
    service: Service, authorize: Authorize, happening: Callable[[Service], Any]
) -> None:
    token = service.sign_in(EMAIL, PASSWORD, HOME).access_token
    happening(service)
    with pytest.raises(Unauthenticated):
        authorize(f"Bearer {token}")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "access-0", "Bearer access-0 x"])
def test_other_forms_are_refused(service: Service, authorize: Authorize, header: str) -> None:
    service.sign_in(EMAIL, PASSWORD, HOME)
    with pytest.raises(Unauthenticated):
        authorize(header)


def test_a_key_works_in_both_headers_with_its_own_scopes(service: Service, authorize: Authorize) -> None:
    text = make_key(service)
    for found in (authorize(f"Bearer {text}"), authorize("", text)):
        assert found.principal.user_id == "01ADA"
        assert found.principal.scopes == READ
        assert found.principal.credential == f"sk_{parse_key(text).key_id}"
    with pytest.raises(Unauthenticated):
        authorize("Basic YTpi", text)  # with both headers only Authorization counts


def test_a_key_never_holds_more_than_its_owner(service: Service, authorize: Authorize) -> None:
    service.users.change("01ADA", role=Role.ADMIN)
    admin = authorize(f"Bearer {service.sign_in(EMAIL, PASSWORD, HOME).access_token}").principal
    text = str(service.manage_keys.create(admin, "admin", frozenset({Scope.ADMIN_READ, *READ}), None, HOME)[1])
    assert authorize("", text).principal.scopes == {Scope.ADMIN_READ, *READ}
    service.users.change("01ADA", role=Role.USER)
    assert authorize("", text).principal.scopes == READ


@pytest.mark.parametrize(
    "happening",
    [
        lambda s: s.users.change("01ADA", disabled=True),
        lambda s: s.users.delete(ada()),
        lambda s: s.clock.advance(86400),
        lambda s: s.keys.revoke_all("01ADA"),
    ],
    ids=["owner disabled", "owner deleted", "expired", "revoked"],
)
def test_a_key_stops_when_its_ground_goes(
    service: Service, authorize: Authorize, happening: Callable[[Service], Any]
) -> None:
    text = make_key(service, days=1)
    authorize("", text)
    happening(service)
    with pytest.raises(Unauthenticated):
        authorize("", text)


def test_a_guessed_secret_or_another_owner_is_refused(service: Service, authorize: Authorize) -> None:
    text = make_key(service)
    key_id = parse_key(text).key_id
    for wrong in (text[:-1] + ("0" if text[-1] != "0" else "1"), text.replace("01ADA", "01EVE"), f"sk_01ADA_{key_id}"):
        with pytest.raises(Unauthenticated) as refusal:
            authorize("", wrong)
        assert wrong not in str(refusal.value)


def test_the_first_use_in_an_hour_is_noted_once(service: Service, authorize: Authorize) -> None:
    text = make_key(service)
    assert authorize("", text).first_use is not None
    assert authorize("", text).first_use is None
    assert service.manage_keys.of(ADA)[0].last_used_at == "2026-11-22T12:00:00.000Z"
    service.clock.advance(3600)
    assert authorize("", text).first_use is not None
    assert service.manage_keys.of(ADA)[0].last_used_at == "2026-11-22T13:00:00.000Z"


@given(st.text(max_size=200))
def test_no_text_crashes_the_parser(text: str) -> None:
    with contextlib.suppress(Unauthenticated):
        assert str(parse_key(text)) == text


def test_a_key_shows_its_secret_nowhere_but_in_its_text() -> None:
    text = new_key_text("01ADA")
    assert parse_key(str(text)) == text
    assert text.secret not in repr(text)


@pytest.mark.parametrize(
    ("scopes", "error"),
    [
        (frozenset(), InvalidInput),
        (frozenset({Scope.ACCOUNT}), InvalidInput),
        (frozenset({Scope.ADMIN_READ}), Forbidden),
        (KEY_SCOPES, Forbidden),
    ],
)
def test_a_key_holds_only_what_its_maker_may_give(
    service: Service, scopes: frozenset[Scope], error: type[Exception]
) -> None:
    with pytest.raises(error):
        make_key(service, scopes)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_key_needs_a_name(service: Service, name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        service.manage_keys.create(ADA, name, READ, None, HOME)


def test_there_is_an_end_to_how_many_keys_one_has(service: Service) -> None:
    for _ in range(MAX_KEYS):
        make_key(service)
    with pytest.raises(LimitReached, match="API keys"):
        make_key(service)


def test_revoking_is_for_ones_own_keys(service: Service) -> None:
    key_id = parse_key(make_key(service)).key_id
    eve = ADA.__class__("01EVE", Role.USER, ADA.scopes, "token")
    with pytest.raises(NotFound):
        service.manage_keys.revoke(eve, key_id, HOME)
    service.manage_keys.revoke(ADA, key_id, HOME)
    with pytest.raises(NotFound):
        service.manage_keys.revoke(ADA, key_id, HOME)
    assert service.actions() == [Action.KEY_CREATED, Action.KEY_REVOKED]
