"""How a job ended reaches its owner's mail and the event bus, through the table's stream of the whole stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.e2e.caller import Caller
from tests.e2e.conftest import RunningStack, sotto
from tests.waiting import until

pytestmark = pytest.mark.e2e
PATIENCE_S = 60
Heard = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def heard(stack: RunningStack) -> Iterator[Heard]:
    """What a rule for our events brings into a queue."""

    events, sqs = stack.aws("events"), stack.aws("sqs")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="heard", EventPattern=json.dumps({"source": ["sotto"]}))
    events.put_targets(Rule="heard", Targets=[{"Id": "queue", "Arn": arn}])
    found: list[dict[str, Any]] = []

    def receive() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        found.extend(json.loads(message["Body"]) for message in messages)
        return found

    yield receive
    events.remove_targets(Rule="heard", Ids=["queue"])
    events.delete_rule(Name="heard")
    sqs.delete_queue(QueueUrl=queue)


def test_a_job_that_ends_is_mailed_and_published(caller: Caller, stack: RunningStack, heard: Heard) -> None:
    assert caller.http.patch("account", json={"job_mails": True}).status_code == 200
    try:
        job = caller.submit(ROOT / "tests/audio/sample.ogg", "audio/ogg")
        assert caller.wait(job["id"])["status"] == "COMPLETED"
        until(lambda: [one for one in heard() if one["detail"]["data"]["job"]["id"] == job["id"]], PATIENCE_S)
        (event,) = [one for one in heard() if one["detail"]["data"]["job"]["id"] == job["id"]]
        assert event["detail-type"] == "job.completed"
        assert event["detail"]["data"]["job"]["status"] == "COMPLETED"
        until(lambda: job["id"] in sotto("mail", "--state", str(stack.state)).stdout, PATIENCE_S)
        mail = sotto("mail", "--state", str(stack.state)).stdout
        assert f"To: {stack.credentials[0]}" in mail
        assert "Subject: Your transcript is ready" in mail
        assert "sample.ogg" not in mail, "what a recording is called is its owner's business, not the mail servers'"
    finally:
        caller.http.patch("account", json={"job_mails": False})
