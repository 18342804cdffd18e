"""One small row a job that says what it holds of its owner's quotas: a recording's bytes, and a place while it runs.

    pk USER#<owner>   sk HOLD#<job>   bytes; `ended` once the job has; gone with the job or the recording (TTL)
                                      in the index `due`, by lane and time, from QUEUED to the job's end

The job's own row is ten times as large, and a user may have thousands. Each change is part of the transaction that
makes the job's move, so a hold is open exactly while its job has not ended.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sotto.adapters.dynamo_rows import to_row
from sotto.domain.errors import WrongState
from sotto.domain.job import Job, JobStatus

PREFIX = "HOLD#"
LANE = "LANE#"


def hold_key(owner: str, job_id: str) -> dict[str, str]:
    return {"pk": f"USER#{owner}", "sk": f"{PREFIX}{job_id}"}


def new_hold(table: str, job: Job, audio_days: int) -> dict[str, Any]:
    """Beside the job's creation: its announced bytes, for as long as recordings are kept."""
    expires = datetime.fromisoformat(job.timings.created_at) + timedelta(days=audio_days)
    row = {**hold_key(job.owner, job.id), "bytes": job.size_bytes, "expires_at": int(expires.timestamp())}
    return {"Put": {"TableName": table, "Item": to_row(row)}}


def queued_hold(table: str, job: Job) -> dict[str, Any]:
    """Beside the move to QUEUED: the job's place in its lane, for those behind it to count."""
    lane, facts = job.lane, job.facts
    if lane is None or facts is None:
        raise WrongState(f"job {job.id}: expected a recording that was looked into and a lane, found none")
    values = {
        ":lane": f"{LANE}{lane.value}",
        ":place": place_of(job),
        ":seconds": facts.duration_s,
        ":model": job.options.model,
        ":bytes": _stored(job),
    }
    change = "SET due_pk = :lane, due_sk = :place, seconds = :seconds, model = :model, #bytes = :bytes"
    return _update(table, job, change, values)


def place_of(job: Job) -> str:
    return f"{job.timings.queued_at}#{job.id}"


def ended_hold(table: str, job: Job) -> dict[str, Any]:
    """Beside a job's end: what is really stored, as far as it is known by then."""
    values = {":ended": True, ":bytes": _stored(job)}
    return _update(table, job, "SET ended = :ended, #bytes = :bytes REMOVE due_pk, due_sk", values)


def reopened_hold(table: str, job: Job, audio_days: int) -> dict[str, Any]:
    """Beside a retry. The recording is the old one, so its end stays where it was."""
    expires = datetime.now(UTC) + timedelta(days=audio_days)
    values = {":bytes": _stored(job), ":expires": int(expires.timestamp())}
    change = "SET #bytes = :bytes, expires_at = if_not_exists(expires_at, :expires) REMOVE ended"
    return _update(table, job, change, values)


def _stored(job: Job) -> int:
    if job.recording is not None:
        return job.recording.size_bytes
    return 0 if job.status is JobStatus.EXPIRED else job.size_bytes


def _update(table: str, job: Job, change: str, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": table,
            "Key": to_row(hold_key(job.owner, job.id)),
            "UpdateExpression": change,
            "ExpressionAttributeNames": {"#bytes": "bytes"},
            "ExpressionAttributeValues": to_row(values),
        }
    }
