"""Webhooks in DynamoDB: pk USER#<owner>, sk WEBHOOK#<ulid>.

The secrets lie in the row, because messages must be signed with them; the table is encrypted under the stack's key,
and only the two functions that need them may read the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import NotFound, StorageUnavailable, WrongState
from sotto.domain.webhooks import Pause, Secret, Webhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "WEBHOOK#"


def webhook_key(owner: str, webhook_id: str) -> dict[str, str]:
    return {"pk": f"USER#{owner}", "sk": f"{PREFIX}{webhook_id}"}


class DynamoWebhooks:
    """Implements workflows.webhook_ports.Webhooks."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, webhook: Webhook) -> None:
        row = {
            **webhook_key(webhook.owner, webhook.id),
            "owner": webhook.owner,
            "webhook_id": webhook.id,
            "url": webhook.url,
            "description": webhook.description,
            "events": sorted(webhook.events),
            "secrets": [asdict(one) for one in webhook.secrets],
            "created_at": webhook.created_at,
            "failing_since": webhook.failing_since,
            "paused": webhook.paused.value if webhook.paused else None,
        }
        with translated(StorageUnavailable, "table"):
            self._client.put_item(
                TableName=self._table, Item=to_row(row), ConditionExpression="attribute_not_exists(pk)"
            )

    def get(self, owner: str, webhook_id: str) -> Webhook:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(
                TableName=self._table, Key=to_row(webhook_key(owner, webhook_id)), ConsistentRead=True
            )
        if "Item" not in found:
            raise _none(webhook_id)
        return _webhook(from_row(found["Item"]))

    def all(self, owner: str) -> Sequence[Webhook]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=to_row({":pk": webhook_key(owner, "")["pk"], ":prefix": PREFIX}),
            ConsistentRead=True,
        )
        with translated(StorageUnavailable, "table"):
            return [_webhook(from_row(row)) for page in pages for row in page["Items"]]

    def delete(self, owner: str, webhook_id: str) -> None:
        with translated(StorageUnavailable, "table"):
            self._client.delete_item(TableName=self._table, Key=to_row(webhook_key(owner, webhook_id)))

    def replace_secrets(self, webhook: Webhook, secrets: Sequence[Secret]) -> Webhook:
        rows = [[asdict(one) for one in these] for these in (secrets, webhook.secrets)]
        written = self._update(
            webhook,
            "SET secrets = :fresh",
            {":fresh": rows[0], ":present": rows[1]},
            condition="secrets = :present",
        )
        if not written:
            self.get(webhook.owner, webhook.id)  # NotFound, when that is the reason
            raise WrongState(f"webhook {webhook.id}: expected the secret that was read, found a newer one")
        return replace(webhook, secrets=tuple(secrets))

    def note_failure(self, webhook: Webhook, now: str) -> str:
        if not self._update(
            webhook, "SET failing_since = :now", {":now": now}, condition="attribute_not_exists(failing_since)"
        ):
            try:
                return self.get(webhook.owner, webhook.id).failing_since or now
            except NotFound:
                return now
        return now

    def note_success(self, webhook: Webhook) -> None:
        self._update(webhook, "REMOVE failing_since")

    def pause(self, webhook: Webhook, reason: Pause) -> None:
        self._update(webhook, "SET paused = :reason", {":reason": reason.value})

    def resume(self, webhook: Webhook) -> Webhook:
        if not self._update(webhook, "REMOVE paused, failing_since"):
            raise _none(webhook.id)
        return replace(webhook, paused=None, failing_since=None)

    def _update(
        self,
        webhook: Webhook,
        expression: str,
        values: Mapping[str, Any] | None = None,
        condition: str = "attribute_exists(pk)",
    ) -> bool:
        """Change a row that is there, under `condition`."""
        valued: dict[str, Any] = {"ExpressionAttributeValues": to_row(values)} if values else {}
        with translated(StorageUnavailable, "table"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=to_row(webhook_key(webhook.owner, webhook.id)),
                    UpdateExpression=expression,
                    ConditionExpression=f"attribute_exists(pk) AND {condition}",
                    **valued,
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True


def _none(webhook_id: str) -> NotFound:
    return NotFound(
        f"webhook: expected one of yours, found none with id {webhook_id}", hint="GET /v1/webhooks lists yours."
    )


def _webhook(row: Mapping[str, Any]) -> Webhook:
    return Webhook(
        owner=row["owner"],
        id=row["webhook_id"],
        url=row["url"],
        description=row["description"],
        events=frozenset(row["events"]),
        secrets=tuple(Secret(one["value"], one.get("until")) for one in row["secrets"]),
        created_at=row["created_at"],
        failing_since=row.get("failing_since"),
        paused=Pause(row["paused"]) if "paused" in row else None,
    )
