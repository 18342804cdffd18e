"""Dead letters in DynamoDB: pk USER#<owner>, sk DEAD#<message>, gone after 30 days by TTL, or with their owner.

In the index `due`, in a partition of their own, they lie by the time of their death, so operators see everybody's.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.dead_letters import DeadLetter, LetterFilter, LetterPage
from sotto.domain.errors import Failure, InvalidInput, StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DUE = "DEAD"
KEEP = timedelta(days=30)


class DynamoDeadLetters:
    """Implements workflows.dead_letter_ports.DeadLetters."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def keep(self, letter: DeadLetter) -> None:
        row = {
            **_key(letter.owner, letter.id),
            **{name: value for name, value in asdict(letter).items() if name != "failure"},
            **asdict(letter.failure),
            "due_pk": DUE,
            "due_sk": f"{letter.died_at}#{letter.id}",
            "expires_at": int((datetime.fromisoformat(letter.died_at) + KEEP).timestamp()),
        }
        with translated(StorageUnavailable, "table"):
            try:
                self._client.put_item(
                    TableName=self._table, Item=to_row(row), ConditionExpression="attribute_not_exists(pk)"
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise

    def page(self, wanted: LetterFilter, *, limit: int, cursor: str | None) -> LetterPage:
        values = {":pk": DUE, **{f":{name}": value for name, value in wanted.named.items()}}
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "due",
            "KeyConditionExpression": "due_pk = :pk",
            "ExpressionAttributeValues": to_row(values),
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if wanted.named:
            query["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in wanted.named)
            query["ExpressionAttributeNames"] = {f"#{name}": name for name in wanted.named}
        if cursor:
            query["ExclusiveStartKey"] = to_row(_after(cursor))
        with translated(StorageUnavailable, "table"):
            found = self._client.query(**query)
        last = found.get("LastEvaluatedKey")
        return LetterPage(
            tuple(_letter(from_row(row)) for row in found["Items"]), _cursor(from_row(last)) if last else None
        )

    def drop(self, letter: DeadLetter) -> None:
        with translated(StorageUnavailable, "table"):
            self._client.delete_item(TableName=self._table, Key=to_row(_key(letter.owner, letter.id)))


def _key(owner: str, letter_id: str) -> dict[str, str]:
    return {"pk": f"USER#{owner}", "sk": f"DEAD#{letter_id}"}


def _cursor(last: dict[str, Any]) -> str:
    return urlsafe_b64encode(f"{last['due_sk']}#{last['pk'].removeprefix('USER#')}".encode()).decode()


def _after(cursor: str) -> dict[str, str]:
    try:
        died_at, letter_id, owner = urlsafe_b64decode(cursor.encode()).decode("ascii").split("#")
    except (binascii.Error, UnicodeError, ValueError):
        raise InvalidInput("cursor", expected="the next_cursor of an earlier page", found=cursor[:60]) from None
    return {**_key(owner, letter_id), "due_pk": DUE, "due_sk": f"{died_at}#{letter_id}"}


def _letter(row: dict[str, Any]) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        queue=row["queue"],
        owner=row["owner"],
        job_id=row["job_id"],
        attempt=row["attempt"],
        part=row.get("part"),
        failure=Failure(row["code"], row["message"], row["hint"]),
        model=row["model"],
        etag=row.get("etag"),
        version=row["version"],
        first_seen=row["first_seen"],
        died_at=row["died_at"],
        received=row["received"],
    )
