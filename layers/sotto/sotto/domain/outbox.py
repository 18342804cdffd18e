"""What happened, written down in the transaction that made it happen, for those who want to be told.

An event says which job and how it ended, and nothing of what was spoken or how the file was called: it outlives the
job's deletion in delivery logs and in other people's systems. Whoever gets it reads the rest through the API.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sotto.domain.job import Job, JobStatus

EVENT_OF: dict[JobStatus, str] = {
    JobStatus.COMPLETED: "job.completed",
    JobStatus.FAILED: "job.failed",
    JobStatus.CANCELLED: "job.cancelled",
    JobStatus.EXPIRED: "job.expired",
}
JOB_EVENTS = frozenset(EVENT_OF.values())
TEST_EVENT = "webhook.test"


@dataclass(frozen=True)
class OutboxEvent:
    """`id` is a ULID, `occurred_at` ISO 8601 UTC, `data` JSON."""

    id: str
    owner: str
    type: str
    occurred_at: str
    data: dict[str, Any]


def job_event(job: Job, event_id: str, occurred_at: datetime) -> OutboxEvent:
    """That `job` has reached the final state in which it is."""
    moment = occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {
        "job": {
            "id": job.id,
            "status": job.status.value,
            "attempt": job.attempt,
            "duration_s": job.facts.duration_s if job.facts else None,
            "language": job.language,
            "failure": asdict(job.failure) if job.failure else None,
            "created_at": job.timings.created_at,
            "links": {"self": f"/v1/jobs/{job.id}", "transcript": f"/v1/jobs/{job.id}/transcript"},
        }
    }
    return OutboxEvent(event_id, job.owner, EVENT_OF[job.status], moment, data)
