"""A real HTTP server with DynamoDB and Secrets Manager (moto), and the service's table in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

REGION = "eu-central-1"
TABLE = "sotto-test"


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """moto as a server, because the authorizer speaks HTTP itself and an in-process mock would not see it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def dynamodb(aws_endpoint: str) -> Iterator[DynamoDBClient]:
    """A client, and an empty table of the template's shape."""
    client = boto3.client("dynamodb", endpoint_url=aws_endpoint, region_name=REGION)
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    yield client
    client.delete_table(TableName=TABLE)
    client.close()


@pytest.fixture
def secrets_client(aws_endpoint: str) -> Iterator[SecretsManagerClient]:
    client = boto3.client("secretsmanager", endpoint_url=aws_endpoint, region_name=REGION)
    yield client
    client.close()
