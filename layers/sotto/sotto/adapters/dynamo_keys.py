"""The public halves of the signing keys, where every verifier can read them: pk SYSTEM#KEYS, sk JWK#<kid>.

The private halves never leave Secrets Manager and the functions that sign. So the authorizer, which stands in front
of every request, cannot make a token. A retired key carries `expires_at`, and TTL removes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto.adapters.aws_errors import translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.adapters.ed25519_keys import thumbprint
from sotto.domain.errors import StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_PK = "SYSTEM#KEYS"


def key_row(kid: str) -> dict[str, str]:
    return {"pk": KEYS_PK, "sk": f"JWK#{kid}"}


class DynamoKeys:
    """Implements workflows.identity_ports.PublishedKeys. Keys are named by their `x`, the public half."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def publish(self, x: str) -> None:
        """Make the key known; a key that is already there stays as it is, also when it is retired."""
        with translated(StorageUnavailable, "table"):
            self._client.update_item(
                TableName=self._table,
                Key=to_row(key_row(thumbprint(x))),
                UpdateExpression="SET x = if_not_exists(x, :x)",
                ExpressionAttributeValues=to_row({":x": x}),
            )

    def retire(self, x: str, at: int) -> None:
        """Let the key verify until `at` (epoch seconds) and no longer."""
        with translated(StorageUnavailable, "table"):
            self._client.update_item(
                TableName=self._table,
                Key=to_row(key_row(thumbprint(x))),
                UpdateExpression="SET x = :x, expires_at = :at",
                ExpressionAttributeValues=to_row({":x": x, ":at": at}),
            )

    def published(self, now: int) -> list[str]:
        """The keys that verify at `now`, for /auth/jwks."""
        with translated(StorageUnavailable, "table"):
            found = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=to_row({":pk": KEYS_PK}),
                ConsistentRead=True,
            )
        rows = map(from_row, found["Items"])
        return [str(row["x"]) for row in rows if row.get("expires_at", now + 1) > now]
