"""Versions of transcripts in DynamoDB: one transaction stores the version's row and points the job at it.

    pk USER#<owner>   sk VERSION#<job>#<attempt>#<number>

The job's row holds the number and key of the newest version, so a reader needs no second look.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_job_rows import job_from_row, job_key, version_prefix
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import NotFound, StorageUnavailable, VersionConflict, WrongState
from sotto.domain.job import Job, JobStatus
from sotto.domain.versions import Version, VersionKind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONFLICT_TRIES = 6


class DynamoVersions:
    """Implements workflows.ports.Versions."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, keep_days: int = 365, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client, self._table, self._keep_days, self._sleep = client, table, keep_days, sleep

    def add(self, job: Job, version: Version) -> None:
        # The job's row goes at this moment too (DynamoJobs.create), and what it points at must not outlive it.
        expires = datetime.fromisoformat(job.timings.created_at) + timedelta(days=self._keep_days)
        row = {**_key(job, version.number), **_to_row(version), "expires_at": int(expires.timestamp())}
        point: Any = {
            "TableName": self._table,
            "Key": to_row(job_key(job.owner, job.id)),
            "UpdateExpression": "SET transcript_version = :number, transcript_key = :key",
            "ConditionExpression": "#status = :completed AND attempt = :attempt AND transcript_version = :before",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": to_row(
                {
                    ":number": version.number,
                    ":key": version.key,
                    ":completed": JobStatus.COMPLETED.value,
                    ":attempt": job.attempt,
                    ":before": version.number - 1,
                }
            ),
        }
        store: Any = {
            "TableName": self._table,
            "Item": to_row(row),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        for attempt in range(CONFLICT_TRIES):
            reasons = self._transact([{"Update": point}, {"Put": store}])
            if not reasons:
                return
            if "ConditionalCheckFailed" in reasons:
                raise self._why(job, version)
            self._sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter
        raise StorageUnavailable(f"version {version.number}: expected to be stored, found {CONFLICT_TRIES} conflicts")

    def find(self, job: Job, number: int) -> Version | None:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(TableName=self._table, Key=to_row(_key(job, number)), ConsistentRead=True)
        return _from_row(from_row(found["Item"])) if "Item" in found else None

    def all_of(self, job: Job) -> Sequence[Version]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=to_row(
                {":pk": _key(job, 1)["pk"], ":prefix": version_prefix(job.id, job.attempt)}
            ),
            ConsistentRead=True,
        )
        with translated(StorageUnavailable, "table"):
            return [_from_row(from_row(row)) for page in pages for row in page["Items"]]

    def _transact(self, items: list[Any]) -> set[str]:
        """Why the transaction was cancelled; empty when it went through."""
        with translated(StorageUnavailable, "table"):
            try:
                self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                return {str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])}
        return set()

    def _why(self, job: Job, version: Version) -> Exception:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(
                TableName=self._table, Key=to_row(job_key(job.owner, job.id)), ConsistentRead=True
            )
        if "Item" not in found:
            return NotFound(f"job: expected one of yours, found none with id {job.id}")
        stored = job_from_row(from_row(found["Item"]))
        if stored.status is not JobStatus.COMPLETED or stored.attempt != job.attempt:
            return WrongState(
                f"transcript: expected attempt {job.attempt} to be COMPLETED,"
                f" found {stored.status} in attempt {stored.attempt}"
            )
        return VersionConflict(
            f"base_version: expected the newest, which is {stored.transcript_version}, found {version.number - 1}"
        )


def _key(job: Job, number: int) -> dict[str, str]:
    return {"pk": f"USER#{job.owner}", "sk": f"{version_prefix(job.id, job.attempt)}{number:05d}"}


def _to_row(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "attempt": version.attempt,
        "kind": version.kind.value,
        "created_at": version.created_at,
        "key": version.key,
        "author": version.author,
        "operations": version.operations,
        "reverted_to": version.reverted_to,
    }


def _from_row(row: Mapping[str, Any]) -> Version:
    return Version(
        number=row["number"],
        attempt=row["attempt"],
        kind=VersionKind(row["kind"]),
        created_at=row["created_at"],
        key=row["key"],
        author=row.get("author"),
        operations=row["operations"],
        reverted_to=row.get("reverted_to"),
    )
