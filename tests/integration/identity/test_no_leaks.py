"""No answer, log line or exception text holds a password, a token or a key, whatever is sent where."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.identity.world import ONE_TIME, PASSWORD, SEED, Route, World, routes_of_template

ROUTES = sorted(routes_of_template()[0])
FIELDS = (
    "email",
    "password",
    "old_password",
    "new_password",
    "one_time_password",
    "refresh_token",
    "token",
    "invitation",
    "name",
    "scopes",
    "role",
    "expires_in_days",
    "model",
    "language",
    "prompt",
)
MAY_ANSWER_WITH_SECRETS = {
    ("POST", "/auth/sign-in"): {"access_token", "refresh_token"},
    ("POST", "/auth/refresh"): {"access_token", "refresh_token"},
    ("POST", "/keys"): {"secret"},
}


class Recorder(logging.Handler):
    """Everything that is logged, before any formatter could hide it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        facts = {name: value for name, value in vars(record).items() if name not in ("exc_info", "args")}
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.lines.append(f"{record.getMessage()} {facts!r} {trace}")


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    loggers = [logging.getLogger(name) for name in ("auth", "admin", "jobs", "uploads", "sotto.authorizer")]
    for logger in loggers:
        logger.addHandler(recorder)
    yield recorder
    for logger in loggers:
        logger.removeHandler(recorder)


def without_the_rightful(route: Route, body: Any) -> str:
    """The answer's text less the fields that are there to hand a secret over."""
    allowed = MAY_ANSWER_WITH_SECRETS.get(route, set())
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in allowed}
    return json.dumps(body)


def test_whatever_is_sent_no_secret_comes_back_or_is_logged(world: World, recorder: Recorder) -> None:
    tokens = world.join("leak@example.org")
    made = world.call("POST", "/keys", body={"name": "ci", "scopes": ["jobs:read"]}, token=tokens["access_token"])
    key = made.body["secret"]
    world.call("POST", "/auth/reset-request", body={"email": "leak@example.org"})
    reset = world.mails()[0].split("token=")[1].split()[0]
    secrets = [
        PASSWORD,
        "Tr0ub4dor-and-3-more",
        ONE_TIME,
        SEED,
        reset,
        key,
        tokens["access_token"],
        tokens["refresh_token"],
        "iv_0001.aaaaaaaaaaaaaaaaaaaa",
    ]
    values = st.one_of(st.sampled_from(secrets), st.integers(), st.lists(st.sampled_from(secrets), max_size=2))
    bodies = st.one_of(
        st.dictionaries(st.sampled_from(FIELDS), values, max_size=6),
        st.sampled_from(secrets),  # not even JSON
    )

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(ROUTES), bodies, st.sampled_from([*secrets, None]), st.sampled_from(secrets))
    def send(route: Route, body: Any, bearer: str | None, piece: str) -> None:
        if route == ("POST", "/auth/sign-out-everywhere") or bearer == ONE_TIME:
            bearer = None  # else the living token would not live for the rest of the test
        path = dict.fromkeys(re.findall(r"{(\w+)}", route[1]), piece)
        del recorder.lines[:]
        answer = world.call(*route, body=body, token=bearer, query={"format": piece, "cursor": piece}, **path)
        text = without_the_rightful(route, answer.body)
        for secret in secrets:
            # What a caller puts into the path or the query of its own request may be named in its own answer.
            if secret != piece:
                assert secret not in text, (route, answer.status)
            assert not [line for line in recorder.lines if secret in line], route
        assert answer.status != 500, (route, answer.body)

    send()


def test_an_unexpected_error_shows_nothing_of_itself(
    world: World, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sotto.adapters import dynamo_users

    def broken(*_: object) -> None:
        raise RuntimeError(f"row {PASSWORD}")

    monkeypatch.setattr(dynamo_users.DynamoUsers, "by_email", broken)
    answer = world.call("POST", "/auth/sign-in", body={"email": "a@example.org", "password": PASSWORD})
    assert answer.status == 500
    assert answer.body["code"] == "internal_error"
    assert PASSWORD not in json.dumps(answer.body)
    assert "RuntimeError" not in json.dumps(answer.body)
