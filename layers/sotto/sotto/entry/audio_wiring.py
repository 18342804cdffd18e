"""Which adapters stand behind the OpenAI-compatible routes."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import cache

from sotto.adapters.dynamo_requests import DynamoRequests
from sotto.adapters.dynamo_versions import DynamoVersions
from sotto.entry import aws, wiring
from sotto.entry.settings import AudioSettings
from sotto.workflows.read_transcript import ReadTranscript
from sotto.workflows.transcribe_now import TranscribeNow


@cache
def settings() -> AudioSettings:
    return AudioSettings.from_environment()


def transcribe_now() -> TranscribeNow:
    requests = DynamoRequests(aws.dynamodb(), settings().table)
    return TranscribeNow(wiring.create_job(), wiring.read_job(), requests, time.sleep)


def read_transcript() -> ReadTranscript:
    create = wiring.create_job()
    return ReadTranscript(create.jobs, create.objects, DynamoVersions(aws.dynamodb(), settings().table))


def deadline() -> datetime:
    """When a request that came in now must be answered."""
    return wiring.now() + timedelta(seconds=settings().answer_within_s)
