"""The audit log's copy: the fake and a bucket with Object Lock (moto's) keep what was written first."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from sotto.adapters.s3_audit import S3AuditCopies, audit_key
from sotto.domain.audit import Action, AuditEntry, Outcome
from sotto.domain.errors import StorageUnavailable
from sotto.workflows.identity_ports import AuditCopies
from tests.fakes.identity import FakeAuditCopies

BUCKET, DAYS = "sotto-audit", 30
ENTRY = AuditEntry(
    "01JDAUDIT",
    "2026-11-22T12:00:00.000Z",
    "01ADA",
    "token",
    Action.JOB_DELETED,
    "01JOB",
    Outcome.DONE,
    "192.0.2.1",
    "request-1",
    "wegen Ärger",
)


@pytest.fixture
def locked(aws: None) -> str:
    s3 = boto3.client("s3")
    s3.create_bucket(
        Bucket=BUCKET,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        ObjectLockEnabledForBucket=True,
    )
    s3.put_object_lock_configuration(
        Bucket=BUCKET,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": DAYS}},
        },
    )
    return BUCKET


@pytest.fixture(params=["fake", "s3"])
def copies(request: pytest.FixtureRequest) -> AuditCopies:
    if request.param == "fake":
        return FakeAuditCopies()
    return S3AuditCopies(boto3.client("s3"), request.getfixturevalue("locked"))


def test_an_entry_is_kept_once_and_as_it_was_first(copies: AuditCopies) -> None:
    assert copies.keep(ENTRY) is True
    assert copies.keep(replace(ENTRY)) is False
    assert copies.keep(replace(ENTRY, who="somebody else")) is False
    assert copies.keep(replace(ENTRY, id="01JDOTHER")) is True
    assert copies.keep(replace(ENTRY, at="2026-11-23T12:00:00.000Z")) is True


def test_an_object_holds_the_whole_entry_under_its_day(locked: str) -> None:
    S3AuditCopies(boto3.client("s3"), locked).keep(ENTRY)
    S3AuditCopies(boto3.client("s3"), locked).keep(replace(ENTRY, who="somebody else"))
    s3 = boto3.client("s3")
    (version,) = s3.list_object_versions(Bucket=locked)["Versions"]
    assert version["Key"] == audit_key(ENTRY) == "audit/2026-11-22/01JDAUDIT.json"
    found = s3.get_object(Bucket=locked, Key=version["Key"])
    assert json.loads(found["Body"].read()) == asdict(ENTRY)
    assert found["ContentType"] == "application/json"


def test_the_buckets_own_rule_locks_what_is_written(locked: str) -> None:
    s3 = boto3.client("s3")
    S3AuditCopies(s3, locked).keep(ENTRY)
    (version,) = s3.list_object_versions(Bucket=locked)["Versions"]
    which = {"Bucket": locked, "Key": version["Key"], "VersionId": version["VersionId"]}
    found = s3.head_object(**which)
    assert found["ObjectLockMode"] == "COMPLIANCE"
    assert found["ObjectLockRetainUntilDate"] > datetime.now(UTC) + timedelta(days=DAYS - 1)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(**which)


def test_a_bucket_that_is_not_there_is_the_worlds_fault(aws: None) -> None:
    with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
        S3AuditCopies(boto3.client("s3"), BUCKET).keep(ENTRY)
