"""A setting or a secret that is missing takes down what needs it, and says so by name; everything else goes on."""

from __future__ import annotations

import json

import pytest

from tests.integration.identity.conftest import forget
from tests.integration.identity.world import ADMIN, ONE_TIME, PASSWORD, SEED, World

SIGN_IN = {"email": ADMIN, "password": PASSWORD}
NAMED = {
    "SOTTO_SIGNING_SECRET": "signing_secret",
    "SOTTO_BOOTSTRAP_SECRET": "bootstrap_secret",
    "SOTTO_ISSUER": "token_issuer",
}
"""Settings of sign-in, and the check of /readyz that says so."""


@pytest.fixture
def token(world: World) -> str:
    """Signed in while all was well."""
    forget()
    return str(world.sign_in()["access_token"])


def what_stays_up(world: World, token: str) -> None:
    assert world.call("GET", "/livez").status == 200
    assert world.call("GET", "/auth/setup").body["bootstrapped"] is True
    assert world.call("GET", "/jobs", token=token).status == 200
    assert world.call("GET", "/users", token=token).status == 200


@pytest.mark.parametrize("value", ["", "changeme"])
@pytest.mark.parametrize("key", NAMED)
def test_a_setting_of_sign_in_takes_down_sign_in_alone(
    world: World, token: str, monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    monkeypatch.setenv(key, value)
    forget()
    what_stays_up(world, token)
    refused = world.call("POST", "/auth/sign-in", body=SIGN_IN)
    assert (refused.status, refused.body["code"]) == (500, "misconfigured")
    assert key in refused.body["detail"]
    assert "changeme" not in refused.body["detail"]
    ready = world.call("GET", "/readyz")
    assert ready.status == 503
    assert [name for name, said in ready.body["checks"].items() if said == "failed"] == [NAMED[key]]
    forget()


def test_a_setting_of_the_audit_takes_down_who_writes_it(
    world: World, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs are read by a function that does not know of it."""
    monkeypatch.setenv("SOTTO_AUDIT_DAYS", "never")
    forget()
    assert world.call("GET", "/livez").status == 200
    assert world.call("GET", "/jobs", token=token).status == 200
    assert world.call("GET", "/readyz").status == 200
    refused = world.call("GET", "/users", token=token)
    assert (refused.status, refused.body["code"]) == (500, "misconfigured")
    forget()


def test_a_secret_that_is_gone_takes_down_sign_in_alone_and_readyz_names_it(world: World, token: str) -> None:
    world.secrets.delete_secret(SecretId="signing", ForceDeleteWithoutRecovery=True)
    try:
        forget()
        what_stays_up(world, token)
        refused = world.call("POST", "/auth/sign-in", body=SIGN_IN)
        assert (refused.status, refused.body["code"]) == (503, "storage_unavailable")
        ready = world.call("GET", "/readyz")
        assert ready.status == 503
        assert ready.body["checks"] == {
            "settings": "ok",
            "table": "ok",
            "bucket": "ok",
            "queues": "ok",
            "signing_secret": "failed",
            "bootstrap_secret": "ok",
            "token_issuer": "ok",
        }
    finally:
        world.secrets.create_secret(Name="signing", SecretString=json.dumps({"retired": [], "seed": SEED}))
        forget()
    assert world.sign_in()


def test_the_bootstraps_secret_is_needed_by_nothing_once_there_is_an_administrator(world: World) -> None:
    world.secrets.delete_secret(SecretId="bootstrap", ForceDeleteWithoutRecovery=True)
    try:
        forget()
        assert world.call("GET", "/readyz").status == 200
        assert world.sign_in()
        body = {"one_time_password": ONE_TIME, "email": "eve@example.org", "password": PASSWORD}
        assert world.call("POST", "/auth/bootstrap", body=body).status == 409
    finally:
        world.secrets.create_secret(Name="bootstrap", SecretString=json.dumps({"password": ONE_TIME}))
        forget()


def test_what_readyz_says_of_a_missing_setting_is_a_name_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOTTO_TABLE", "changeme")
    forget()
    ready = world.call("GET", "/readyz")
    assert ready.body == {"status": "not_ready", "checks": {"settings": "failed"}}
    forget()
