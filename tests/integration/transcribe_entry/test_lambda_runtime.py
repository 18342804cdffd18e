"""The container's Lambda entry under Lambda's own runtime emulator: `python -m awslambdaric`, as the image starts it.

One emulator a test: it serves one invocation at a time and keeps the process warm between them, as Lambda does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from sotto.domain.job import JobStatus
from tests.integration.transcribe_entry.conftest import (
    BUCKET,
    QUEUE,
    REGION,
    SAMPLE_TEXT,
    Aws,
    answer_of,
    free_port,
    running,
)

COMMAND = ["-m", "awslambdaric", "functions.transcribe.lambda_handler.handler"]
PATIENCE_S = 120


class Lambda:
    """The function, as its event source mapping sees it."""

    def __init__(self, port: int, endpoint: str, log: Path) -> None:
        self._url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        self._sqs = boto3.client("sqs", endpoint_url=endpoint)
        self._queue = self._sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        self._log = log

    def deliver(self, body: str) -> tuple[str, list[str]]:
        """Put `body` into the queue, hand it to the function; the message's id, and the ids that it gives back."""
        self._sqs.send_message(QueueUrl=self._queue, MessageBody=body)
        (message,) = self._sqs.receive_message(QueueUrl=self._queue, AttributeNames=["All"])["Messages"]
        record: dict[str, Any] = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:{QUEUE}",
            "awsRegion": REGION,
        }
        answer = httpx.post(self._url, json={"Records": [record]}, timeout=PATIENCE_S)
        assert answer.status_code == 200, self._log.read_text()[-3000:]
        assert "batchItemFailures" in answer.json(), f"{answer.text}\n{self._log.read_text()[-3000:]}"
        return message["MessageId"], [failed["itemIdentifier"] for failed in answer.json()["batchItemFailures"]]

    def comes_back_within(self, seconds: int) -> bool:
        """Whether the message is visible again after `seconds`, instead of after the queue's own hour."""
        found = self._sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=min(seconds, 20))
        return "Messages" in found


@pytest.fixture
def function(rie: Path, environment: dict[str, str], endpoint: str, tmp_path: Path) -> Iterator[Lambda]:
    port, runtime_port, log = free_port(), free_port(), tmp_path / "rie.log"
    addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    addresses += ["--runtime-api-address", f"127.0.0.1:{runtime_port}"]
    settings = {"AWS_LAMBDA_FUNCTION_TIMEOUT": str(PATIENCE_S), "AWS_LAMBDA_FUNCTION_NAME": "sotto-transcribe"}
    with running([str(rie), *addresses, sys.executable, *COMMAND], environment | settings, log) as process:
        answer_of(f"http://127.0.0.1:{port}/", process, log)
        yield Lambda(port, endpoint, log)


def test_what_is_no_part_is_given_back_and_comes_again_soon(function: Lambda) -> None:
    message, failed = function.deliver("no part")
    assert failed == [message]
    assert function.comes_back_within(20)


def test_a_part_of_a_job_that_was_deleted_is_consumed(function: Lambda, aws: Aws) -> None:
    part = aws.queued_part()
    aws.jobs.delete(aws.job().owner, aws.job().id)
    assert function.deliver(part.model_dump_json())[1] == []


@pytest.mark.speech
def test_a_part_becomes_words_and_the_job_completes(function: Lambda, aws: Aws) -> None:
    part = aws.queued_part()
    assert function.deliver(part.model_dump_json())[1] == []
    job = aws.job()
    assert job.status is JobStatus.COMPLETED, job.failure
    text = aws.objects.read(f"transcripts/{job.owner}/{job.id}/1/transcript.txt")
    assert text is not None
    assert " ".join(text.decode().split()).casefold() == SAMPLE_TEXT.casefold()


@pytest.mark.speech
def test_a_bucket_that_is_away_gives_the_part_back(function: Lambda, aws: Aws, endpoint: str) -> None:
    part = aws.queued_part()
    s3 = boto3.client("s3", endpoint_url=endpoint)
    for version in s3.list_object_versions(Bucket=BUCKET)["Versions"]:
        s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=BUCKET)
    message, failed = function.deliver(part.model_dump_json())
    assert failed == [message]
    assert aws.job().status is JobStatus.PROCESSING
