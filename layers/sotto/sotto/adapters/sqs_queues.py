"""The queues: parts in two lanes, and the arrivals that the bucket itself announces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from sotto.adapters.aws_errors import translated
from sotto.domain.errors import QueueUnavailable
from sotto.domain.events import FetchRequested, PartQueued
from sotto.domain.job import Job, RecordingRef
from sotto.domain.parts import Lane

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10  # SQS's limit


class SqsParts:
    """Implements workflows.ports.PartsQueue."""

    def __init__(self, client: SQSClient, urls: Mapping[Lane, str]) -> None:
        self._client, self._urls = client, urls

    def send(self, parts: Iterable[PartQueued], lane: Lane) -> None:
        waiting = iter(parts)
        while batch := list(islice(waiting, BATCH)):
            # On a standard queue the group orders nothing: it tells SQS whose messages must not hold up the others'.
            entries: Any = [
                {"Id": str(i), "MessageBody": part.model_dump_json(), "MessageGroupId": part.owner}
                for i, part in enumerate(batch)
            ]
            with translated(QueueUnavailable, "queue"):
                answer = self._client.send_message_batch(QueueUrl=self._urls[lane], Entries=entries)
            if answer.get("Failed"):
                raise QueueUnavailable(
                    f"queue: expected {len(batch)} messages taken, found {len(answer['Failed'])} refused"
                )


class SqsFetches:
    """Implements workflows.fetch_ports.FetchQueue."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client, self._url = client, url

    def request(self, job: Job) -> None:
        asked = FetchRequested(owner=job.owner, job_id=job.id, attempt=job.attempt, request_id=job.request_id)
        with translated(QueueUnavailable, "queue"):
            self._client.send_message(QueueUrl=self._url, MessageBody=asked.model_dump_json())


class SqsArrivals:
    """Implements workflows.ports.ArrivalsQueue with a message of the bucket's own shape."""

    def __init__(self, client: SQSClient, url: str, bucket: str) -> None:
        self._client, self._url, self._bucket = client, url, bucket

    def announce(self, key: str, recording: RecordingRef) -> None:
        entity = {
            "bucket": {"name": self._bucket},
            "object": {
                "key": quote_plus(key, safe="/"),
                "size": recording.size_bytes,
                "eTag": recording.etag,
                "versionId": recording.version_id,
            },
        }
        body = {"Records": [{"eventName": "ObjectCreated:Put", "eventTime": "", "s3": entity}]}
        with translated(QueueUnavailable, "queue"):
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(body))
