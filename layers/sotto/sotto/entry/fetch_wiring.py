"""Which adapters stand behind fetching: for the request, and for the function that fetches."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from ulid import ULID

from sotto import __version__
from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.http_source import HttpSource
from sotto.adapters.s3_objects import S3Objects
from sotto.adapters.sqs_queues import SqsFetches
from sotto.domain.events import FetchRequested
from sotto.entry import aws, wiring
from sotto.entry.settings import FetchSettings, UploadSettings
from sotto.workflows.create_fetch import CreateFetch
from sotto.workflows.fetch_source import FetchSource

WITHIN = timedelta(seconds=840)
"""A try ends a minute before Lambda would end it (15 minutes are its most), so that it ends by itself."""


@cache
def create_fetch() -> CreateFetch:
    settings, create = UploadSettings.from_environment(), wiring.create_job()
    loopback = settings.webhook_targets == "loopback"
    return CreateFetch(
        jobs=create.jobs,
        sources=_source(loopback=loopback),
        fetches=SqsFetches(aws.sqs(), settings.fetch_queue_url),
        clock=wiring.now,
        new_id=lambda: str(ULID()),
        offered_models=settings.offered_models,
        quotas=create.quotas,
        plain_http=loopback,
    )


def fetch(event: FetchRequested) -> str:
    return _fetch_source()(event, wiring.now() + WITHIN)


@cache
def _fetch_source() -> FetchSource:
    settings = FetchSettings.from_environment()
    return FetchSource(
        jobs=DynamoJobs(aws.dynamodb(), settings.table),
        objects=S3Objects(aws.s3(), settings.bucket),
        sources=_source(loopback=settings.webhook_targets == "loopback"),
        clock=wiring.now,
        max_upload_bytes=settings.max_upload_bytes,
    )


def _source(*, loopback: bool) -> HttpSource:
    return HttpSource(loopback=loopback, agent=f"Sotto-Fetch/{__version__}")
