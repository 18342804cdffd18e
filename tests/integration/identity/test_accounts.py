"""The ways to an account, rotation with living tokens, limits and the audit log, through the real handlers."""

from __future__ import annotations

import importlib
import json
import statistics
import time
from dataclasses import replace
from typing import Any

import pytest

from sotto.adapters.dynamo_meter import metered
from sotto.domain.metering import Work
from sotto.entry import admission, identity_wiring
from tests.examples import QUEUED
from tests.integration.identity.world import ADMIN, ONE_TIME, PASSWORD, TABLE, Answer, LambdaContext, World

NEW = "an entirely new one"


def admin(world: World) -> str:
    return str(world.sign_in()["access_token"])


def test_a_service_with_an_administrator_cannot_be_bootstrapped(world: World) -> None:
    assert world.call("GET", "/auth/setup").body == {"bootstrapped": True, "sign_up": "open"}
    body = {"one_time_password": ONE_TIME, "email": "eve@example.org", "password": PASSWORD}
    assert world.call("POST", "/auth/bootstrap", body=body).status == 409


def test_a_new_service_is_bootstrapped_once(world: World) -> None:
    lock = {"pk": {"S": "SYSTEM#BOOTSTRAP"}, "sk": {"S": "LOCK"}}
    world.dynamodb.delete_item(TableName="sotto-world", Key=lock)
    body = {"one_time_password": ONE_TIME, "email": "First@example.org", "password": NEW}
    assert world.call("POST", "/auth/bootstrap", body={**body, "one_time_password": "x"}).status == 401
    made = world.call("POST", "/auth/bootstrap", body=body)
    assert (made.status, made.body["user"]["role"]) == (201, "admin")
    again = world.call("POST", "/auth/bootstrap", body={**body, "email": "second@example.org"})
    assert (again.status, again.body["code"]) == (409, "wrong_state")
    assert world.sign_in("first@example.org", NEW)["must_change_password"] is False


def test_open_sign_up_goes_by_mail(world: World) -> None:
    assert world.call("POST", "/auth/sign-up-request", body={"email": "open@example.org"}).status == 204
    token = world.mails()[0].split("invitation=")[1].split()[0]
    made = world.call("POST", "/auth/sign-up", body={"invitation": token, "password": PASSWORD})
    assert (made.status, made.body["user"]["email"]) == (201, "open@example.org")
    again = world.call("POST", "/auth/sign-up", body={"invitation": token, "password": PASSWORD})
    assert (again.status, again.body["code"]) == (400, "invalid_input")


def test_a_forgotten_password_is_reset_by_mail(world: World) -> None:
    tokens = world.join("forgot@example.org")
    assert world.call("POST", "/auth/reset-request", body={"email": "forgot@example.org"}).status == 204
    token = world.mails()[0].split("token=")[1].split()[0]
    assert world.call("POST", "/auth/reset", body={"token": token, "new_password": NEW}).status == 204
    assert world.call("GET", "/jobs", token=tokens["access_token"]).status == 401
    assert world.call("POST", "/auth/refresh", body={"refresh_token": tokens["refresh_token"]}).status == 401
    assert world.sign_in("forgot@example.org", NEW)
    nobody = world.call("POST", "/auth/reset-request", body={"email": "nobody@example.org"})
    assert (nobody.status, nobody.body) == (204, "")


def test_ones_password_is_changed_with_the_old_one(world: World) -> None:
    token = world.join("change@example.org")["access_token"]
    wrong = world.call("POST", "/auth/password", body={"old_password": "x", "new_password": NEW}, token=token)
    assert (wrong.status, wrong.body["code"]) == (400, "invalid_input")
    right = world.call("POST", "/auth/password", body={"old_password": PASSWORD, "new_password": NEW}, token=token)
    assert right.status == 204
    assert world.sign_in("change@example.org", NEW)


def test_signing_out_everywhere_ends_every_session(world: World) -> None:
    world.join("everywhere@example.org")
    tokens = [world.sign_in("everywhere@example.org") for _ in range(2)]
    assert world.call("POST", "/auth/sign-out-everywhere", token=tokens[0]["access_token"]).status == 204
    for one in tokens:
        assert world.call("GET", "/account", token=one["access_token"]).status == 401
        assert world.call("POST", "/auth/refresh", body={"refresh_token": one["refresh_token"]}).status == 401


def test_a_deleted_user_is_gone_with_all_jobs(world: World) -> None:
    tokens = world.join("deleted@example.org")["access_token"]
    user = world.call("GET", "/account", token=tokens).body["user"]["id"]
    body = {"name": "talk.wav", "size_bytes": 1000, "content_type": "audio/wav"}
    assert world.call("POST", "/jobs", body=body, token=tokens).status == 201
    assert world.call("DELETE", "/users/{user_id}", token=admin(world), user_id=user).status == 204
    rows = world.dynamodb.query(
        TableName="sotto-world",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"USER#{user}"}},
    )["Items"]
    assert rows == []
    assert world.call("GET", "/users/{user_id}", token=admin(world), user_id=user).status == 404


