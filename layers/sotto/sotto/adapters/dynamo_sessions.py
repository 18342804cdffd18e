"""Sign-ins in DynamoDB: pk USER#<id>, sk SESSION#<family>. A refresh token is there only as a hash.

The row goes by TTL when its refresh token has expired; until TTL has swept it, the reader checks the time itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import StorageUnavailable
from sotto.domain.tokens import Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "SESSION#"


def session_key(user_id: str, family: str) -> dict[str, str]:
    return {"pk": f"USER#{user_id}", "sk": f"{PREFIX}{family}"}


class DynamoSessions:
    """Implements workflows.identity_ports.Sessions."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def start(self, session: Session) -> None:
        with translated(StorageUnavailable, "table"):
            self._client.put_item(
                TableName=self._table, Item=_row(session), ConditionExpression="attribute_not_exists(pk)"
            )

    def find(self, user_id: str, family: str) -> Session | None:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(
                TableName=self._table, Key=to_row(session_key(user_id, family)), ConsistentRead=True
            )
        return _session(from_row(found["Item"])) if "Item" in found else None

    def rotate(self, before: Session, after: Session) -> bool:
        with translated(StorageUnavailable, "table"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=_row(after),
                    ConditionExpression="current_hash = :before",
                    ExpressionAttributeValues=to_row({":before": before.current_hash}),
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def end(self, user_id: str, family: str) -> None:
        with translated(StorageUnavailable, "table"):
            self._client.delete_item(TableName=self._table, Key=to_row(session_key(user_id, family)))

    def end_all(self, user_id: str, *, keep: str | None = None) -> int:
        """A session that starts while this runs may stay: to shut somebody out, disable the account first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=to_row({":pk": f"USER#{user_id}", ":prefix": PREFIX}),
            ProjectionExpression="pk, sk",
            ConsistentRead=True,
        )
        kept = session_key(user_id, keep)["sk"] if keep else None
        ended = 0
        with translated(StorageUnavailable, "table"):
            for row in (row for page in pages for row in page["Items"]):
                if row["sk"].get("S") != kept:
                    self._client.delete_item(TableName=self._table, Key={"pk": row["pk"], "sk": row["sk"]})
                    ended += 1
        return ended


def _row(session: Session) -> dict[str, Any]:
    return to_row(
        {
            **session_key(session.user_id, session.family),
            "user_id": session.user_id,
            "family": session.family,
            "current_hash": session.current_hash,
            "previous_hash": session.previous_hash,
            "nonce": session.nonce,
            "created_at": session.created_at.timestamp(),
            "rotated_at": session.rotated_at.timestamp(),
            "expires_at": int(session.expires_at.timestamp()),
        }
    )


def _session(row: dict[str, Any]) -> Session:
    return Session(
        user_id=str(row["user_id"]),
        family=str(row["family"]),
        current_hash=str(row["current_hash"]),
        previous_hash=str(row["previous_hash"]),
        nonce=str(row["nonce"]),
        created_at=datetime.fromtimestamp(float(row["created_at"]), UTC),
        rotated_at=datetime.fromtimestamp(float(row["rotated_at"]), UTC),
        expires_at=datetime.fromtimestamp(float(row["expires_at"]), UTC),
    )
