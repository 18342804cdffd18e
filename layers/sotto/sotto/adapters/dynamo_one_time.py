"""One-time tokens in DynamoDB, as hashes that TTL removes.

pk INVITATION#<id>   sk INVITATION   who may open an account
pk USER#<id>         sk RESET        the one password reset that waits
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import StorageUnavailable
from sotto.domain.identity import Role
from sotto.domain.one_time_tokens import Invitation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def invitation_key(invitation_id: str) -> dict[str, str]:
    return {"pk": f"INVITATION#{invitation_id}", "sk": "INVITATION"}


def reset_key(user_id: str) -> dict[str, str]:
    return {"pk": f"USER#{user_id}", "sk": "RESET"}


class DynamoInvitations:
    """Implements workflows.identity_ports.Invitations. Spending one is part of dynamo_users.py's transaction."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, invitation: Invitation) -> None:
        row = {
            **invitation_key(invitation.id),
            "token_hash": invitation.hash,
            "email": invitation.email,
            "role": invitation.role.value,
            "invited_by": invitation.invited_by,
            "expires_at": invitation.expires_at,
        }
        with translated(StorageUnavailable, "table"):
            self._client.put_item(TableName=self._table, Item=to_row(row))

    def find(self, invitation_id: str) -> Invitation | None:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(
                TableName=self._table, Key=to_row(invitation_key(invitation_id)), ConsistentRead=True
            )
        if "Item" not in found:
            return None
        row = from_row(found["Item"])
        return Invitation(
            id=invitation_id,
            hash=str(row["token_hash"]),
            email=str(row["email"]),
            role=Role(row["role"]),
            invited_by=str(row["invited_by"]),
            expires_at=int(row["expires_at"]),
        )


class DynamoResets:
    """Implements workflows.identity_ports.Resets."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def start(self, user_id: str, token_hash: str, expires_at: int) -> None:
        row = {**reset_key(user_id), "token_hash": token_hash, "expires_at": expires_at}
        with translated(StorageUnavailable, "table"):
            self._client.put_item(TableName=self._table, Item=to_row(row))

    def spend(self, user_id: str, token_hash: str, now: int) -> bool:
        with translated(StorageUnavailable, "table"):
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=to_row(reset_key(user_id)),
                    ConditionExpression="token_hash = :hash AND expires_at > :now",
                    ExpressionAttributeValues=to_row({":hash": token_hash, ":now": now}),
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True
