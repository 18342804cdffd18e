"""Which adapter stands behind which port, for the functions that delete jobs and sign receipts."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_receipts import DynamoReceipts
from sotto.adapters.dynamo_words import DynamoWords
from sotto.adapters.kms_receipt_signer import KmsReceiptSigner
from sotto.adapters.s3_objects import S3Objects
from sotto.entry import aws
from sotto.entry.settings import ReceiptSettings
from sotto.workflows.delete_job import DeleteJob
from sotto.workflows.sweep_deletions import SweepDeletions


def delete_job(settings: ReceiptSettings) -> DeleteJob:
    client = aws.dynamodb()
    return DeleteJob(
        jobs=DynamoJobs(client, settings.table),
        objects=S3Objects(aws.s3(), settings.bucket),
        words=DynamoWords(client, settings.table),
        receipts=receipts(settings),
        signer=receipt_signer(settings.receipt_key),
        clock=_now,
    )


def sweep_deletions(settings: ReceiptSettings) -> SweepDeletions:
    return SweepDeletions(receipts(settings), delete_job(settings), _now)


def receipts(settings: ReceiptSettings) -> DynamoReceipts:
    return DynamoReceipts(aws.dynamodb(), settings.table, settings.audit_days)


@cache
def receipt_signer(key: str) -> KmsReceiptSigner:
    return KmsReceiptSigner(aws.kms(), key)


def _now() -> datetime:
    return datetime.now(UTC)
