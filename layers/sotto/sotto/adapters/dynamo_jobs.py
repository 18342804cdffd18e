"""Jobs and parts in DynamoDB. Each move of domain/job.py's table is one conditional write.

Rows (owner first in every key):

    pk USER#<owner>   sk JOB#<job>                       the job; GSI `due` while the reconciler should look at it
    pk USER#<owner>   sk PART#<job>#<attempt>#<index>    one part's lease, progress and end
    pk USER#<owner>   sk HOLD#<job>                      what it holds of its owner's quotas (dynamo_holds.py)

A move that ends a job writes what happened in the same transaction (dynamo_outbox.py), so nobody is told of what was
not, and nothing ends untold.

Job ids are ULIDs, so the order of the keys is the order of creation.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from ulid import ULID

from sotto.adapters.aws_errors import code_of, translated
from sotto.adapters.dynamo_holds import LANE, ended_hold, hold_key, new_hold, place_of, queued_hold, reopened_hold
from sotto.adapters.dynamo_job_rows import (
    changed_attributes,
    charge_prefix,
    job_from_row,
    job_key,
    job_to_row,
    part_key,
    part_prefix,
    version_prefix,
)
from sotto.adapters.dynamo_meter import measured, metered, speed_of
from sotto.adapters.dynamo_once import DynamoOnce
from sotto.adapters.dynamo_outbox import event_to_row
from sotto.adapters.dynamo_receipts import unless_deleted
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import NotFound, StorageUnavailable, WrongState
from sotto.domain.idempotency import Once
from sotto.domain.job import FINAL, Ahead, Job, JobStatus, sources_of
from sotto.domain.metering import Speed, Work
from sotto.domain.outbox import job_event
from sotto.domain.parts import Claim, PartState
from sotto.domain.receipts import RowCount

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

END = "~"  # above every ULID
DUE = "JOB"  # one partition of the index: it holds unfinished jobs only
PART_ROW_DAYS = 14
CONFLICT_TRIES = 8
_CONDITION = "ConditionalCheckFailedException"
_CANCELLED = "TransactionCanceledException"


class DynamoJobs:
    """Implements workflows.ports.Jobs."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        keep_days: int = 365,
        audio_days: int = 30,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._table, self._sleep = client, table, sleep
        self._keep_days, self._audio_days = keep_days, audio_days
        self._once = DynamoOnce(client, table)

    def create(self, job: Job, *, due_at: str, once: Once | None = None) -> Job:
        expires = datetime.fromisoformat(job.timings.created_at) + timedelta(days=self._keep_days)
        row = {**job_to_row(job), "due_pk": DUE, "due_sk": due_at, "expires_at": int(expires.timestamp())}
        put = {"TableName": self._table, "Item": to_row(row), "ConditionExpression": "attribute_not_exists(pk)"}
        items = [
            {"Put": put},
            unless_deleted(self._table, job.owner, job.id),
            new_hold(self._table, job, self._audio_days),
            *self._remembering(job, once),
        ]
        if self._transact(items, f"job {job.id}"):
            return job
        first = self.made_by(job.owner, once) if once else None
        if first is None:
            raise WrongState(f"job {job.id}: expected a new id, found one that has or had a job")
        return first

    def made_by(self, owner: str, once: Once) -> Job | None:
        job_id = self._once.job_id(owner, once)
        return self.get(owner, job_id) if job_id else None

    def claim(self, owner: str, once: Once) -> None:
        self._once.claim(owner, once)

    def get(self, owner: str, job_id: str) -> Job:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(
                TableName=self._table, Key=to_row(job_key(owner, job_id)), ConsistentRead=True
            )
        if "Item" not in found:
            raise NotFound(f"job: expected one of yours, found none with id {job_id}")
        return job_from_row(from_row(found["Item"]))

    def newest(self, owner: str, *, below: str = END, oldest: str = "", limit: int) -> Sequence[Job]:
        if oldest > below:
            return []
        first, last = (job_key(owner, end) for end in (oldest, below))
        with translated(StorageUnavailable, "table"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ExpressionAttributeValues=to_row({":pk": first["pk"], ":first": first["sk"], ":last": last["sk"]}),
                ScanIndexForward=False,
                # One more than asked for, because BETWEEN includes `below`.
                PaginationConfig={"MaxItems": limit + 1, "PageSize": limit + 1},
            )
            rows = [row for page in pages for row in page["Items"]]
        return [job for job in (job_from_row(from_row(row)) for row in rows) if job.id < below][:limit]

    def label(self, owner: str, job_id: str, **changes: object) -> Job:
        # Whatever the attempt and status: a label has nothing to do with them.
        attributes = {name: list(value) if isinstance(value, tuple) else value for name, value in changes.items()}
        write: Any = {
            "TableName": self._table,
            "Key": to_row(job_key(owner, job_id)),
            "UpdateExpression": _setting(attributes),
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
        }
        if values := to_row({f":{name}": value for name, value in attributes.items()}):
            write["ExpressionAttributeValues"] = values
        self._written(write)
        return self.get(owner, job_id)

    def move(self, job: Job, target: JobStatus, *, due_at: str | None = None, **changes: object) -> Job:
        moved = job.moved(target, **changes)
        sources = {f":from{i}": source.value for i, source in enumerate(sorted(sources_of(target)))}
        attributes = changed_attributes(moved, "status", *changes)
        self._update(
            job,
            {**attributes, "due_pk": DUE if due_at else None, "due_sk": due_at},
            condition=f"#status IN ({', '.join(sources)})",
            values=sources,
            expected=f"a job that can become {target}",
            beside=self._beside(moved),
        )
        return moved

    def _beside(self, moved: Job) -> list[dict[str, Any]]:
        if moved.status in FINAL:
            return [self._event(moved), ended_hold(self._table, moved)]
        return [queued_hold(self._table, moved)] if moved.status is JobStatus.QUEUED and moved.lane else []

    def ahead_of(self, job: Job, *, limit: int) -> Sequence[Ahead]:
        if job.lane is None or job.timings.queued_at is None:
            return []
        with translated(StorageUnavailable, "table"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName="due",
                KeyConditionExpression="due_pk = :lane AND due_sk < :place",
                ExpressionAttributeValues=to_row({":lane": f"{LANE}{job.lane.value}", ":place": place_of(job)}),
                PaginationConfig={"MaxItems": limit},
            )
            rows = [from_row(row) for page in pages for row in page["Items"]]
        return [Ahead(float(row["seconds"]), str(row["model"])) for row in rows]

    def speed(self, model: str, day: str) -> Speed | None:
        return speed_of(self._client, self._table, model, day)

    def restart(self, job: Job, *, due_at: str, once: Once | None = None, **changes: object) -> Job:
        again = job.moved(JobStatus.AWAITING_UPLOAD, attempt=job.attempt + 1, **changes)
        attributes = changed_attributes(again, "status", "attempt", *changes)
        try:
            self._update(
                job,
                {**attributes, "due_pk": DUE, "due_sk": due_at},
                condition="#status = :from",
                values={":from": job.status.value},
                expected=f"a job that is {job.status}",
                beside=[reopened_hold(self._table, again, self._audio_days), *self._remembering(job, once)],
            )
        except WrongState:
            first = self.made_by(job.owner, once) if once else None
            if first is None:
                raise
            return first
        return again

    def postpone(self, job: Job, due_at: str) -> None:
        # Only a job that is still on the list: one that ended meanwhile must not come back.
        self._update(
            job, {"due_sk": due_at}, condition="attribute_exists(due_pk)", values={}, expected="an unfinished job"
        )

    def decide_language(self, job: Job, language: str, probability: float) -> tuple[str, float | None]:
        try:
            self._update(
                job,
                {"language": language, "language_probability": probability},
                condition="attribute_not_exists(#language)",
                values={},
                expected="a job without a language",
            )
        except WrongState:
            stored = self.get(job.owner, job.id)
            if stored.language is None:
                raise
            return stored.language, stored.language_probability
        return language, probability

    def due(self, now: str, *, limit: int) -> Sequence[Job]:
        with translated(StorageUnavailable, "table"):
            found = self._client.query(
                TableName=self._table,
                IndexName="due",
                KeyConditionExpression="due_pk = :pk AND due_sk <= :now",
                ExpressionAttributeValues=to_row({":pk": DUE, ":now": now}),
                Limit=limit,
            )
        return [job_from_row(from_row(row)) for row in found["Items"]]

    def count_rows(self, owner: str, job_id: str) -> RowCount:
        with translated(StorageUnavailable, "table"):
            parts, versions, charges = (len(self._keys(owner, prefix)) for prefix in _prefixes(job_id))
            jobs, holds = (self._there(key) for key in (job_key(owner, job_id), hold_key(owner, job_id)))
        return RowCount(jobs=jobs, parts=parts, versions=versions, holds=holds, charges=charges)

    def delete(self, owner: str, job_id: str) -> None:
        with translated(StorageUnavailable, "table"):
            for prefix in _prefixes(job_id):
                for key in self._keys(owner, prefix):
                    self._client.delete_item(TableName=self._table, Key=key)
            for own in (hold_key(owner, job_id), job_key(owner, job_id)):
                self._client.delete_item(TableName=self._table, Key=to_row(own))

    def _keys(self, owner: str, prefix: str) -> list[dict[str, Any]]:
        return [{"pk": row["pk"], "sk": row["sk"]} for row in self._query(owner, prefix)]

    def _there(self, key: Mapping[str, str]) -> int:
        found = self._client.get_item(TableName=self._table, Key=to_row(key), ConsistentRead=True)
        return 1 if "Item" in found else 0

    def claim_part(self, job: Job, index: int, *, worker: str, now: str, lease_until: str) -> Claim:
        key = to_row(part_key(job, index))
        expires = datetime.fromisoformat(now) + timedelta(days=PART_ROW_DAYS)
        with translated(StorageUnavailable, "table"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=key,
                    UpdateExpression=(
                        "SET #worker = :worker, lease_until = :until, seconds_done = :zero, expires_at = :expires"
                        " ADD tries :one"
                    ),
                    ConditionExpression=(
                        "attribute_not_exists(finished) AND (attribute_not_exists(lease_until) OR lease_until <= :now)"
                    ),
                    ExpressionAttributeNames={"#worker": "worker"},
                    ExpressionAttributeValues=to_row(
                        {
                            ":worker": worker,
                            ":until": lease_until,
                            ":now": now,
                            ":zero": 0,
                            ":one": 1,
                            ":expires": int(expires.timestamp()),
                        }
                    ),
                )
            except ClientError as error:
                if code_of(error) != _CONDITION:
                    raise
                part = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
                return Claim.DONE if "finished" in part else Claim.HELD
        return Claim.GRANTED

    def extend_lease(self, job: Job, index: int, *, worker: str, lease_until: str, seconds_done: float) -> bool:
        held = self._update_part(
            job,
            index,
            worker,
            "SET lease_until = :until, seconds_done = :seconds",
            {":until": lease_until, ":seconds": seconds_done},
        )
        if not held:
            return False
        try:
            stored = self.get(job.owner, job.id)
        except NotFound:
            return False
        return stored.attempt == job.attempt and stored.status in (JobStatus.QUEUED, JobStatus.PROCESSING)

    def release_part(self, job: Job, index: int, *, worker: str) -> None:
        self._update_part(job, index, worker, "SET seconds_done = :zero REMOVE lease_until", {":zero": 0})

    def finish_part(self, job: Job, index: int, *, worker: str, seconds: float, work: Work, due_at: str) -> Job:
        part: Any = {
            "TableName": self._table,
            "Key": to_row(part_key(job, index)),
            "UpdateExpression": "SET finished = :true, seconds_done = :seconds REMOVE lease_until",
            "ConditionExpression": "attribute_not_exists(finished) AND #worker = :worker",
            "ExpressionAttributeNames": {"#worker": "worker"},
            "ExpressionAttributeValues": to_row({":true": True, ":seconds": seconds, ":worker": worker}),
        }
        whole: Any = {
            "TableName": self._table,
            "Key": to_row(job_key(job.owner, job.id)),
            "UpdateExpression": "SET due_sk = :due ADD parts_done :one, seconds_done :seconds, engine_s :engine",
            "ConditionExpression": "#status = :processing AND attempt = :attempt",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": to_row(
                {
                    ":one": 1,
                    ":seconds": seconds,
                    ":engine": work.engine_s,
                    ":due": due_at,
                    ":processing": JobStatus.PROCESSING.value,
                    ":attempt": job.attempt,
                }
            ),
        }
        meter = metered(self._table, job, work, seconds)
        if not self._transact(
            [{"Update": part}, {"Update": whole}, {"Update": meter}], f"part {index} of job {job.id}"
        ):
            raise WrongState(
                f"part {index} of job {job.id}: expected it to be this worker's and its job to run, found otherwise"
            )
        with translated(StorageUnavailable, "table"):
            self._client.update_item(**measured(self._table, job.options.model, work, seconds))
        return self.get(job.owner, job.id)

    def spend(self, job: Job, work: Work) -> None:
        self._transact([{"Update": metered(self._table, job, work, 0.0)}], f"work on job {job.id}")
        whole: Any = {
            "TableName": self._table,
            "Key": to_row(job_key(job.owner, job.id)),
            "UpdateExpression": "ADD engine_s :engine",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": to_row({":engine": work.engine_s}),
        }
        self._transact([{"Update": whole}], f"work on job {job.id}")

    def parts(self, job: Job) -> Sequence[PartState]:
        with translated(StorageUnavailable, "table"):
            rows = [from_row(row) for row in self._query(job.owner, part_prefix(job.id, job.attempt))]
        return [
            PartState(
                index=int(str(row["sk"]).rsplit("#", 1)[-1]),
                done="finished" in row,
                seconds_done=float(row.get("seconds_done", 0)),
                lease_until=row.get("lease_until"),
            )
            for row in rows
        ]

    def _remembering(self, job: Job, once: Once | None) -> list[dict[str, Any]]:
        return [{"Put": self._once.remembering(job.owner, once, job.id)}] if once else []

    def _query(self, owner: str, prefix: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=to_row({":pk": job_key(owner, "")["pk"], ":prefix": prefix}),
            ConsistentRead=True,
        )
        return [row for page in pages for row in page["Items"]]

    def _event(self, job: Job) -> dict[str, Any]:
        now = datetime.now(UTC)
        event = job_event(job, str(ULID.from_datetime(now)), now)
        return {"Put": {"TableName": self._table, "Item": to_row(event_to_row(event))}}

    def _update(
        self,
        job: Job,
        attributes: Mapping[str, Any],
        *,
        condition: str,
        values: Mapping[str, Any],
        expected: str,
        beside: Sequence[Any] = (),
    ) -> None:
        """Set `attributes` (None removes one) on the job's row under `condition` and the same attempt.

        `beside` are writes that happen together with it, or not at all.
        """
        condition = f"attribute_exists(pk) AND attempt = :present AND {condition}"
        names = {f"#{name}": name for name in attributes}
        names |= {name: name[1:] for name in ("#status", "#language") if name in condition}
        write: Any = {
            "TableName": self._table,
            "Key": to_row(job_key(job.owner, job.id)),
            "UpdateExpression": _setting(attributes),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": to_row(
                {":present": job.attempt, **values, **{f":{k}": v for k, v in attributes.items()}}
            ),
            **({"ExpressionAttributeNames": names} if names else {}),
        }
        if self._transact([{"Update": write}, *beside], f"job {job.id}") if beside else self._written(write):
            return
        stored = self.get(job.owner, job.id)  # NotFound, when that is the reason
        raise WrongState(
            f"job {job.id}: expected {expected} in attempt {job.attempt},"
            f" found {stored.status} in attempt {stored.attempt}"
        )

    def _written(self, write: Any) -> bool:
        with translated(StorageUnavailable, "table"):
            try:
                self._client.update_item(**write)
            except ClientError as error:
                if code_of(error) != _CONDITION:
                    raise
                return False
        return True

    def _update_part(self, job: Job, index: int, worker: str, expression: str, values: Mapping[str, Any]) -> bool:
        with translated(StorageUnavailable, "table"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=to_row(part_key(job, index)),
                    UpdateExpression=expression,
                    ConditionExpression="attribute_not_exists(finished) AND #worker = :worker",
                    ExpressionAttributeNames={"#worker": "worker"},
                    ExpressionAttributeValues=to_row({":worker": worker, **values}),
                )
            except ClientError as error:
                if code_of(error) != _CONDITION:
                    raise
                return False
        return True

    def _transact(self, items: list[Any], what: str) -> bool:
        """Write `items` all or nothing; False when a condition does not hold.

        Parts that end at the same moment conflict on the job's row: tried again.
        """
        for attempt in range(CONFLICT_TRIES):
            with translated(StorageUnavailable, "table"):
                try:
                    self._client.transact_write_items(TransactItems=items)
                except ClientError as error:
                    if code_of(error) != _CANCELLED:
                        raise
                    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
                else:
                    return True
            if "ConditionalCheckFailed" in reasons:
                return False
            self._sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter
        raise StorageUnavailable(f"{what}: expected to be counted, found {CONFLICT_TRIES} conflicts in a row")


def _setting(attributes: Mapping[str, Any]) -> str:
    """The update that sets each attribute #name to :name, and removes it where that is None."""
    sets = [f"#{name} = :{name}" for name, value in attributes.items() if value is not None]
    removes = [f"#{name}" for name, value in attributes.items() if value is None]
    return (f"SET {', '.join(sets)} " if sets else "") + (f"REMOVE {', '.join(removes)}" if removes else "")


def _prefixes(job_id: str) -> tuple[str, str, str]:
    """Of all rows that a job has beside its own and its hold: parts, versions, charges."""
    return part_prefix(job_id), version_prefix(job_id), charge_prefix(job_id)
