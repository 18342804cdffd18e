"""Mail without a mail server: rows that `sotto mail` shows. pk SYSTEM#MAIL, sk <time>#<id>, gone after a day.

For laptops and tests. The rows hold one-time tokens in the clear, so on AWS ses_mail.py is the one to use.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sotto.adapters.aws_errors import translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import StorageUnavailable
from sotto.domain.mail import Mail

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAIL_PK = "SYSTEM#MAIL"
_KEEP = timedelta(days=1)


class OutboxMail:
    """Implements workflows.identity_ports.Mailer."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        new_id: Callable[[], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client, self._table, self._new_id, self._clock = client, table, new_id, clock

    def send(self, mail: Mail) -> None:
        now = self._clock()
        row = {
            "pk": MAIL_PK,
            "sk": f"{now.isoformat()}#{self._new_id()}",
            "to": mail.to,
            "subject": mail.subject,
            "text": mail.text,
            "expires_at": int((now + _KEEP).timestamp()),
        }
        with translated(StorageUnavailable, "table"):
            self._client.put_item(TableName=self._table, Item=to_row(row))


def read_outbox(client: DynamoDBClient, table: str, limit: int) -> list[tuple[str, Mail]]:
    """When and what was sent, newest first."""
    with translated(StorageUnavailable, "table"):
        found = client.query(
            TableName=table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_row({":pk": MAIL_PK}),
            ScanIndexForward=False,
            Limit=limit,
        )
    rows = [from_row(row) for row in found["Items"]]
    return [
        (str(row["sk"]).partition("#")[0], Mail(str(row["to"]), str(row["subject"]), str(row["text"]))) for row in rows
    ]
