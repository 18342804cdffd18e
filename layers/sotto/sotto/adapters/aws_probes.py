"""One cheap question to each store: does it answer this process? Nothing is changed and no secret is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sotto.adapters.aws_errors import translated
from sotto.adapters.dynamo_rows import to_row
from sotto.domain.errors import QueueUnavailable, StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

PROBE_KEY = {"pk": "SYSTEM#READY", "sk": "PROBE"}
"""A row that is never there: reading it asks the table and the key that encrypts it."""


def ask_table(client: DynamoDBClient, table: str) -> None:
    """Raises StorageUnavailable."""
    with translated(StorageUnavailable, "table"):
        client.get_item(TableName=table, Key=to_row(PROBE_KEY))


def ask_bucket(client: S3Client, bucket: str) -> None:
    """Raises StorageUnavailable."""
    with translated(StorageUnavailable, "bucket"):
        client.head_bucket(Bucket=bucket)


def ask_queues(client: SQSClient, urls: Sequence[str]) -> None:
    """Raises QueueUnavailable."""
    for url in urls:
        with translated(QueueUnavailable, "queue"):
            client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])


def ask_secret(client: SecretsManagerClient, secret: str) -> None:
    """Raises StorageUnavailable, also when the secret is about to be deleted."""
    with translated(StorageUnavailable, "secret"):
        found = client.describe_secret(SecretId=secret)
    if "DeletedDate" in found:
        raise StorageUnavailable("secret: expected one that stays, found one that is being deleted")
