"""Which adapter stands behind which port, for the functions that serve transcripts."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import cache

from ulid import ULID

from sotto.adapters.dynamo_audit import DynamoAudit
from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_versions import DynamoVersions
from sotto.adapters.dynamo_words import DynamoWords
from sotto.adapters.s3_objects import S3Objects
from sotto.entry import aws
from sotto.entry.settings import IndexSettings, TranscriptSettings
from sotto.workflows.edit_transcript import EditTranscript
from sotto.workflows.export_transcript import ExportTranscript
from sotto.workflows.index_words import IndexWords
from sotto.workflows.read_transcript import ReadTranscript
from sotto.workflows.record_audit import RecordAudit
from sotto.workflows.search_transcripts import SearchTranscripts


@cache
def settings() -> TranscriptSettings:
    return TranscriptSettings.from_environment()


def read_transcript() -> ReadTranscript:
    return ReadTranscript(_jobs(), _objects(), _versions())


def export_transcript() -> ExportTranscript:
    trail = DynamoAudit(aws.dynamodb(), settings().table, settings().audit_days)
    return ExportTranscript(read_transcript(), RecordAudit(trail, now, lambda: str(ULID())))


def edit_transcript() -> EditTranscript:
    return EditTranscript(read_transcript(), _objects(), _versions(), now, new_name=lambda: uuid.uuid4().hex)


def now() -> datetime:
    return datetime.now(UTC)


def _jobs() -> DynamoJobs:
    return DynamoJobs(aws.dynamodb(), settings().table)


def search_transcripts() -> SearchTranscripts:
    return SearchTranscripts(_jobs(), _words())


@cache
def index_settings() -> IndexSettings:
    return IndexSettings.from_environment()


def index_words() -> IndexWords:
    found = index_settings()
    table, days = found.table, found.transcript_days
    client = aws.dynamodb()
    read = ReadTranscript(
        DynamoJobs(client, table), S3Objects(aws.s3(), found.bucket), DynamoVersions(client, table, keep_days=days)
    )
    return IndexWords(read, DynamoWords(client, table, keep_days=days))


def _words() -> DynamoWords:
    return DynamoWords(aws.dynamodb(), settings().table, keep_days=settings().transcript_days)


def _versions() -> DynamoVersions:
    return DynamoVersions(aws.dynamodb(), settings().table, keep_days=settings().transcript_days)


def _objects() -> S3Objects:
    return S3Objects(aws.s3(), settings().bucket)
