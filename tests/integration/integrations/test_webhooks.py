"""From a job's end to somebody else's server: real handlers, real adapters, a real socket, a ready-made verifier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
import standardwebhooks

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.adapters.outbox_mail import read_outbox
from sotto.domain.errors import Failure
from sotto.domain.identity import Role, User
from sotto.domain.job import JobStatus
from sotto.entry import webhook_wiring
from sotto.entry.principal import principal_to_context
from tests.examples import JOB_ID, NEW, NOW, OWNER, PRINCIPAL
from tests.integration.integrations.conftest import TABLE
from tests.integration.integrations.gateway import LambdaContext
from tests.integration.integrations.receiver import Receiver, receiving


@pytest.fixture
def receiver(cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("SOTTO_WEBHOOK_TARGETS", "loopback")
    for cached in (webhook_wiring.manage_webhooks, webhook_wiring.outbox_door):
        cached.cache_clear()
    with receiving() as found:
        yield found


def call(method: str, resource: str, body: Any = None, query: dict[str, str] | None = None, **path: str) -> Any:
    """Status and JSON of one request to the webhooks function."""
    from functions.webhooks.handler import handler

    event = {
        "httpMethod": method,
        "resource": resource,
        "path": resource.format(**path),
        "headers": {},
        "queryStringParameters": query,
        "body": json.dumps(body) if body is not None else None,
        "requestContext": {"requestId": "request-1", "authorizer": principal_to_context(PRINCIPAL)},
    }
    answer = handler(event, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"] or "null")


def rows() -> list[dict[str, Any]]:
    return boto3.client("dynamodb").scan(TableName=TABLE)["Items"]


def notify(event: dict[str, Any]) -> dict[str, Any]:
    from functions.notify.handler import handler

    return handler(event, LambdaContext())


def stream(seen: set[str]) -> dict[str, Any]:
    """What the table's stream says of rows that were put since the last time, until there is nothing new."""
    answer: dict[str, Any] = {}
    while True:
        new = [row for row in rows() if row["sk"]["S"] not in seen]
        if not new:
            return answer
        seen |= {row["sk"]["S"] for row in new}
        records = [
            {
                "eventName": "INSERT",
                "dynamodb": {"Keys": {"pk": row["pk"], "sk": row["sk"]}, "SequenceNumber": str(number)},
            }
            for number, row in enumerate(new)
        ]
        answer = notify({"Records": records})
        assert answer == {"batchItemFailures": []}


def add(receiver: Receiver, *events: str) -> tuple[str, str]:
    status, made = call("POST", "/webhooks", {"url": receiver.url, "events": list(events)})
    assert status == 201, made
    return made["webhook"]["id"], made["secret"]


def end_a_job() -> None:
    jobs = DynamoJobs(boto3.client("dynamodb"), TABLE)
    jobs.create(NEW, due_at=NOW)
    jobs.move(NEW, JobStatus.CANCELLED)


def log(webhook_id: str) -> list[dict[str, Any]]:
    status, found = call("GET", "/webhooks/{webhook_id}/deliveries", webhook_id=webhook_id)
    assert status == 200
    return list(found["deliveries"])


def test_the_end_of_a_job_is_told_and_signed(receiver: Receiver) -> None:
    webhook_id, secret = add(receiver)
    end_a_job()
    stream(set())
    ((headers, body),) = receiver.got
    told = standardwebhooks.Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
    assert told["type"] == "job.cancelled"
    assert told["data"]["job"]["id"] == JOB_ID
    assert told["data"]["job"]["failure"] is None
    (delivery,) = log(webhook_id)
    assert (delivery["status"], delivery["event_id"]) == ("delivered", headers["webhook-id"])
    assert [(one["status"], one["error"]) for one in delivery["attempts"]] == [(204, None)]
    assert delivery["next_try_at"] is None


def test_what_the_stream_lost_is_found_by_the_sweep(receiver: Receiver) -> None:
    """No record ever comes: the event is handed out by one sweep, and delivered by the next."""
    add(receiver)
    end_a_job()
    (event,) = [row for row in rows() if row["sk"]["S"].startswith("EVENT#")]
    key = {"pk": event["pk"], "sk": event["sk"]}
    past = {":past": {"S": "2026-01-01T00:00:00.000Z"}}  # the stream had its half-minute
    boto3.client("dynamodb").update_item(
        TableName=TABLE, Key=key, UpdateExpression="SET due_sk = :past", ExpressionAttributeValues=past
    )
    notify({"source": "aws.events"})
    notify({"source": "aws.events"})
    notify({"source": "aws.events"})
    assert len(receiver.got) == 1


