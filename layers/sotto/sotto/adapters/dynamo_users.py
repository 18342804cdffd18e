"""Accounts in DynamoDB: the account under its owner, and one row that finds it by address and keeps addresses unique.

pk USER#<id>       sk PROFILE   the account
pk EMAIL#<email>   sk LOGIN     its id
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_one_time import invitation_key
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import AlreadyExists, NotFound, Rejected, StorageUnavailable, WrongState
from sotto.domain.identity import Role, User, UserPage
from sotto.domain.one_time_tokens import Invitation, unusable
from sotto.domain.quotas import OwnQuotas

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PROFILE = "PROFILE"
DIRECTORY_PK = "SYSTEM#USERS"
LOCK = {"pk": "SYSTEM#BOOTSTRAP", "sk": "LOCK"}


def profile_key(user_id: str) -> dict[str, str]:
    return {"pk": f"USER#{user_id}", "sk": PROFILE}


def login_key(email: str) -> dict[str, str]:
    return {"pk": f"EMAIL#{email}", "sk": "LOGIN"}


def directory_key(user_id: str) -> dict[str, str]:
    return {"pk": DIRECTORY_PK, "sk": user_id}


class DynamoUsers:
    """Implements workflows.identity_ports.Users."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, user: User, *, spends: Invitation | None = None, bootstraps: bool = False) -> None:
        writes: list[Any] = [
            self._put({**login_key(user.email), "user_id": user.id}),
            self._put(_row(user)),
            self._put({**directory_key(user.id), "email": user.email}),
        ]
        if spends is not None:
            spent: dict[str, Any] = {
                "TableName": self._table,
                "Key": to_row(invitation_key(spends.id)),
                "ConditionExpression": "attribute_exists(pk)",
            }
            writes.append({"Delete": spent})
        if bootstraps:
            writes.append(self._put(LOCK))
        with translated(StorageUnavailable, "table"):
            try:
                self._client.transact_write_items(TransactItems=writes)
            except ClientError as error:
                codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
                if "ConditionalCheckFailed" not in codes:
                    raise
                raise _refusal(codes.index("ConditionalCheckFailed"), spends is not None) from error

    def bootstrapped(self) -> bool:
        return self._get(LOCK) is not None

    def lock_bootstrap(self) -> None:
        with translated(StorageUnavailable, "table"):
            self._client.put_item(TableName=self._table, Item=to_row(LOCK))

    def page(self, *, limit: int, cursor: str | None) -> UserPage:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": to_row({":pk": DIRECTORY_PK}),
            "Limit": limit,
        }
        if cursor:
            query["ExclusiveStartKey"] = to_row(directory_key(cursor))
        with translated(StorageUnavailable, "table"):
            found = self._client.query(**query)
        ids = [str(from_row(row)["sk"]) for row in found["Items"]]
        users = tuple(user for user in map(self.by_id, ids) if user is not None)
        return UserPage(users, ids[-1] if ids and "LastEvaluatedKey" in found else None)

    def change(
        self,
        user_id: str,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        job_mails: bool | None = None,
        quotas: OwnQuotas | None = None,
    ) -> User:
        changes = {
            "role": role.value if role else None,
            "disabled": disabled,
            "job_mails": job_mails,
            "quotas": asdict(quotas) if quotas else None,
        }
        values = {name: value for name, value in changes.items() if value is not None}
        if values:
            self._set(user_id, values)
        user = self.by_id(user_id)
        if user is None:
            raise _unknown(user_id)
        return user

    def delete(self, user: User) -> None:
        """Everything that the user owns goes first, whoever wrote it; the account goes last, so it can be repeated."""
        keys = (login_key(user.email), directory_key(user.id), profile_key(user.id))
        writes: list[Any] = [{"Delete": {"TableName": self._table, "Key": to_row(key)}} for key in keys]
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_row({":pk": keys[2]["pk"]}),
            ProjectionExpression="pk, sk",
            ConsistentRead=True,
        )
        with translated(StorageUnavailable, "table"):
            for row in (row for page in pages for row in page["Items"]):
                if row["sk"] != {"S": PROFILE}:
                    self._client.delete_item(TableName=self._table, Key={"pk": row["pk"], "sk": row["sk"]})
            self._client.transact_write_items(TransactItems=writes)

    def by_email(self, email: str) -> User | None:
        login = self._get(login_key(email))
        return self.by_id(str(login["user_id"])) if login else None

    def by_id(self, user_id: str) -> User | None:
        row = self._get(profile_key(user_id))
        return _user(row) if row else None

    def set_password(self, user_id: str, password_hash: str, *, must_change: bool) -> None:
        self._set(user_id, {"password_hash": password_hash, "must_change_password": must_change})

    def _put(self, row: dict[str, Any]) -> dict[str, Any]:
        """One new row of a transaction."""
        put = {"TableName": self._table, "Item": to_row(row), "ConditionExpression": "attribute_not_exists(pk)"}
        return {"Put": put}

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
                raise _unknown(user_id) from error


def _refusal(position: int, spends: bool) -> Rejected:  # noqa: FBT001 - one caller, above
    """Which of the transaction's conditions failed: account and address first, then the invitation, then the lock."""
    if position < 3:
        return AlreadyExists("email: expected a new address, found one that has an account")
    if spends:
        return unusable("invitation")
    return WrongState("bootstrap: expected a service without an administrator, found one that has had one")


def _unknown(user_id: str) -> NotFound:
    return NotFound(f"user: expected an account, found none with id {user_id}")


def _row(user: User) -> dict[str, Any]:
    return {
        **profile_key(user.id),
        "user_id": user.id,
        "email": user.email,
        "role": user.role.value,
        "password_hash": user.password_hash,
        "created_at": user.created_at,
        "must_change_password": user.must_change_password,
        "disabled": user.disabled,
        "job_mails": user.job_mails,
        "quotas": asdict(user.quotas),
    }


def quotas_of(profile: dict[str, Any]) -> OwnQuotas:
    """What the account's row says; one that was written before quotas could be set has none."""
    return OwnQuotas(**profile.get("quotas", {}))


def _user(row: dict[str, Any]) -> User:
    return User(
        id=str(row["user_id"]),
        email=str(row["email"]),
        role=Role(row["role"]),
        password_hash=str(row["password_hash"]),
        created_at=str(row["created_at"]),
        must_change_password=bool(row["must_change_password"]),
        disabled=bool(row["disabled"]),
        job_mails=bool(row.get("job_mails")),  # accounts that are older than the wish
        quotas=quotas_of(row),
    )
