"""Real adapters on moto's in-process AWS, with the template's own table."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

TABLE = "sotto"
BUCKET = "sotto-data"


@pytest.fixture
def aws() -> Iterator[None]:
    """AWS in this process: no socket, no account."""
    with mock_aws():
        yield


@pytest.fixture
def table(aws: None) -> str:
    return make_table()


@pytest.fixture
def bucket(aws: None) -> str:
    return make_bucket()


def make_table() -> str:
    """The one table, with the key schema that template.yaml declares (a template test compares them)."""
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "due_pk", "due_sk")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "due",
                "KeySchema": [
                    {"AttributeName": "due_pk", "KeyType": "HASH"},
                    {"AttributeName": "due_sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return TABLE


def make_bucket() -> str:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return BUCKET
