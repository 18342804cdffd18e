"""Accounts in DynamoDB: the account under its owner, and one row that finds it by address and keeps addresses unique.

pk USER#<id>       sk PROFILE   the account
pk EMAIL#<email>   sk LOGIN     its id
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import AlreadyExists, NotFound, StorageUnavailable
from sotto.domain.identity import Role, User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PROFILE = "PROFILE"


def profile_key(user_id: str) -> dict[str, str]:
    return {"pk": f"USER#{user_id}", "sk": PROFILE}


def login_key(email: str) -> dict[str, str]:
    return {"pk": f"EMAIL#{email}", "sk": "LOGIN"}


class DynamoUsers:
    """Implements workflows.identity_ports.Users."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, user: User) -> None:
        rows: list[dict[str, Any]] = [
            {**login_key(user.email), "user_id": user.id},
            {
                **profile_key(user.id),
                "user_id": user.id,
                "email": user.email,
                "role": user.role.value,
                "password_hash": user.password_hash,
                "created_at": user.created_at,
                "must_change_password": user.must_change_password,
                "disabled": user.disabled,
            },
        ]
        puts: list[Any] = [
            {"Put": {"TableName": self._table, "Item": to_row(row), "ConditionExpression": "attribute_not_exists(pk)"}}
            for row in rows
        ]
        with translated(StorageUnavailable, "table"):
            try:
                self._client.transact_write_items(TransactItems=puts)
            except ClientError as error:
                reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
                if "ConditionalCheckFailed" not in reasons:
                    raise
                raise AlreadyExists("email: expected a new address, found one that has an account") from error

    def by_email(self, email: str) -> User | None:
        login = self._get(login_key(email))
        return self.by_id(str(login["user_id"])) if login else None

    def by_id(self, user_id: str) -> User | None:
        row = self._get(profile_key(user_id))
        return _user(row) if row else None

    def set_password(self, user_id: str, password_hash: str, *, must_change: bool) -> None:
        self._set(user_id, {"password_hash": password_hash, "must_change_password": must_change})

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(TableName=self._table, Key=to_row(key), ConsistentRead=True)
        return from_row(found["Item"]) if "Item" in found else None

    def _set(self, user_id: str, values: dict[str, Any]) -> None:
        with translated(StorageUnavailable, "table"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=to_row(profile_key(user_id)),
                    UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                    ConditionExpression="attribute_exists(pk)",
                    ExpressionAttributeNames={f"#{name}": name for name in values},
                    ExpressionAttributeValues=to_row({f":{name}": value for name, value in values.items()}),
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                raise NotFound(f"user: expected an account, found none with id {user_id}") from error


def _user(row: dict[str, Any]) -> User:
    return User(
        id=str(row["user_id"]),
        email=str(row["email"]),
        role=Role(row["role"]),
        password_hash=str(row["password_hash"]),
        created_at=str(row["created_at"]),
        must_change_password=bool(row["must_change_password"]),
        disabled=bool(row["disabled"]),
    )
