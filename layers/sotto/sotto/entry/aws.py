"""The one door to AWS: sessions and clients, with time-outs and retries stated once.

The endpoint, the region and the credentials come from the SDK's own variables (AWS_ENDPOINT_URL and so on), so the
same code talks to AWS, to LocalStack-compatible emulators and to the embedded one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from sotto.entry.environment import environment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient

_CONFIG = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})
_SIGNED = Config(signature_version="s3v4")
_REGIONAL = Config(s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"})
_PROBE = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1})


@dataclass(frozen=True)
class Probing:
    """Clients that give up soon: they only ask whether somebody answers."""

    s3: S3Client
    dynamodb: DynamoDBClient
    sqs: SQSClient
    secretsmanager: SecretsManagerClient


@cache
def probing() -> Probing:
    return Probing(
        boto3.client("s3", config=_PROBE),
        boto3.client("dynamodb", config=_PROBE),
        boto3.client("sqs", config=_PROBE),
        boto3.client("secretsmanager", config=_PROBE),
    )


@cache
def s3() -> S3Client:
    """Signs addresses of the bucket's own region, https://BUCKET.s3.REGION.amazonaws.com, which the web app's policy
    names. The SDK's default leads browsers into redirects while a bucket is new:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html. An emulator keeps its one host name.
    """
    elsewhere = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"} & environment().keys()
    return boto3.client("s3", config=_CONFIG.merge(_SIGNED if elsewhere else _SIGNED.merge(_REGIONAL)))


@cache
def dynamodb() -> DynamoDBClient:
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def sqs() -> SQSClient:
    return boto3.client("sqs", config=_CONFIG)


@cache
def secretsmanager() -> SecretsManagerClient:
    return boto3.client("secretsmanager", config=_CONFIG)


@cache
def sesv2() -> SESV2Client:
    return boto3.client("sesv2", config=_CONFIG)


@cache
def kms() -> KMSClient:
    return boto3.client("kms", config=_CONFIG)


@cache
def events() -> EventBridgeClient:
    return boto3.client("events", config=_CONFIG)
