"""Deliveries in DynamoDB: pk USER#<owner>, sk DELIVERY#<webhook>#<ulid>, gone after 30 days by TTL.

While a delivery is pending it is in the index `due` at the time of its next try. Taking a try moves that time to the
end of a lease, under the condition that it is still the time that was seen: so one process makes a try, and a try
whose process died comes again.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import InvalidInput, NotFound, StorageUnavailable
from sotto.domain.webhooks import Attempt, Delivery, DeliveryPage, DeliveryStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DUE = "OUTBOX"
PREFIX = "DELIVERY#"
KEEP = timedelta(days=30)
_CONDITION = "ConditionalCheckFailedException"


def delivery_key(owner: str, webhook_id: str, delivery_id: str = "") -> dict[str, str]:
    return {"pk": f"USER#{owner}", "sk": f"{PREFIX}{webhook_id}#{delivery_id}"}


class DynamoDeliveries:
    """Implements workflows.webhook_ports.Deliveries."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, delivery: Delivery) -> bool:
        with translated(StorageUnavailable, "table"):
            try:
                self._client.put_item(
                    TableName=self._table, Item=_row(delivery), ConditionExpression="attribute_not_exists(pk)"
                )
            except ClientError as error:
                if code_of(error) != _CONDITION:
                    raise
                return False
        return True

    def get(self, owner: str, webhook_id: str, delivery_id: str) -> Delivery:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(
                TableName=self._table, Key=to_row(delivery_key(owner, webhook_id, delivery_id)), ConsistentRead=True
            )
        if "Item" not in found:
            raise NotFound(
                f"delivery: expected one of this webhook, found none with id {delivery_id}",
                hint="GET /v1/webhooks/{id}/deliveries lists them.",
            )
        return delivery_from_row(from_row(found["Item"]))

    def begin(self, delivery: Delivery, *, lease_until: str) -> Delivery | None:
        taken = replace(delivery, due_at=lease_until, tries=delivery.tries + 1)
        written = self._update(
            delivery,
            "SET due_sk = :until, tries = :tries",
            {":until": lease_until, ":tries": taken.tries},
        )
        return taken if written else None

    def end(self, delivery: Delivery, status: DeliveryStatus, *, attempt: Attempt | None, due_at: str | None) -> None:
        values = {":status": status.value, ":made": [asdict(attempt)] if attempt else []}
        due = "REMOVE due_pk, due_sk"
        sets = "SET #status = :status, attempts = list_append(attempts, :made)"
        if due_at:
            sets, due, values = f"{sets}, due_sk = :next", "", {**values, ":next": due_at}
        self._update(delivery, f"{sets} {due}".strip(), values, names={"#status": "status"})

    def page(self, owner: str, webhook_id: str, *, limit: int, cursor: str | None) -> DeliveryPage:
        query: dict[str, Any] = {**self._of(owner, webhook_id), "ScanIndexForward": False, "Limit": limit}
        if cursor:
            query["ExclusiveStartKey"] = to_row(delivery_key(owner, webhook_id, _id_of(cursor)))
        with translated(StorageUnavailable, "table"):
            found = self._client.query(**query)
        rows = tuple(delivery_from_row(from_row(row)) for row in found["Items"])
        more = bool(found.get("LastEvaluatedKey")) and bool(rows)
        return DeliveryPage(rows, urlsafe_b64encode(rows[-1].id.encode()).decode() if more else None)

    def delete_all(self, owner: str, webhook_id: str) -> None:
        pages = self._client.get_paginator("query").paginate(
            **self._of(owner, webhook_id), ProjectionExpression="pk, sk", ConsistentRead=True
        )
        with translated(StorageUnavailable, "table"):
            for row in (row for page in pages for row in page["Items"]):
                self._client.delete_item(TableName=self._table, Key={"pk": row["pk"], "sk": row["sk"]})

    def _of(self, owner: str, webhook_id: str) -> dict[str, Any]:
        key = delivery_key(owner, webhook_id)
        return {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": to_row({":pk": key["pk"], ":prefix": key["sk"]}),
        }

    def _update(
        self, delivery: Delivery, expression: str, values: dict[str, Any], names: dict[str, str] | None = None
    ) -> bool:
        """Change the row if it is due when `delivery` says so."""
        if delivery.due_at is None:
            return False
        named: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        with translated(StorageUnavailable, "table"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=to_row(delivery_key(delivery.owner, delivery.webhook_id, delivery.id)),
                    UpdateExpression=expression,
                    ConditionExpression="due_sk = :seen",
                    ExpressionAttributeValues=to_row({":seen": delivery.due_at, **values}),
                    **named,
                )
            except ClientError as error:
                if code_of(error) != _CONDITION:
                    raise
                return False
        return True


def _row(delivery: Delivery) -> dict[str, Any]:
    created = datetime.fromisoformat(delivery.created_at)
    return to_row(
        {
            **delivery_key(delivery.owner, delivery.webhook_id, delivery.id),
            "owner": delivery.owner,
            "webhook_id": delivery.webhook_id,
            "delivery_id": delivery.id,
            "event_id": delivery.event_id,
            "type": delivery.type,
            "body": delivery.body,
            "created_at": delivery.created_at,
            "status": delivery.status.value,
            "tries": delivery.tries,
            "attempts": [asdict(one) for one in delivery.attempts],
            "due_pk": DUE if delivery.due_at else None,
            "due_sk": delivery.due_at,
            "expires_at": int((created + KEEP).timestamp()),
        }
    )


def delivery_from_row(row: dict[str, Any]) -> Delivery:
    attempts = tuple(
        Attempt(one["at"], one.get("status"), one.get("error"), float(one["duration_s"])) for one in row["attempts"]
    )
    return Delivery(
        owner=row["owner"],
        webhook_id=row["webhook_id"],
        id=row["delivery_id"],
        event_id=row["event_id"],
        type=row["type"],
        body=row["body"],
        created_at=row["created_at"],
        status=DeliveryStatus(row["status"]),
        due_at=row.get("due_sk"),
        tries=row["tries"],
        attempts=attempts,
    )


def _id_of(cursor: str) -> str:
    try:
        found = b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        found = ""
    if not found.isalnum():
        raise InvalidInput("cursor", expected="the next_cursor of an earlier page", found=cursor)
    return found
