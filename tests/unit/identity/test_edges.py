"""The edge of the identity room: the principal's context, the caller's address, the authorizer's settings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sotto.adapters.sigv4_dynamo import Credentials
from sotto.domain.access import PUBLIC, ROUTE_SCOPES, require_scope
from sotto.domain.errors import Forbidden, MisconfiguredSetting, Unauthenticated
from sotto.domain.identity import ROLE_SCOPES, Principal, Role, Scope
from sotto.entry.authorizer import make_authorizer
from sotto.entry.environment import required
from sotto.entry.origin import origin_of
from sotto.entry.principal import principal_from_event, principal_to_context
from sotto.entry.settings import AuthSettings
from tests.unit.identity.conftest import ADA

LAMBDA = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "SOTTO_TABLE": "t",
    "SOTTO_ISSUER": "urn:sotto:test",
    "SOTTO_AUDIENCE": "sotto-api",
}


@pytest.mark.parametrize("role", list(Role))
def test_a_principal_survives_the_gateway(role: Role) -> None:
    principal = Principal("01ADA", role, ROLE_SCOPES[role], "sk_0123456789")
    context = principal_to_context(principal)
    assert all(isinstance(value, str) for value in context.values())
    assert principal_from_event({"requestContext": {"authorizer": context}}) == principal


@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        {"user_id": "01ADA"},
        {**principal_to_context(ADA), "user_id": ""},
        {**principal_to_context(ADA), "role": "root"},
        {**principal_to_context(ADA), "scopes": "jobs:everything"},
        {**principal_to_context(ADA), "scopes": None},
    ],
)
def test_without_the_authorizers_word_nobody_is_signed_in(context: Any) -> None:
    with pytest.raises(Unauthenticated):
        principal_from_event({"requestContext": {"authorizer": context}})
    with pytest.raises(Unauthenticated):
        principal_from_event({"headers": context})


def test_every_route_has_one_scope_or_is_public_and_each_role_reaches_its_own() -> None:
    assert not PUBLIC & set(ROUTE_SCOPES)
    for (method, route), scope in ROUTE_SCOPES.items():
        for role in Role:
            principal = Principal("01ADA", role, ROLE_SCOPES[role], "token")
            if scope in ROLE_SCOPES[role]:
                require_scope(principal, method, route)
            else:
                with pytest.raises(Forbidden, match=scope):
                    require_scope(principal, method, route)


def test_a_route_that_nobody_thought_of_is_refused() -> None:
    with pytest.raises(Forbidden, match="stated scope"):
        require_scope(Principal("01ADA", Role.ADMIN, frozenset(Scope), "token"), "GET", "/new")


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        (None, 0, "10.0.0.9"),
        ("192.0.2.7, 10.0.0.9", 0, "10.0.0.9"),
        ("192.0.2.7, 10.0.0.9", 1, "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 10.0.0.9", 1, "192.0.2.7"),
        ("10.0.0.9", 1, "10.0.0.9"),
        (None, 1, "10.0.0.9"),
    ],
)
def test_a_caller_cannot_choose_its_own_address(forwarded: str | None, proxies: int, address: str) -> None:
    event = {
        "headers": {"X-Forwarded-For": forwarded} if forwarded else None,
        "requestContext": {"requestId": "r", "identity": {"sourceIp": "10.0.0.9"}},
    }
    assert origin_of(event, proxies).address == address


def test_an_event_without_a_context_has_an_unknown_origin() -> None:
    assert origin_of({}).address == origin_of({}).request_id == "unknown"


@pytest.mark.parametrize("missing", sorted(LAMBDA))
def test_the_authorizer_names_the_setting_that_is_missing(missing: str) -> None:
    with pytest.raises(MisconfiguredSetting, match=f"{missing}.*Fix: "):
        make_authorizer({**LAMBDA, missing: " "})


@pytest.mark.parametrize("key", ["SOTTO_AUDIT_DAYS", "SOTTO_TRUSTED_PROXIES"])
@pytest.mark.parametrize("value", ["never", "-1", "1.5", "²"])
def test_the_authorizer_names_the_setting_that_is_no_number(key: str, value: str) -> None:
    make_authorizer({**LAMBDA, key: ""})
    with pytest.raises(MisconfiguredSetting, match=f"{key}: expected .*, found '{value}'.*Fix: "):
        make_authorizer({**LAMBDA, key: value})


def test_the_authorizer_is_made_from_its_settings_alone() -> None:
    make_authorizer(LAMBDA)
    make_authorizer({**LAMBDA, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/creds"})


@pytest.mark.parametrize("value", ["changeme", "CHANGE-ME", "todo", "xxx", "<your table>", "your-table", "example"])
def test_a_placeholder_is_refused(value: str) -> None:
    with pytest.raises(MisconfiguredSetting, match="placeholder"):
        required({"SOTTO_TABLE": value}, "SOTTO_TABLE", "a name")


def test_mail_by_ses_needs_a_sender() -> None:
    settings = {
        "SOTTO_TABLE": "t",
        "SOTTO_SIGNING_SECRET": "s",
        "SOTTO_BOOTSTRAP_SECRET": "b",
        "SOTTO_ISSUER": "i",
        "SOTTO_AUDIENCE": "a",
    }
    assert AuthSettings.from_environment(settings).mail == "outbox"
    with pytest.raises(MisconfiguredSetting, match=r"SOTTO_MAIL_FROM.*SES"):
        AuthSettings.from_environment({**settings, "SOTTO_MAIL": "ses"})
    assert AuthSettings.from_environment({**settings, "SOTTO_MAIL": "ses", "SOTTO_MAIL_FROM": "a@b.org"}).mail == "ses"


def test_credentials_do_not_show_in_a_repr() -> None:
    assert "wJalr" not in repr(Credentials("AKID", "wJalr", "wJalrToken"))


def test_the_sample_request_holds_a_principal(events: Any) -> None:
    sample = json.loads((events / "7-status-request.json").read_text())
    assert principal_from_event(sample).scopes
