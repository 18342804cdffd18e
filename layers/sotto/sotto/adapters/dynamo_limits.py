"""Counters of tries and token buckets in DynamoDB. Each change is one conditional write, so racing processes agree.

pk TRIES#<name>    sk TRIES     failures, when the last one was, until when the pair is known
pk USER#<id>       sk BUCKET    when the bucket would be full again
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import StorageUnavailable
from sotto.domain.rate import Rate, retry_after_s
from sotto.domain.throttle import FORGET_S, Tries

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CONDITION = "ConditionalCheckFailedException"
_BUCKET_LIFE_S = 86400


class DynamoTries:
    """Implements workflows.identity_ports.TriesStore."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def read(self, name: str) -> Tries:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(TableName=self._table, Key=_tries_key(name), ConsistentRead=True)
        if "Item" not in found:
            return Tries()
        row = from_row(found["Item"])
        return Tries(int(row["failures"]), float(row["last_at"]), float(row["known_until"]))

    def swap(self, name: str, before: Tries, after: Tries) -> bool:
        values = {
            ":failures": after.failures,
            ":last": after.last_at,
            ":known": after.known_until,
            ":expires": int(max(after.last_at + FORGET_S, after.known_until)),
        }
        condition = "attribute_not_exists(pk)"
        if before != Tries():
            condition = "failures = :was_failures AND last_at = :was_last"
            values |= {":was_failures": before.failures, ":was_last": before.last_at}
        with translated(StorageUnavailable, "table"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_tries_key(name),
                    UpdateExpression="SET failures = :failures, last_at = :last, known_until = :known, "
                    "expires_at = :expires",
                    ConditionExpression=condition,
                    ExpressionAttributeValues=to_row(values),
                )
            except ClientError as error:
                if code_of(error) != _CONDITION:
                    raise
                return False
        return True


class DynamoBuckets:
    """Implements workflows.identity_ports.Buckets."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def take(self, user_id: str, rate: Rate, now: float) -> float:
        """One write while the bucket is full, as it is for nearly everybody; two while it is filling."""
        key = to_row({"pk": f"USER#{user_id}", "sk": "BUCKET"})
        expires = int(now + _BUCKET_LIFE_S)
        full = {":full": now + rate.step_s, ":now": now, ":expires": expires}
        if self._set(key, "SET full_at = :full", "attribute_not_exists(full_at) OR full_at <= :now", full) is None:
            return 0.0
        filling = {":step": rate.step_s, ":latest": now + rate.latest_full_s, ":expires": expires}
        refused = self._set(key, "SET full_at = full_at + :step", "full_at <= :latest", filling)
        return 0.0 if refused is None else max(0.001, retry_after_s(refused, now, rate))

    def _set(self, key: dict[str, Any], change: str, condition: str, values: dict[str, Any]) -> float | None:
        """None when the change was made, else what `full_at` is."""
        with translated(StorageUnavailable, "table"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=key,
                    UpdateExpression=f"{change}, expires_at = :expires",
                    ConditionExpression=condition,
                    ExpressionAttributeValues=to_row(values),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if code_of(error) != _CONDITION:
                    raise
                stored: Any = error.response.get("Item")
                return float(from_row(stored)["full_at"]) if stored else self._read(key)
        return None

    def _read(self, key: dict[str, Any]) -> float:
        """For emulators that do not return the item with the refusal."""
        found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return float(from_row(found["Item"])["full_at"]) if "Item" in found else 0.0


def _tries_key(name: str) -> dict[str, Any]:
    return to_row({"pk": f"TRIES#{name}", "sk": "TRIES"})
