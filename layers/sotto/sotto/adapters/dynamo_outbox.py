"""Events that wait to be told: pk USER#<owner>, sk EVENT#<ulid>, gone after a week by TTL.

The row is put by the transaction that ends a job (dynamo_jobs.py). Until it is settled it is in the index `due`, in a
partition that it shares with deliveries (dynamo_deliveries.py), so what the table's stream loses is found there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sotto.adapters.aws_errors import translated
from sotto.adapters.dynamo_deliveries import DUE, PREFIX, delivery_from_row
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import StorageUnavailable
from sotto.domain.outbox import OutboxEvent
from sotto.domain.webhooks import Delivery

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEEP = timedelta(days=7)
GRACE = timedelta(seconds=30)
"""The stream is given so long before the sweep looks."""


def event_key(owner: str, event_id: str) -> dict[str, str]:
    return {"pk": f"USER#{owner}", "sk": f"EVENT#{event_id}"}


def event_to_row(event: OutboxEvent) -> dict[str, Any]:
    """The row, waiting."""
    moment = datetime.fromisoformat(event.occurred_at)
    return {
        **event_key(event.owner, event.id),
        "owner": event.owner,
        "event_id": event.id,
        "type": event.type,
        "occurred_at": event.occurred_at,
        "data": json.dumps(event.data),  # as text, because rows drop what is null
        "due_pk": DUE,
        "due_sk": (moment + GRACE).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "expires_at": int((moment + KEEP).timestamp()),
    }


class DynamoOutbox:
    """Implements workflows.webhook_ports.Outbox."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def get(self, owner: str, event_id: str) -> OutboxEvent | None:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(
                TableName=self._table, Key=to_row(event_key(owner, event_id)), ConsistentRead=True
            )
        row = from_row(found.get("Item", {}))
        return _event(row) if "due_pk" in row else None

    def settle(self, event: OutboxEvent) -> None:
        with translated(StorageUnavailable, "table"):
            self._client.update_item(
                TableName=self._table,
                Key=to_row(event_key(event.owner, event.id)),
                UpdateExpression="REMOVE due_pk, due_sk SET settled = :true",
                ExpressionAttributeValues=to_row({":true": True}),
            )

    def due(self, now: str, *, limit: int) -> Sequence[OutboxEvent | Delivery]:
        with translated(StorageUnavailable, "table"):
            found = self._client.query(
                TableName=self._table,
                IndexName="due",
                KeyConditionExpression="due_pk = :pk AND due_sk <= :now",
                ExpressionAttributeValues=to_row({":pk": DUE, ":now": now}),
                Limit=limit,
            )
        rows = [from_row(row) for row in found["Items"]]
        return [delivery_from_row(row) if str(row["sk"]).startswith(PREFIX) else _event(row) for row in rows]


def _event(row: dict[str, Any]) -> OutboxEvent:
    return OutboxEvent(row["event_id"], row["owner"], row["type"], row["occurred_at"], json.loads(row["data"]))
