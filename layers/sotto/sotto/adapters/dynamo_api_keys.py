"""API keys in DynamoDB: pk USER#<id>, sk KEY#<key id>. The secret is there only as a hash.

A key that expired stays in the list until its owner revokes it, so the row carries `ends_at` and not the TTL
attribute: whoever wonders why an integration stopped finds the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.api_keys import ApiKey
from sotto.domain.errors import NotFound, StorageUnavailable
from sotto.domain.identity import Scope

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "KEY#"


def api_key_key(user_id: str, key_id: str) -> dict[str, str]:
    return {"pk": f"USER#{user_id}", "sk": f"{PREFIX}{key_id}"}


class DynamoApiKeys:
    """Implements workflows.identity_ports.ApiKeys."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, key: ApiKey) -> None:
        row = {
            **api_key_key(key.user_id, key.id),
            "key_id": key.id,
            "user_id": key.user_id,
            "name": key.name,
            "scopes": " ".join(sorted(key.scopes)),
            "key_hash": key.hash,
            "created_at": key.created_at,
            "ends_at": key.expires_at,
            "last_used_at": key.last_used_at,
        }
        with translated(StorageUnavailable, "table"):
            self._client.put_item(
                TableName=self._table, Item=to_row(row), ConditionExpression="attribute_not_exists(pk)"
            )

    def of_user(self, user_id: str) -> list[ApiKey]:
        with translated(StorageUnavailable, "table"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues=to_row({":pk": f"USER#{user_id}", ":prefix": PREFIX}),
                ConsistentRead=True,
            )
            rows = [from_row(row) for page in pages for row in page["Items"]]
        return sorted(map(_key, rows), key=lambda key: key.created_at)

    def revoke(self, user_id: str, key_id: str) -> None:
        with translated(StorageUnavailable, "table"):
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=to_row(api_key_key(user_id, key_id)),
                    ConditionExpression="attribute_exists(pk)",
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                raise NotFound(
                    f"key: expected one of yours, found none with id {key_id}", hint="GET /v1/keys lists your keys."
                ) from error

    def revoke_all(self, user_id: str) -> int:
        keys = self.of_user(user_id)
        with translated(StorageUnavailable, "table"):
            for key in keys:
                self._client.delete_item(TableName=self._table, Key=to_row(api_key_key(user_id, key.id)))
        return len(keys)


def _key(row: dict[str, Any]) -> ApiKey:
    return ApiKey(
        id=str(row["key_id"]),
        user_id=str(row["user_id"]),
        name=str(row["name"]),
        scopes=frozenset(Scope(scope) for scope in str(row["scopes"]).split()),
        hash=str(row["key_hash"]),
        created_at=str(row["created_at"]),
        expires_at=int(row["ends_at"]),
        last_used_at=row.get("last_used_at"),
    )
