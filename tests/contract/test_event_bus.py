"""The event bus: what is published comes out of a rule, from the fake and from EventBridge alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from sotto.adapters.eventbridge_bus import EventBridgeBus
from sotto.domain.errors import EventBusUnavailable
from sotto.workflows.webhook_ports import EventBus
from tests.fakes.webhooks import RecordingBus

BUS = "office"
DETAIL = {"id": "01K0EVENT", "owner": "01ADA", "timestamp": "2026-11-22T12:00:00.000Z", "data": {"failure": None}}
Received = Callable[[], list[tuple[str, dict[str, Any]]]]


@pytest.fixture(params=["memory", "eventbridge"])
def bus(request: pytest.FixtureRequest) -> tuple[EventBus, Received]:
    if request.param == "memory":
        fake = RecordingBus()
        return fake, lambda: fake.published
    request.getfixturevalue("aws")
    events, sqs = boto3.client("events"), boto3.client("sqs")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name=BUS)
    events.put_rule(Name="ours", EventBusName=BUS, EventPattern=json.dumps({"source": ["sotto"]}))
    events.put_targets(Rule="ours", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn}])

    def received() -> list[tuple[str, dict[str, Any]]]:
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        bodies = [json.loads(one["Body"]) for one in found]
        return [(body["detail-type"], body["detail"]) for body in bodies]

    return EventBridgeBus(events, BUS), received


def test_an_event_reaches_whoever_has_a_rule_for_it(bus: tuple[EventBus, Received]) -> None:
    sender, received = bus
    sender.publish("job.completed", DETAIL)
    assert received() == [("job.completed", DETAIL)]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("refused", [True, False])
def test_what_the_bus_does_not_take_is_not_lost_in_silence(refused: bool) -> None:
    client = boto3.client("events")
    with Stubber(client) as stub:
        if refused:  # the call succeeds, the entry does not
            answer = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
            stub.add_response("put_events", answer)
        else:
            stub.add_client_error("put_events", "ThrottlingException")
        with pytest.raises(EventBusUnavailable, match="found ThrottlingException"):
            EventBridgeBus(client, BUS).publish("job.completed", DETAIL)
