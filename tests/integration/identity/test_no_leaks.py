"""No answer, log line or exception text holds a password, a token, a key or what was said, whatever is sent where."""

from __future__ import annotations

import importlib
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.domain.job import Job, JobStatus
from sotto.domain.renderings import render
from tests.examples import JOB_ID, NOW, QUEUED
from tests.integration.identity.world import (
    BUCKET,
    ONE_TIME,
    PASSWORD,
    SEED,
    TABLE,
    LambdaContext,
    Route,
    World,
    routes_of_template,
)
from tests.unit.domain.test_edits import MEETING

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
SPOKEN = "Quetzalcoatl"
"""A word of the caller's transcript: it leaves by the routes that are there for it, and for its owner alone."""
WHAT_WAS_SAID = {("GET", f"/jobs/{{job_id}}/{name}") for name in ("transcript", "segments", "diff")} | {
    ("GET", "/search")
}
EDIT = {"base_version": 1, "operations": [{"op": "replace", "first": 2, "last": 2, "text": SPOKEN}]}
QUERIES: dict[Route, dict[str, str]] = {
    ("GET", "/jobs/{job_id}/transcript"): {"format": "txt"},
    ("GET", "/jobs/{job_id}/diff"): {"from": "1", "to": "2"},
    ("GET", "/search"): {"q": SPOKEN.lower()},
}
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
        if record.name == "werkzeug":
            return  # moto's server, which is AWS here
        facts = {name: value for name, value in vars(record).items() if name not in ("exc_info", "args")}
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.lines.append(f"{record.getMessage()} {facts!r} {trace}")


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    doors = set(routes_of_template()[0].values())
    loggers = [logging.getLogger(name) for name in ("", "sotto.authorizer", *doors)]
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


def transcribed(world: World, token: str) -> Job:
    """A completed job of the token's owner, whose transcript says SPOKEN and is indexed for search."""
    owner = world.call("GET", "/account", token=token).body["user"]["id"]
    key = f"transcripts/{owner}/{JOB_ID}/1/transcript.json"
    done = replace(QUEUED.timings, completed_at=NOW)
    job = replace(QUEUED, owner=owner, status=JobStatus.COMPLETED, transcript_key=key, timings=done)
    DynamoJobs(world.dynamodb, TABLE).create(job, due_at=NOW)
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=render(MEETING, "json").replace(b"Otto", SPOKEN.encode()))
    record = {"dynamodb": {"SequenceNumber": "1", "Keys": {"pk": {"S": f"USER#{owner}"}, "sk": {"S": f"JOB#{job.id}"}}}}
    index_words = importlib.import_module("functions.index_words.handler").handler
    assert index_words({"Records": [record]}, LambdaContext()) == {"batchItemFailures": []}
    return job


def test_whatever_is_sent_no_secret_comes_back_or_is_logged(world: World, recorder: Recorder) -> None:
    tokens = world.join("leak@example.org")
    job = transcribed(world, tokens["access_token"])
    scopes = ["jobs:read", "jobs:write"]
    made = world.call("POST", "/keys", body={"name": "ci", "scopes": scopes}, token=tokens["access_token"])
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
        st.just(EDIT),
    )
    # Often what gets to what was said: the key outlives what is done to the session on the way.
    routes = st.sampled_from([*ROUTES, *sorted(WHAT_WAS_SAID) * 4])
    bearers = st.sampled_from([*secrets, None, *[key] * len(secrets)])

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(routes, bodies, bearers, st.sampled_from(secrets), st.booleans())
    def send(route: Route, body: Any, bearer: str | None, piece: str, own: bool) -> None:
        if route == ("POST", "/auth/sign-out-everywhere") or bearer == ONE_TIME:
            bearer = None  # else the living token would not live for the rest of the test
        path = dict.fromkeys(re.findall(r"{(\w+)}", route[1]), piece)
        query = {"format": piece, "cursor": piece}
        if own and (route in WHAT_WAS_SAID or route[1].endswith("/edits")):
            path = dict.fromkeys(path, job.id)
            query = QUERIES.get(route, {})
        del recorder.lines[:]
        answer = world.call(*route, body=body, token=bearer, query=query, **path)
        text = without_the_rightful(route, answer.body)
        if SPOKEN in text:
            assert route in WHAT_WAS_SAID, (route, answer.status)
            assert bearer in (tokens["access_token"], key)
            heard.add(route)
        for secret in secrets:
            # What a caller puts into the path or the query of its own request may be named in its own answer.
            if secret != piece:
                assert secret not in text, (route, answer.status)
        for secret in (*secrets, SPOKEN, job.owner, "leak@example.org"):  # nor who it was: a log names a fingerprint
            assert not [line for line in recorder.lines if secret in line], route
        assert answer.status != 500, (route, answer.body)

    heard: set[Route] = set()
    send()
    assert len(heard) > 1, "expected what was said to leave by its own routes, found that it was hardly asked for"


def test_what_was_said_is_in_no_message_about_a_transcript_that_cannot_be_read(
    world: World, recorder: Recorder
) -> None:
    token = world.join("broken@example.org")["access_token"]
    job = transcribed(world, token)
    broken = json.dumps({"segments": [{"text": [SPOKEN]}, SPOKEN], "language": SPOKEN, "job_id": [SPOKEN]})
    world.s3.put_object(Bucket=BUCKET, Key=str(job.transcript_key), Body=broken)
    answer = world.call("GET", "/jobs/{job_id}/transcript", token=token, job_id=job.id)
    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert any("ValidationError" in line for line in recorder.lines), "the log says what happened"
    assert not [line for line in recorder.lines if SPOKEN in line]
    assert SPOKEN not in json.dumps(answer.body)


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
