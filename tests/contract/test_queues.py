"""The queues: what goes in comes out, in the shape that the consumer reads."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from sotto.adapters.sqs_queues import SqsArrivals, SqsFetches, SqsParts
from sotto.domain.errors import QueueUnavailable
from sotto.domain.events import FetchRequested, ObjectCreated, PartQueued
from sotto.domain.parts import Lane
from tests.examples import NEW, RECORDING
from tests.fakes.queues import InMemoryArrivals, InMemoryFetches, InMemoryParts


@pytest.fixture
def queue(aws: None) -> str:
    return boto3.client("sqs").create_queue(QueueName="parts")["QueueUrl"]


def _bodies(url: str) -> list[str]:
    bodies: list[str] = []
    while messages := boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in messages]
    return bodies


def test_every_part_is_sent_however_many(queue: str, events) -> None:
    part = PartQueued.model_validate_json((events / "3-part-queued.json").read_text())
    parts = [part.model_copy(update={"attempt": n}) for n in range(25)]
    memory = InMemoryParts()
    for parts_queue in (memory, SqsParts(boto3.client("sqs"), {Lane.FAST: "unused", Lane.BULK: queue})):
        parts_queue.send(iter(parts), Lane.BULK)
    received = [PartQueued.model_validate_json(body) for body in _bodies(queue)]
    assert sorted(received, key=lambda one: one.attempt) == parts
    assert memory.sent == [(Lane.BULK, one) for one in parts]


def test_the_queue_is_told_whose_a_part_is_so_that_nobody_holds_up_the_others(queue: str, events) -> None:
    part = PartQueued.model_validate_json((events / "3-part-queued.json").read_text())
    parts = [part.model_copy(update={"owner": owner}) for owner in ("ada", "eve")]
    SqsParts(boto3.client("sqs"), {Lane.FAST: queue}).send(parts, Lane.FAST)
    found = boto3.client("sqs").receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
    )["Messages"]
    groups = {PartQueued.model_validate_json(one["Body"]).owner: one["Attributes"]["MessageGroupId"] for one in found}
    assert groups == {"ada": "ada", "eve": "eve"}


def test_an_announced_upload_reads_like_the_buckets_own_event(queue: str) -> None:
    memory = InMemoryArrivals()
    for arrivals in (memory, SqsArrivals(boto3.client("sqs"), queue, "sotto-data")):
        arrivals.announce("uploads/o/j/Café + 1.wav", RECORDING)
    (body,) = _bodies(queue)
    (record,) = ObjectCreated.model_validate_json(body).records
    assert [record.s3.object.decoded_key] == memory.announced == ["uploads/o/j/Café + 1.wav"]
    assert record.s3.bucket.name == "sotto-data"


def test_a_request_to_fetch_names_the_job_and_not_the_address(queue: str) -> None:
    job = replace(NEW, source_url="https://example.org/talk.mp3?secret=1")
    memory = InMemoryFetches()
    for fetches in (memory, SqsFetches(boto3.client("sqs"), queue)):
        fetches.request(job)
    (body,) = _bodies(queue)
    assert [FetchRequested.model_validate_json(body)] == memory.asked
    assert "example.org" not in body


def test_a_queue_that_is_gone_is_unavailable(queue: str, events) -> None:
    part = PartQueued.model_validate_json((events / "3-part-queued.json").read_text())
    boto3.client("sqs").delete_queue(QueueUrl=queue)
    with pytest.raises(QueueUnavailable, match="queue"):
        SqsParts(boto3.client("sqs"), {Lane.FAST: queue}).send([part], Lane.FAST)
