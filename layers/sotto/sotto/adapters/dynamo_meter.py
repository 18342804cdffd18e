"""Measured work in DynamoDB.

    pk USER#<owner>    sk METER#<day>#<credential>   seconds of audio and of the engine, part by part; 400 days
    pk SPEED#<model>   sk DAY#<day>                  the same over all owners: how fast the model is; 30 days

A finished part is metered in the transaction that counts it, so each is metered once. Speed is no account: it is
added to afterwards, because all workers would meet on its row.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sotto.adapters.aws_errors import translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import StorageUnavailable
from sotto.domain.job import Job
from sotto.domain.metering import SPEED_DAYS, DayUse, Speed, Work

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

METER_DAYS = 400
SPEED_ROW_DAYS = 30
PREFIX = "METER#"


def metered(table: str, job: Job, work: Work, audio_s: float) -> dict[str, Any]:
    """The write that adds `work` to its owner's day."""
    key = {"pk": f"USER#{job.owner}", "sk": f"{PREFIX}{work.day}#{job.credential}"}
    return _adding(table, key, work, audio_s, METER_DAYS)


def measured(table: str, model: str, work: Work, audio_s: float) -> dict[str, Any]:
    """The write that adds a finished part to its model's speed."""
    return _adding(table, {"pk": f"SPEED#{model}", "sk": f"DAY#{work.day}"}, work, audio_s, SPEED_ROW_DAYS)


def _adding(table: str, key: dict[str, str], work: Work, audio_s: float, keep_days: int) -> dict[str, Any]:
    expires = int((datetime.fromisoformat(f"{work.day}T00:00:00Z") + timedelta(days=keep_days)).timestamp())
    values = {":audio": audio_s, ":engine": work.engine_s, ":expires": expires}
    return {
        "TableName": table,
        "Key": to_row(key),
        "UpdateExpression": "SET expires_at = :expires ADD audio_s :audio, engine_s :engine",
        "ExpressionAttributeValues": to_row(values),
    }


def speed_of(client: DynamoDBClient, table: str, model: str, day: str) -> Speed | None:
    """How fast `model` was in the days up to `day`; None when nothing was measured."""
    first = date.fromisoformat(day) - timedelta(days=SPEED_DAYS - 1)
    rows = _rows(client, table, f"SPEED#{model}", f"DAY#{first.isoformat()}", f"DAY#{day}")
    speed = Speed(sum(float(row["audio_s"]) for row in rows), sum(float(row["engine_s"]) for row in rows))
    return speed if speed.audio_s > 0 and speed.engine_s > 0 else None


def days_of(client: DynamoDBClient, table: str, owner: str, month: str) -> list[DayUse]:
    """What `owner` used in `month` (2026-11), by day and credential."""
    rows = _rows(client, table, f"USER#{owner}", f"{PREFIX}{month}-", f"{PREFIX}{month}-~")
    named = [(str(row["sk"]).removeprefix(PREFIX).partition("#"), row) for row in rows]
    return [
        DayUse(day, credential, float(row["audio_s"]), float(row["engine_s"])) for (day, _, credential), row in named
    ]


def _rows(client: DynamoDBClient, table: str, pk: str, first: str, last: str) -> list[dict[str, Any]]:
    with translated(StorageUnavailable, "table"):
        pages = client.get_paginator("query").paginate(
            TableName=table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=to_row({":pk": pk, ":first": first, ":last": last}),
            ConsistentRead=True,
        )
        return [from_row(row) for page in pages for row in page["Items"]]
