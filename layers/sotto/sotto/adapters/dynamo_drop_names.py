"""Who came first to a stem in a folder of the dropbox: pk USER#<owner>, sk DROP#<folder/stem>, gone by TTL.

talk.mp3 and talk.wav would both answer as talk.txt. A row decides for good which of them does, where a look at the
folder would decide differently once a file is taken away. It lives as long as the answers do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import to_row
from sotto.domain.errors import StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDropNames:
    """Implements workflows.drop_ports.DropNames."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime], *, keep_days: int) -> None:
        self._client, self._table, self._clock, self._keep_days = client, table, clock, keep_days

    def claim(self, owner: str, stem: str, name: str) -> bool:
        now = self._clock()
        row = {
            "pk": f"USER#{owner}",
            "sk": f"DROP#{stem}",
            "name": name,
            "expires_at": int((now + timedelta(days=self._keep_days)).timestamp()),
        }
        with translated(StorageUnavailable, "table"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=to_row(row),
                    # TTL deletes within days, so a row that has run out may still be there.
                    ConditionExpression="attribute_not_exists(pk) OR #name = :name OR expires_at <= :now",
                    ExpressionAttributeNames={"#name": "name"},
                    ExpressionAttributeValues=to_row({":name": name, ":now": int(now.timestamp())}),
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True
