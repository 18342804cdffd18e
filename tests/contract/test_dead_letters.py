"""Dead letters: what the workflows rely on, asked of the fake and of DynamoDB alike; and how deep a queue is."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from sotto.adapters.dynamo_dead_letters import DynamoDeadLetters
from sotto.adapters.sqs_depths import QueueDepth, queue_depths
from sotto.domain.dead_letters import DeadLetter, LetterFilter
from sotto.domain.errors import Failure, InvalidInput, QueueUnavailable
from sotto.workflows.dead_letter_ports import DeadLetters
from tests.examples import JOB_ID, NOW, OWNER
from tests.fakes.dead_letters import InMemoryDeadLetters

LETTER = DeadLetter(
    id="message-0",
    queue="sotto-parts-fast-dlq",
    owner=OWNER,
    job_id=JOB_ID,
    attempt=2,
    part=0,
    failure=Failure("part_failed_repeatedly", "part 0: expected a result, found only failures", "Retry the job."),
    model="base",
    etag='"abc"',
    version="0.1.0",
    first_seen=NOW,
    died_at="2026-11-22T12:05:00.000Z",
    received=1,
)
ALL = LetterFilter()


@pytest.fixture(params=["memory", "dynamodb"])
def letters(request: pytest.FixtureRequest) -> DeadLetters:
    if request.param == "memory":
        return InMemoryDeadLetters()
    return DynamoDeadLetters(boto3.client("dynamodb"), request.getfixturevalue("table"))


def test_a_letter_is_kept_once_until_it_is_dropped(letters: DeadLetters) -> None:
    letters.keep(LETTER)
    letters.keep(replace(LETTER, received=9))
    arrival = replace(LETTER, id="message-1", part=None, etag=None, died_at="2026-11-22T12:06:00.000Z")
    letters.keep(arrival)
    assert letters.page(ALL, limit=10, cursor=None).letters == (arrival, LETTER)
    letters.drop(LETTER)
    letters.drop(LETTER)
    assert letters.page(ALL, limit=10, cursor=None).letters == (arrival,)


def test_letters_are_found_by_all_that_is_named(letters: DeadLetters) -> None:
    other = replace(LETTER, id="message-1", owner="01GRACE", job_id="01K0OTHER", queue="sotto-audio-arrived-dlq")
    damaged = replace(LETTER, id="message-2", failure=replace(LETTER.failure, code="recording_damaged"))
    for one in (LETTER, other, damaged):
        letters.keep(one)

    def found(**named: str) -> set[str]:
        return {one.id for one in letters.page(LetterFilter(**named), limit=10, cursor=None).letters}

    assert found(owner="01GRACE") == found(job_id="01K0OTHER") == found(queue="sotto-audio-arrived-dlq") == {other.id}
    assert found(code="part_failed_repeatedly") == {LETTER.id, other.id}
    assert found(code="part_failed_repeatedly", owner=OWNER) == {LETTER.id}
    assert found(code="model_unavailable") == set()


def test_letters_come_in_pages_newest_first(letters: DeadLetters) -> None:
    for n in range(5):
        letters.keep(replace(LETTER, id=f"message-{n}", died_at=f"2026-11-22T12:0{n}:00.000Z"))
    seen, cursor = [], None
    while True:
        page = letters.page(ALL, limit=2, cursor=cursor)
        seen += [one.id for one in page.letters]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [f"message-{n}" for n in (4, 3, 2, 1, 0)]
    with pytest.raises(InvalidInput, match="cursor"):
        letters.page(ALL, limit=2, cursor="nonsense")


@pytest.mark.usefixtures("aws")
def test_a_queue_is_as_deep_as_it_says() -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="sotto-parts-fast-dlq")["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    assert queue_depths(sqs, [url]) == [QueueDepth("sotto-parts-fast-dlq", waiting=2, in_flight=1)]
    with pytest.raises(QueueUnavailable):
        queue_depths(sqs, [f"{url}-gone"])
