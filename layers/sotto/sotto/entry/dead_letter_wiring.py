"""Which adapters stand behind repairs by hand: dead letters, kept, seen and redriven, and the search index."""

from __future__ import annotations

from functools import cache

from sotto import __version__
from sotto.adapters.dynamo_dead_letters import DynamoDeadLetters
from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_usage import DynamoUsage
from sotto.adapters.dynamo_words import DynamoWords
from sotto.adapters.sqs_depths import QueueDepth, queue_depths
from sotto.adapters.sqs_queues import SqsArrivals, SqsFetches
from sotto.domain.quotas import Quotas
from sotto.entry import aws, identity_wiring, wiring
from sotto.entry.settings import AdminSettings, StoreSettings
from sotto.workflows.keep_letter import KeepLetter
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.rebuild_index import RebuildIndex
from sotto.workflows.redrive_letters import RedriveLetters
from sotto.workflows.retry_job import RetryJob


@cache
def keep_letter() -> KeepLetter:
    table = StoreSettings.from_environment().table
    jobs = DynamoJobs(aws.dynamodb(), table)
    return KeepLetter(jobs, DynamoDeadLetters(aws.dynamodb(), table), wiring.now, __version__)


@cache
def redrive_letters() -> RedriveLetters:
    settings = identity_wiring.settings_of(AdminSettings)
    client, table = aws.dynamodb(), settings.table
    jobs = DynamoJobs(client, table)
    arrivals = SqsArrivals(aws.sqs(), settings.arrived_queue_url, settings.bucket)
    # An operator's try is not the user's request: what all have as a limit does not count for it.
    quotas = KeepQuotas(DynamoUsage(client, table), Quotas(), wiring.now)
    fetches = SqsFetches(aws.sqs(), settings.fetch_queue_url)
    retry = RetryJob(jobs, arrivals, fetches, wiring.now, settings.offered_models, quotas)
    return RedriveLetters(jobs, DynamoDeadLetters(client, table), retry, identity_wiring.record_audit())


@cache
def rebuild_index() -> RebuildIndex:
    settings = identity_wiring.settings_of(AdminSettings)
    client, table = aws.dynamodb(), settings.table
    words = DynamoWords(client, table, keep_days=settings.transcript_days)
    return RebuildIndex(DynamoJobs(client, table), words, identity_wiring.record_audit(), wiring.now)


def dead_queues() -> list[QueueDepth]:
    urls = identity_wiring.settings_of(AdminSettings).dead_letter_queue_urls.split(",")
    return queue_depths(aws.sqs(), urls)