def test_users_are_listed_and_promoted(world: World) -> None:
    world.join("promoted@example.org")
    users: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = world.call("GET", "/users", token=admin(world), query={"limit": "2", **cursor}).body
        users += page["users"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    promoted = next(user for user in users if user["email"] == "promoted@example.org")
    assert not [key for user in users for key in user if "password_hash" in key]
    change = world.call(
        "PATCH", "/users/{user_id}", body={"role": "operator"}, token=admin(world), user_id=promoted["id"]
    )
    assert change.body["user"]["role"] == "operator"
    token = world.sign_in("promoted@example.org")["access_token"]
    assert world.call("GET", "/users", token=token).status == 200
    assert world.call("POST", "/invitations", body={"email": "x@example.org"}, token=token).status == 403


def test_a_user_is_given_limits_of_their_own_and_sees_them(world: World) -> None:
    token = world.join("limited@example.org")["access_token"]
    before = world.call("GET", "/account", token=token).body
    assert before["use"]["unfinished_jobs"] == before["use"]["minutes"] == 0
    body = {"name": "talk.wav", "size_bytes": 1000, "content_type": "audio/wav"}
    assert world.call("POST", "/jobs", body=body, token=token).status == 201

    def change(quotas: dict[str, Any]) -> Any:
        user = before["user"]["id"]
        return world.call("PATCH", "/users/{user_id}", body={"quotas": quotas}, token=admin(world), user_id=user)

    assert change({"concurrent_jobs": 1}).body["user"]["quotas"] == {
        "minutes_a_month": None,
        "concurrent_jobs": 1,
        "stored_bytes": None,
    }
    after = world.call("GET", "/account", token=token).body
    assert after["limits"] == {**before["limits"], "concurrent_jobs": 1}
    assert (after["use"]["unfinished_jobs"], after["use"]["stored_bytes"]) == (1, 1000)
    refused = world.call("POST", "/jobs", body=body, token=token)
    assert (refused.status, refused.body["code"]) == (429, "limit_reached")
    assert change({"concurrent_jobs": None}).status == 200
    assert world.call("GET", "/account", token=token).body["limits"] == before["limits"]
    assert world.call("POST", "/jobs", body=body, token=token).status == 201
    assert change({"concurrent_jobs": -1}).status == 400


def test_mails_about_jobs_are_ones_own_wish(world: World) -> None:
    token = world.join("wishes@example.org")["access_token"]
    assert world.call("GET", "/account", token=token).body["user"]["job_mails"] is False
    changed = world.call("PATCH", "/account", body={"job_mails": True}, token=token)
    assert (changed.status, changed.body["user"]["job_mails"]) == (200, True)
    assert world.call("PATCH", "/account", body={"role": "admin"}, token=token).status == 400
    assert world.call("GET", "/account", token=token).body["user"]["job_mails"] is True


def test_a_rotation_leaves_living_tokens_alive_and_a_leak_does_not(world: World) -> None:
    rotate = importlib.import_module("functions.rotate_keys.handler").handler
    old = admin(world)
    before = {key["kid"] for key in world.call("GET", "/auth/jwks").body["keys"]}
    assert rotate({"source": "aws.events"}, LambdaContext())["public_key"]
    after = {key["kid"] for key in world.call("GET", "/auth/jwks").body["keys"]}
    assert before < after
    assert world.call("GET", "/jobs", token=old).status == 200
    assert world.call("GET", "/jobs", token=admin(world)).status == 200

    rotate({"leaked": True}, LambdaContext())
    for cached in (identity_wiring._current_key, identity_wiring._issue):
        cached.cache_clear()  # as a process does within a minute
    world.open()  # an authorizer that has not seen the old key; a running one remembers it for a minute
    assert world.call("GET", "/jobs", token=old).status == 401
    assert not before & {key["kid"] for key in world.call("GET", "/auth/jwks").body["keys"]}


def test_too_many_requests_say_when_to_come_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = world.join("busy@example.org")["access_token"]
    monkeypatch.setenv("SOTTO_REQUESTS_PER_MINUTE", "6")
    monkeypatch.setenv("SOTTO_REQUEST_BURST", "2")
    admission._admission.cache_clear()
    try:
        answers = [world.call("GET", "/jobs", token=token) for _ in range(3)]
    finally:
        admission._admission.cache_clear()
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 10
    assert "at most 6 a minute" in answers[2].body["detail"]


def test_guessing_is_slowed_down_over_http(world: World) -> None:
    world.address = "198.51.100.77"
    try:
        body = {"email": "guessed@example.org", "password": "wrong password"}
        statuses = [world.call("POST", "/auth/sign-in", body=body).status for _ in range(6)]
        late = world.call("POST", "/auth/sign-in", body=body)
    finally:
        world.address = "192.0.2.1"
    assert statuses[:5] == [401] * 5
    assert (late.status, late.body["code"]) == (429, "limit_reached")
    assert int(late.headers["Retry-After"]) >= 1


def test_a_dead_letter_is_seen_and_redriven(world: World) -> None:
    """mark_failed as Lambda calls it, then the administrator's routes."""
    token = world.join("unlucky@example.org")["access_token"]
    body = {"name": "talk.wav", "size_bytes": 1000, "content_type": "audio/wav"}
    made = world.call("POST", "/jobs", body=body, token=token).body
    key = made["upload"]["url"].split("?")[0].partition("/sotto-world/")[2]
    arrival = {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}]}
    record = {
        "messageId": "message-1",
        "receiptHandle": "receipt",
        "body": json.dumps(arrival),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795780800000"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:sotto-audio-arrived-dlq",
    }
    mark_failed = importlib.import_module("functions.mark_failed.handler").handler
    assert mark_failed({"Records": [record]}, LambdaContext()) == {"batchItemFailures": []}
    assert world.call("GET", "/jobs/{job_id}", token=token, job_id=made["job"]["id"]).body["job"]["status"] == "FAILED"

    mine = {"job_id": made["job"]["id"]}
    seen = world.call("GET", "/admin/dlq", query=mine, token=admin(world)).body
    assert [one["name"] for one in seen["queues"]] == ["arrived"]
    (letter,) = seen["letters"]
    assert (letter["queue"], letter["failure"]["code"]) == ("sotto-audio-arrived-dlq", "part_failed_repeatedly")
    assert "talk.wav" not in json.dumps(letter), "operators read it"
    # Its upload was never seen, so there is nothing to try again.
    done = world.call("POST", "/admin/dlq/redrive", body=mine, token=admin(world)).body
    assert [one["outcome"] for one in done["letters"]] == ["wrong_state"]
    assert world.call("GET", "/admin/dlq", token=token).status == 403


