"""Requests that wait for a transcript: pk USER#<owner>, sk REQUEST#<fingerprint>, gone after a day by TTL.

One conditional write decides which of two equal requests makes the job. TTL sweeps late, so the write itself takes
over a row whose time is up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import StorageUnavailable
from sotto.domain.repeats import Claimed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEEP = timedelta(days=1)


class DynamoRequests:
    """Implements workflows.request_ports.Requests."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def claim(self, owner: str, fingerprint: str, wanted: Claimed, *, instead_of: str | None = None) -> Claimed:
        now = datetime.fromisoformat(wanted.claimed_at)
        row = {
            "pk": f"USER#{owner}",
            "sk": f"REQUEST#{fingerprint}",
            "job_id": wanted.job_id,
            "claimed_at": wanted.claimed_at,
            "expires_at": int((now + KEEP).timestamp()),
        }
        condition = "attribute_not_exists(pk) OR expires_at <= :now"
        values: dict[str, Any] = {":now": int(now.timestamp())}
        if instead_of:
            condition, values = f"{condition} OR job_id = :old", {**values, ":old": instead_of}
        with translated(StorageUnavailable, "table"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=to_row(row),
                    ConditionExpression=condition,
                    ExpressionAttributeValues=to_row(values),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                present = from_row(error.response["Item"])  # type: ignore[typeddict-item]
                return Claimed(str(present["job_id"]), str(present["claimed_at"]))
        return wanted
