"""Remembered Idempotency-Keys: pk USER#<owner>, sk ONCE#<digest of the key>, gone after a day by TTL.

The row is written in the transaction that makes the job, so there is no moment at which one is there without the
other: of two equal requests one makes the job and the other finds it, a request that was refused leaves nothing, and
no request has to wait for another. Powertools' idempotency utility would lock, answer and unlock in three writes
(a crash between them makes a second job once the lock has run out) and would keep the answer itself, whose signed
upload is dead long before the row. So the job is remembered, and its upload is signed anew.

TTL sweeps late, so reads and writes look at the time themselves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import IdempotencyKeyReused, StorageUnavailable
from sotto.domain.idempotency import Once

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEEP = timedelta(days=1)


class DynamoOnce:
    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def remembering(self, owner: str, once: Once, job_id: str | None) -> dict[str, Any]:
        """The write that goes beside the job's own; its condition fails when the key was used before."""
        asked_at = datetime.fromisoformat(once.at)
        row = {**_key(owner, once), "asked": once.asked, "expires_at": int((asked_at + KEEP).timestamp())}
        return {
            "TableName": self._table,
            "Item": to_row(row if job_id is None else {**row, "job_id": job_id}),
            "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
            "ExpressionAttributeValues": to_row({":now": int(asked_at.timestamp())}),
        }

    def job_id(self, owner: str, once: Once) -> str | None:
        """The job that the key made. Raises IdempotencyKeyReused when that was for another request."""
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(TableName=self._table, Key=to_row(_key(owner, once)), ConsistentRead=True)
        row = from_row(found["Item"]) if "Item" in found else None
        if row is None or row["expires_at"] <= datetime.fromisoformat(once.at).timestamp():
            return None
        if row["asked"] != once.asked:
            raise IdempotencyKeyReused(
                "Idempotency-Key: expected the request that it was first sent with, found another"
            )
        return row.get("job_id")

    def claim(self, owner: str, once: Once) -> None:
        """Remember the key without a job. Raises IdempotencyKeyReused."""
        with translated(StorageUnavailable, "table"):
            try:
                self._client.put_item(**self.remembering(owner, once, None))
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
        self.job_id(owner, once)


def _key(owner: str, once: Once) -> dict[str, str]:
    return {"pk": f"USER#{owner}", "sk": f"ONCE#{once.key}"}
