"""Which adapter stands behind which port, for the functions that serve transcripts."""

from __future__ import annotations

from functools import cache

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.s3_objects import S3Objects
from sotto.entry import aws
from sotto.entry.settings import TranscriptSettings
from sotto.workflows.read_transcript import ReadTranscript


@cache
def settings() -> TranscriptSettings:
    return TranscriptSettings.from_environment()


def read_transcript() -> ReadTranscript:
    return ReadTranscript(_jobs(), _objects())


def _jobs() -> DynamoJobs:
    return DynamoJobs(aws.dynamodb(), settings().table)


def _objects() -> S3Objects:
    return S3Objects(aws.s3(), settings().bucket)
