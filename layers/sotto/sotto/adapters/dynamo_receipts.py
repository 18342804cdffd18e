"""Deletions and their receipts in DynamoDB: the trace that a deleted job leaves, without a name or a word of it.

    pk USER#<owner>   sk RECEIPT#<job>   `receipt` (JSON), `jws` once it is signed; kept as long as the audit log (TTL)

In the index `due` while somebody should look again: an unsigned one was cut off, a signed one may have met a late
worker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import StorageUnavailable
from sotto.domain.receipts import Deletion, Receipt

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DUE = "RECEIPT"
_UNSIGNED = "attribute_not_exists(jws)"


class DynamoReceipts:
    """Implements workflows.receipt_ports.Receipts."""

    def __init__(self, client: DynamoDBClient, table: str, keep_days: int) -> None:
        self._client, self._table, self._keep_days = client, table, keep_days

    def find(self, owner: str, job_id: str) -> Deletion | None:
        row = _read(self._client, self._table, owner, job_id)
        return _deletion(row) if row else None

    def note(self, receipt: Receipt, *, before: Receipt | None, due_at: str) -> bool:
        condition = "attribute_not_exists(pk)" if before is None else f"{_UNSIGNED} AND receipt = :before"
        values = {":before": before.text} if before else {}
        return self._put(receipt, {"due_sk": due_at}, condition, values)

    def sign(self, receipt: Receipt, jws: str, *, due_at: str) -> Deletion:
        if self._put(receipt, {"due_sk": due_at, "jws": jws}, _UNSIGNED, {}):
            return Deletion(receipt, jws)
        first = self.find(receipt.owner, receipt.job_id)
        if first is None:
            raise StorageUnavailable(f"receipt of {receipt.job_id}: expected the one that was signed, found none")
        return first

    def due(self, now: str, *, limit: int) -> Sequence[Deletion]:
        with translated(StorageUnavailable, "table"):
            found = self._client.query(
                TableName=self._table,
                IndexName="due",
                KeyConditionExpression="due_pk = :pk AND due_sk <= :now",
                ExpressionAttributeValues=to_row({":pk": DUE, ":now": now}),
                Limit=limit,
            )
        return [_deletion(from_row(row)) for row in found["Items"]]

    def postpone(self, receipt: Receipt, due_at: str | None) -> None:
        change: dict[str, Any] = {"UpdateExpression": "REMOVE due_pk, due_sk"}
        if due_at:
            values = to_row({":due": due_at})
            change = {"UpdateExpression": "SET due_sk = :due", "ExpressionAttributeValues": values}
        with translated(StorageUnavailable, "table"):
            self._client.update_item(
                TableName=self._table,
                Key=to_row(_key(receipt.owner, receipt.job_id)),
                ConditionExpression="attribute_exists(pk)",
                **change,
            )

    def _put(self, receipt: Receipt, attributes: Mapping[str, Any], condition: str, values: Mapping[str, Any]) -> bool:
        expires = datetime.fromisoformat(receipt.requested_at) + timedelta(days=self._keep_days)
        row = {
            **_key(receipt.owner, receipt.job_id),
            "receipt": receipt.text,
            "due_pk": DUE,
            "expires_at": int(expires.timestamp()),
            **attributes,
        }
        conditions: Any = {"ConditionExpression": condition}
        if values:
            conditions["ExpressionAttributeValues"] = to_row(values)
        with translated(StorageUnavailable, "table"):
            try:
                self._client.put_item(TableName=self._table, Item=to_row(row), **conditions)
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True


def deletion_exists(client: DynamoDBClient, table: str, owner: str, job_id: str) -> bool:
    """Whether the job was deleted, or is being deleted: all that a process without a hand in deletions may ask."""
    return _read(client, table, owner, job_id) is not None


def unless_deleted(table: str, owner: str, job_id: str) -> dict[str, Any]:
    """The part of a transaction that lets it happen only while nobody has begun to delete that job."""
    check = {"TableName": table, "Key": to_row(_key(owner, job_id)), "ConditionExpression": "attribute_not_exists(pk)"}
    return {"ConditionCheck": check}


def _read(client: DynamoDBClient, table: str, owner: str, job_id: str) -> dict[str, Any] | None:
    with translated(StorageUnavailable, "table"):
        found = client.get_item(TableName=table, Key=to_row(_key(owner, job_id)), ConsistentRead=True)
    return from_row(found["Item"]) if "Item" in found else None


def _key(owner: str, job_id: str) -> dict[str, str]:
    return {"pk": f"USER#{owner}", "sk": f"RECEIPT#{job_id}"}


def _deletion(row: Mapping[str, Any]) -> Deletion:
    return Deletion(Receipt.model_validate_json(row["receipt"]), row.get("jws"))