def test_who_asked_for_mail_is_mailed_and_the_bus_is_told(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channels as they are wired: a row in the mail outbox, an event that a rule puts into a queue."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="ours", EventPattern=json.dumps({"source": ["sotto"]}))
    events.put_targets(Rule="ours", Targets=[{"Id": "queue", "Arn": arn}])
    monkeypatch.setenv("SOTTO_EVENT_BUS", "default")
    webhook_wiring.outbox_door.cache_clear()
    users = DynamoUsers(boto3.client("dynamodb"), TABLE)
    users.add(User(OWNER, "ada@example.org", Role.USER, "$argon2id$...", NOW, job_mails=True))
    jobs = DynamoJobs(boto3.client("dynamodb"), TABLE)
    jobs.create(NEW, due_at=NOW)
    jobs.move(NEW, JobStatus.FAILED, failure=Failure("recording_damaged", "track: expected an end", "Copy it again."))
    stream(set())
    ((_, mail),) = read_outbox(boto3.client("dynamodb"), TABLE, 10)
    assert (mail.to, mail.subject) == ("ada@example.org", "A transcript could not be made")
    (told,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    detail = json.loads(told["Body"])["detail"]
    assert (detail["owner"], detail["data"]["job"]["id"], detail["type"]) == (OWNER, JOB_ID, "job.failed")


def test_a_failing_receiver_is_tried_again_when_it_is_time(receiver: Receiver) -> None:
    receiver.answers = [500]
    webhook_id, _ = add(receiver)
    call("POST", "/webhooks/{webhook_id}/test", webhook_id=webhook_id)
    seen: set[str] = set()
    stream(seen)
    (delivery,) = log(webhook_id)
    assert (delivery["status"], delivery["attempts"][0]["status"]) == ("pending", 500)
    wait = datetime.fromisoformat(delivery["next_try_at"]) - datetime.now(UTC)
    assert 20 < wait.total_seconds() < 34
    notify({"source": "aws.events"})
    assert len(receiver.got) == 1, "it is not time yet"
    _, found = call("GET", "/webhooks/{webhook_id}", webhook_id=webhook_id)
    assert found["webhook"]["failing_since"] is not None
    status, _ = call(
        "POST",
        "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
        webhook_id=webhook_id,
        delivery_id=delivery["id"],
    )
    assert status == 202
    stream(seen)
    first, second = ({name.lower(): value for name, value in headers.items()} for headers, _ in receiver.got)
    assert first["webhook-id"] == second["webhook-id"]
    assert log(webhook_id)[0]["status"] == "delivered"


def test_a_webhook_from_its_making_to_its_end(receiver: Receiver) -> None:
    webhook_id, secret = add(receiver, "job.completed")
    assert secret.startswith("whsec_")
    _, listed = call("GET", "/webhooks")
    assert [one["id"] for one in listed["webhooks"]] == [webhook_id]
    assert listed["webhooks"][0]["events"] == ["job.completed"]
    assert secret not in json.dumps(listed), "a secret is shown once"
    _, rotated = call("POST", "/webhooks/{webhook_id}/secret", webhook_id=webhook_id)
    assert rotated["secret"] != secret
    assert rotated["old_secret_until"] > rotated["webhook"]["created_at"]
    _, resumed = call("POST", "/webhooks/{webhook_id}/resume", webhook_id=webhook_id)
    assert resumed["webhook"]["paused"] is None
    end_a_job()
    stream(set())
    assert receiver.got == [], "job.cancelled is not what it wants"
    assert call("DELETE", "/webhooks/{webhook_id}", webhook_id=webhook_id) == (204, None)
    assert call("GET", "/webhooks/{webhook_id}", webhook_id=webhook_id)[0] == 404
    assert call("GET", "/webhooks") == (200, {"webhooks": []})


@pytest.mark.parametrize("url", ["https://169.254.169.254/", "https://10.0.0.1/x", "ftp://localhost/", "https://[::]/"])
def test_an_address_inside_is_refused_when_it_is_named(receiver: Receiver, url: str) -> None:
    status, problem = call("POST", "/webhooks", {"url": url})
    assert (status, problem["code"]) == (400, "invalid_input")
    assert problem["detail"].startswith("url: expected")


def test_records_of_other_rows_are_left_alone(receiver: Receiver) -> None:
    keys = [
        ("USER#x", "JOB#1"),
        ("USER#x", "EVENT#1"),
        ("USER#x", "DELIVERY#1#2"),
        ("SYSTEM#KEYS", "EVENT#1#2"),
    ]
    records = [{"dynamodb": {"Keys": {"pk": {"S": a}, "sk": {"S": b}}, "SequenceNumber": b}} for a, b in keys]
    assert notify({"Records": records}) == {"batchItemFailures": []}


def test_a_record_that_cannot_be_read_now_comes_again(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    end_a_job()
    (event,) = [row for row in rows() if row["sk"]["S"].startswith("EVENT#")]
    boto3.client("dynamodb").delete_table(TableName=TABLE)
    record = {"dynamodb": {"Keys": {"pk": {"S": f"USER#{OWNER}"}, "sk": event["sk"]}, "SequenceNumber": "7"}}
    assert notify({"Records": [record]}) == {"batchItemFailures": [{"itemIdentifier": "7"}]}
