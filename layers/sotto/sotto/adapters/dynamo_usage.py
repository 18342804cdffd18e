"""What users use, in DynamoDB: holds are read, minutes are charged.

    pk USER#<owner>   sk HOLD#<job>               written with the job's moves (dynamo_holds.py)
    pk USER#<owner>   sk USAGE#<yyyy-mm>          seconds of audio of the month
    pk USER#<owner>   sk PROFILE                  quotas of this user alone (dynamo_users.py)
    pk USER#<owner>   sk CHARGE#<job>#<attempt>   this attempt was charged

A charge and its mark are one transaction, so a second delivery finds the mark and a crash leaves both or neither.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_holds import PREFIX
from sotto.adapters.dynamo_job_rows import charge_prefix
from sotto.adapters.dynamo_meter import days_of
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.adapters.dynamo_users import profile_key, quotas_of
from sotto.domain.errors import StorageUnavailable
from sotto.domain.job import Job
from sotto.domain.metering import DayUse
from sotto.domain.quotas import Held, OwnQuotas

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONFLICT_TRIES = 8
CHARGE_DAYS = 90
"""Longer than any delivery of an attempt's events."""
USAGE_DAYS = 400


class DynamoUsage:
    """Implements workflows.quota_ports.Usage."""

    def __init__(self, client: DynamoDBClient, table: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self._table, self._sleep = client, table, sleep

    def own_quotas(self, owner: str) -> OwnQuotas:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(
                TableName=self._table, Key=to_row(profile_key(owner)), ProjectionExpression="quotas"
            )
        return quotas_of(from_row(found.get("Item", {})))

    def held(self, owner: str, now: datetime) -> Held:
        with translated(StorageUnavailable, "table"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                # DynamoDB removes what expired hours later.
                FilterExpression="expires_at > :now",
                ExpressionAttributeValues=to_row(
                    {":pk": f"USER#{owner}", ":prefix": PREFIX, ":now": int(now.timestamp())}
                ),
                ConsistentRead=True,
            )
            rows = [from_row(row) for page in pages for row in page["Items"]]
        return Held(sum("ended" not in row for row in rows), sum(int(row["bytes"]) for row in rows))

    def seconds(self, owner: str, month: str) -> float:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(
                TableName=self._table, Key=to_row(_usage_key(owner, month)), ConsistentRead=True
            )
        return float(from_row(found["Item"])["seconds"]) if "Item" in found else 0.0

    def days(self, owner: str, month: str) -> list[DayUse]:
        return days_of(self._client, self._table, owner, month)

    def charge(self, job: Job, seconds: float, month: str, *, at_most_s: float | None) -> bool:
        if at_most_s is not None and seconds > at_most_s:
            return self._was_charged(job)
        items = [self._mark(job), self._sum(job.owner, seconds, month, at_most_s)]
        for attempt in range(CONFLICT_TRIES):
            with translated(StorageUnavailable, "table"):
                try:
                    self._client.transact_write_items(TransactItems=items)
                except ClientError as error:
                    if code_of(error) != "TransactionCanceledException":
                        raise
                    reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
                else:
                    return True
            if "ConditionalCheckFailed" in reasons:
                return self._was_charged(job)
            self._sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter
        raise StorageUnavailable(f"job {job.id}: expected its minutes to be counted, found {CONFLICT_TRIES} conflicts")

    def _mark(self, job: Job) -> Any:
        row = {**_charge_key(job), "expires_at": _in_days(CHARGE_DAYS)}
        return {
            "Put": {"TableName": self._table, "Item": to_row(row), "ConditionExpression": "attribute_not_exists(pk)"}
        }

    def _sum(self, owner: str, seconds: float, month: str, at_most_s: float | None) -> Any:
        write: dict[str, Any] = {
            "TableName": self._table,
            "Key": to_row(_usage_key(owner, month)),
            "UpdateExpression": "SET expires_at = :expires ADD #seconds :seconds",
            "ExpressionAttributeNames": {"#seconds": "seconds"},
        }
        values: dict[str, Any] = {":seconds": seconds, ":expires": _in_days(USAGE_DAYS)}
        if at_most_s is not None:
            write["ConditionExpression"] = "attribute_not_exists(#seconds) OR #seconds <= :before"
            values[":before"] = at_most_s - seconds
        return {"Update": {**write, "ExpressionAttributeValues": to_row(values)}}

    def _was_charged(self, job: Job) -> bool:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(TableName=self._table, Key=to_row(_charge_key(job)), ConsistentRead=True)
        return "Item" in found


def _usage_key(owner: str, month: str) -> dict[str, str]:
    return {"pk": f"USER#{owner}", "sk": f"USAGE#{month}"}


def _charge_key(job: Job) -> dict[str, str]:
    return {"pk": f"USER#{job.owner}", "sk": f"{charge_prefix(job.id)}{job.attempt}"}


def _in_days(days: int) -> int:
    return int((datetime.now(UTC) + timedelta(days=days)).timestamp())
