"""The audit log in DynamoDB: pk AUDIT#<day>, sk <time>#<id>. Rows are only added; roles may neither change nor delete.

TTL ends them after the retention that the operator chose.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from sotto.adapters.audit_rows import audit_row
from sotto.adapters.aws_errors import translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.audit import Action, AuditEntry, AuditPage, Outcome
from sotto.domain.errors import InvalidInput, StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoAudit:
    """Implements workflows.identity_ports.AuditLog."""

    def __init__(self, client: DynamoDBClient, table: str, keep_days: int) -> None:
        self._client, self._table, self._keep_days = client, table, keep_days

    def append(self, entry: AuditEntry) -> None:
        with translated(StorageUnavailable, "table"):
            self._client.put_item(
                TableName=self._table,
                Item=to_row(audit_row(entry, self._keep_days)),
                ConditionExpression="attribute_not_exists(pk)",
            )

    def page(self, day: str, *, limit: int, cursor: str | None) -> AuditPage:
        pk = f"AUDIT#{day}"
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": to_row({":pk": pk}),
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if cursor:
            query["ExclusiveStartKey"] = to_row({"pk": pk, "sk": _sort_key(cursor, day)})
        with translated(StorageUnavailable, "table"):
            found = self._client.query(**query)
        rows = [from_row(row) for row in found["Items"]]
        more = "LastEvaluatedKey" in found and rows
        return AuditPage(tuple(map(_entry, rows)), _cursor(str(rows[-1]["sk"])) if more else None)


def entry_of_image(image: dict[str, Any]) -> AuditEntry:
    """The entry in a stream record's image of its row. Raises StorageUnavailable for a row of another form."""
    try:
        return _entry(from_row(image))
    except (KeyError, ValueError, TypeError) as cause:
        raise StorageUnavailable("audit row: expected an entry, found another form") from cause


def _cursor(sort_key: str) -> str:
    return base64.urlsafe_b64encode(sort_key.encode()).decode()


def _sort_key(cursor: str, day: str) -> str:
    try:
        sort_key = base64.urlsafe_b64decode(cursor.encode()).decode("ascii")
    except (binascii.Error, UnicodeError):
        sort_key = ""
    if not sort_key.startswith(day):
        raise InvalidInput("cursor", expected="the next_cursor of an earlier page of this day", found=cursor[:60])
    return sort_key


def _entry(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(
        id=str(row["id"]),
        at=str(row["at"]),
        who=str(row["who"]),
        credential=str(row["credential"]),
        action=Action(row["action"]),
        object=str(row["object"]),
        outcome=Outcome(row["outcome"]),
        address=str(row["address"]),
        request_id=str(row["request_id"]),
        detail=str(row["detail"]),
    )
