"""GET /readyz through its handler: what is missing is named, nothing else is said, and /livez stays up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from functions.ops import handler as ops
from sotto.adapters.aws_probes import ask_bucket, ask_queues, ask_secret, ask_table
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.domain.errors import QueueUnavailable, StorageUnavailable
from sotto.entry import aws as doors
from sotto.entry import ops_wiring
from sotto.workflows.check_readiness import CheckReadiness
from tests.contract.conftest import BUCKET, TABLE

SECRET, BOOTSTRAP = "signing", "bootstrap"
NAMES = ("settings", "table", "bucket", "queues", "signing_secret", "bootstrap_secret", "token_issuer")
ALL = dict.fromkeys(NAMES, "ok")


class Context:
    function_name = "ops"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:ops"
    aws_request_id = "invocation-1"


def _forget() -> None:
    doors.probing.cache_clear()
    ops_wiring.check_readiness.cache_clear()


@pytest.fixture
def queue(aws: None) -> str:
    return str(boto3.client("sqs").create_queue(QueueName="arrived")["QueueUrl"])


@pytest.fixture
def service(table: str, bucket: str, queue: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (SECRET, BOOTSTRAP):
        boto3.client("secretsmanager").create_secret(Name=name, SecretString="{}")
    settings = {"TABLE": table, "BUCKET": bucket, "SIGNING_SECRET": SECRET, "BOOTSTRAP_SECRET": BOOTSTRAP}
    settings |= {"ISSUER": "urn:sotto:test", "AUDIENCE": "sotto-api"}
    queues = {f"{name}_QUEUE_URL": queue for name in ("ARRIVED", "FAST", "BULK")}
    for name, value in {**settings, **queues}.items():
        monkeypatch.setenv(f"SOTTO_{name}", value)
    _forget()
    yield
    _forget()


def call(path: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
    event = {
        "httpMethod": "GET",
        "resource": path,
        "path": path,
        "headers": {},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {"requestId": "request-1", "stage": "v1", "identity": {"sourceIp": "192.0.2.1"}},
    }
    answer = ops.handler(event, Context())
    return answer["statusCode"], json.loads(answer["body"]), answer["multiValueHeaders"]


def test_a_whole_service_is_ready(service: None) -> None:
    status, body, _ = call("/readyz")
    assert (status, body) == (200, {"status": "ready", "checks": ALL})


def test_what_is_missing_is_named_and_no_more(service: None) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    boto3.client("dynamodb").delete_table(TableName=TABLE)
    status, body, headers = call("/readyz")
    assert status == 503
    assert body == {"status": "not_ready", "checks": {**ALL, "table": "failed", "signing_secret": "failed"}}
    assert headers["Retry-After"] == ["5"]


@pytest.mark.parametrize("name", [SECRET, BOOTSTRAP])
def test_each_secret_that_is_gone_is_named(service: None, name: str) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert call("/readyz")[:2] == (503, {"status": "not_ready", "checks": {**ALL, f"{name}_secret": "failed"}})


def test_the_bootstraps_secret_may_go_once_it_has_let_the_first_administrator_in(service: None) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=BOOTSTRAP, ForceDeleteWithoutRecovery=True)
    assert call("/readyz")[0] == 503
    DynamoUsers(boto3.client("dynamodb"), TABLE).lock_bootstrap()
    _forget()
    assert call("/readyz")[:2] == (200, {"status": "ready", "checks": ALL})


@pytest.mark.parametrize("value", ["", "changeme"])
@pytest.mark.parametrize(
    ("key", "check"),
    [
        ("SIGNING_SECRET", "signing_secret"),
        ("BOOTSTRAP_SECRET", "bootstrap_secret"),
        ("ISSUER", "token_issuer"),
        ("AUDIENCE", "token_issuer"),
    ],
)
def test_each_setting_of_sign_in_is_named_and_the_log_says_its_key(
    service: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    key: str,
    value: str,
    check: str,
) -> None:
    monkeypatch.setenv(f"SOTTO_{key}", value)
    assert call("/readyz")[:2] == (503, {"status": "not_ready", "checks": {**ALL, check: "failed"}})
    (said,) = [vars(record)["said"] for record in caplog.records if "said" in vars(record)]
    assert said.startswith(f"SOTTO_{key}: expected")
    assert call("/livez")[:2] == (200, {"status": "alive"})


def test_a_missing_setting_leaves_the_other_life_signs_up(service: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOTTO_TABLE")
    assert call("/readyz")[:2] == (503, {"status": "not_ready", "checks": {"settings": "failed"}})
    assert call("/livez")[:2] == (200, {"status": "alive"})
    assert call("/version")[0] == 200


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda: ask_table(boto3.client("dynamodb"), "none"), StorageUnavailable),
        (lambda: ask_bucket(boto3.client("s3"), "none-of-ours"), StorageUnavailable),
        (lambda: ask_queues(boto3.client("sqs"), ["https://sqs.test/123456789012/none"]), QueueUnavailable),
        (lambda: ask_secret(boto3.client("secretsmanager"), "none"), StorageUnavailable),
    ],
)
def test_what_is_not_there_is_unavailable(aws: None, ask: Callable[[], None], error: type[Exception]) -> None:
    with pytest.raises(error):
        ask()


def test_a_secret_that_is_being_deleted_is_not_there(service: None) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=SECRET)
    with pytest.raises(StorageUnavailable, match="being deleted"):
        ask_secret(boto3.client("secretsmanager"), SECRET)


def test_an_answer_is_remembered_for_a_moment(aws: None, bucket: str) -> None:
    moment, failures = [0.0], []
    asked = CheckReadiness(
        lambda: {"bucket": lambda: ask_bucket(boto3.client("s3"), BUCKET)},
        lambda name, error: failures.append((name, type(error))),
        lambda: moment[0],
        remembered_s=5,
    )
    assert asked() == {"settings": True, "bucket": True}
    boto3.client("s3").delete_bucket(Bucket=BUCKET)
    moment[0] = 4.9
    assert asked()["bucket"]
    moment[0] = 5.0
    assert not asked()["bucket"]
    assert failures == [("bucket", StorageUnavailable)]
