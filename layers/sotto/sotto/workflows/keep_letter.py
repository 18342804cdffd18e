"""Keep a dead letter whose job has failed with it, so that an operator can see it and give it another try.

The queue forgets a message as soon as mark_failed has told the job's owner
(docs/decisions/0011-dead-letters-are-kept-in-the-table.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.dead_letters import DeadLetter
from sotto.domain.errors import NotFound
from sotto.domain.job import JobStatus
from sotto.workflows.dead_letter_ports import DeadLetters
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock, Jobs


@dataclass(frozen=True)
class Arrived:
    """What the queue says of a message. `first_seen` is ISO 8601 UTC."""

    id: str
    queue: str
    first_seen: str
    received: int


@dataclass(frozen=True)
class KeepLetter:
    jobs: Jobs
    letters: DeadLetters
    clock: Clock
    version: str

    def __call__(self, message: Arrived, owner: str, job_id: str, attempt: int | None, part: int | None) -> bool:
        """Keep it if its job is FAILED in that attempt (None: in its present one), whoever failed it."""
        try:
            job = self.jobs.get(owner, job_id)
        except NotFound:
            return False
        if job.status is not JobStatus.FAILED or job.failure is None or attempt not in (None, job.attempt):
            return False
        self.letters.keep(
            DeadLetter(
                id=message.id,
                queue=message.queue,
                owner=owner,
                job_id=job_id,
                attempt=job.attempt,
                part=part,
                failure=job.failure,
                model=job.options.model,
                etag=job.recording.etag if job.recording else None,
                version=self.version,
                first_seen=message.first_seen,
                died_at=iso(self.clock()),
                received=message.received,
            )
        )
        return True