def test_the_work_of_any_account_is_shown_to_those_who_look_after_the_service(world: World) -> None:
    tokens = [world.join(f"{name}@example.org")["access_token"] for name in ("worker", "onlooker")]
    busy, curious = (world.call("GET", "/account", token=token).body["user"]["id"] for token in tokens)
    work = metered(TABLE, replace(QUEUED, owner=busy, credential="sk_1"), Work(12.5, "2026-11-22"), 60.0)
    world.dynamodb.update_item(**work)

    def usage(user_id: str, token: str, month: str = "2026-11") -> Answer:
        return world.call("GET", "/users/{user_id}/usage", token=token, user_id=user_id, query={"month": month})

    found = usage(busy, admin(world))
    assert found.status == 200
    assert (found.body["month"], found.body["audio_s"], found.body["engine_s"]) == ("2026-11", 60.0, 12.5)
    assert [(day["day"], day["credential"]) for day in found.body["days"]] == [("2026-11-22", "sk_1")]
    assert found.body == world.call("GET", "/usage", token=tokens[0], query={"month": "2026-11"}).body
    assert usage(busy, admin(world), "2026-10").body["days"] == []
    assert usage(curious, admin(world)).body["engine_s"] == 0
    assert usage(busy, tokens[1]).status == 403
    assert usage("01NOBODY", admin(world)).status == 404


def test_the_audit_log_tells_who_did_what(world: World) -> None:
    token = admin(world)
    made = world.call("POST", "/keys", body={"name": "ci", "scopes": ["jobs:read"], "expires_in_days": 1}, token=token)
    assert made.body["key"]["expires_at"].endswith("Z")
    assert world.call("GET", "/jobs", token=made.body["secret"]).status == 200
    today = time.strftime("%Y-%m-%d", time.gmtime())
    page = world.call("GET", "/audit", token=token, query={"day": today, "limit": "100"}).body
    found = {(entry["action"], entry["credential"]) for entry in page["entries"]}
    assert ("key-used", made.body["key"]["prefix"]) in found
    assert ("key-created", "token") in found
    assert {"sign-in", "audit-read"} <= {action for action, _ in found}
    assert all(entry["request_id"] and entry["address"] for entry in page["entries"])
    bad = world.call("GET", "/audit", token=token, query={"day": "yesterday"})
    assert (bad.status, bad.body["code"]) == (400, "invalid_input")


def test_sign_in_takes_as_long_for_an_unknown_account(world: World) -> None:
    """Both pay one argon2id computation. The medians may differ by the time of the one row that is not there."""

    def median(email: str, address: str) -> float:
        times = []
        for number in range(5):
            world.address = f"{address}.{number}"
            start = time.perf_counter()
            answer = world.call("POST", "/auth/sign-in", body={"email": email, "password": "wrong password"})
            times.append(time.perf_counter() - start)
            assert answer.status == 401
        world.address = "192.0.2.1"
        return statistics.median(times)

    median("warm-up@example.org", "203.0.113")
    known, unknown = median(ADMIN, "198.51.100"), median("nobody@example.org", "198.18.0")
    assert abs(known - unknown) < 0.5 * max(known, unknown)
