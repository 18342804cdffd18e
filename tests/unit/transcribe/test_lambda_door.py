"""The container's Lambda door: which records come back to the queue, and when."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sotto.adapters.sqs_retries import SqsRetries
from sotto.domain.errors import RecordingDamaged, StorageUnavailable
from sotto.domain.job import JobStatus
from sotto.entry import wiring
from tests.unit.transcribe.conftest import Inside

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
VISIBILITY_S = 3600


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A queue like the template's: an hour until a message comes back by itself."""
    with mock_aws():
        sqs = boto3.client("sqs")
        monkeypatch.setattr(wiring, "retries", lambda: SqsRetries(sqs))
        attributes = {"VisibilityTimeout": str(VISIBILITY_S)}
        yield sqs.create_queue(QueueName="parts-fast", Attributes=attributes)["QueueUrl"]


@pytest.fixture
def handler(inside: Inside) -> Handler:
    module = importlib.import_module("functions.transcribe.lambda_handler")
    return importlib.reload(module).handler  # type: ignore[no-any-return]


def received(url: str, body: str) -> dict[str, Any]:
    """The event that Lambda makes of a message that was just received."""
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody=body)
    (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:parts-fast",
        "awsRegion": "eu-central-1",
    }
    return {"Records": [record]}


def call(handler: Handler, event: dict[str, Any]) -> list[str]:
    answer = handler(event, SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 1000))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def hidden_for(url: str) -> float:
    """Seconds until the queue's only message is visible again, as moto knows it."""
    from moto.core.utils import unix_time_millis
    from moto.sqs.models import sqs_backends

    (message,) = sqs_backends["123456789012"]["eu-central-1"].queues["parts-fast"]._messages
    return (message.visible_at - unix_time_millis()) / 1000


def test_a_part_is_transcribed_and_consumed(handler: Handler, inside: Inside, url: str, body: str) -> None:
    assert call(handler, received(url, body)) == []
    assert inside.speech.calls == [inside.part.part.index]


def test_the_model_is_loaded_before_the_first_part(handler: Handler, inside: Inside) -> None:
    assert inside.worker.warm_up().model is not None


def test_a_rejected_recording_is_consumed_for_its_job_has_failed(
    handler: Handler, inside: Inside, url: str, body: str
) -> None:
    inside.speech.error = RecordingDamaged("recording: expected sound, found none")
    assert call(handler, received(url, body)) == []
    assert inside.job.status is JobStatus.FAILED


def test_an_outage_brings_the_message_back_soon(handler: Handler, inside: Inside, url: str, body: str) -> None:
    inside.speech.error = StorageUnavailable("bucket: expected an answer, found none", retry_after_s=30)
    event = received(url, body)
    assert call(handler, event) == [event["Records"][0]["messageId"]]
    assert 25 < hidden_for(url) <= 30


@pytest.mark.parametrize("other", ["not JSON", json.dumps({"type": "other"})])
def test_what_is_no_part_goes_on_to_the_dead_letters(handler: Handler, inside: Inside, url: str, other: str) -> None:
    assert len(call(handler, received(url, other))) == 1
    assert hidden_for(url) <= 10
    assert inside.speech.calls == []


def test_a_message_whose_queue_is_gone_still_counts_as_failed(
    handler: Handler, inside: Inside, url: str, body: str
) -> None:
    inside.speech.error = StorageUnavailable("bucket: expected an answer, found none")
    event = received(url, body)
    boto3.client("sqs").delete_queue(QueueUrl=url)
    assert len(call(handler, event)) == 1
