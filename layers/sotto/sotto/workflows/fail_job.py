"""A message has used up its retries: tell the job's owner, unless the job is well after all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sotto.domain.errors import Failure, NotFound, PartFailedRepeatedly, SourceUnavailable, WrongState
from sotto.domain.events import FetchRequested, PartQueued
from sotto.domain.job import FINAL, JobStatus
from sotto.domain.object_keys import parse_upload_key
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock, Jobs


@dataclass(frozen=True)
class FailJob:
    jobs: Jobs
    clock: Clock

    def for_part(self, event: PartQueued, reason: Failure | None) -> str:
        """A part's message is in the dead-letter queue. `reason` is what the event source was told, if anything."""
        try:
            job = self.jobs.get(event.owner, event.job_id)
        except NotFound:
            return "no_such_job"
        if job.attempt != event.attempt or job.status in FINAL:
            return "stale"
        now = iso(self.clock())
        state = next((part for part in self.jobs.parts(job) if part.index == event.part.index), None)
        if state and (state.done or (state.lease_until or "") > now):
            return "part_is_well"  # a duplicate message died; the part is done or in good hands
        default = PartFailedRepeatedly(f"part {event.part.index}: expected a result, found only failures")
        return self._fail(event.owner, event.job_id, reason or default.failure)

    def for_arrival(self, key: str) -> str:
        """An object-created event is in the dead-letter queue: intake failed again and again."""
        upload = parse_upload_key(key)
        if upload is None:
            return "not_an_upload"
        error = PartFailedRepeatedly("intake: expected to look into the recording, found only failures")
        return self._fail(upload.owner, upload.job_id, error.failure, only_from=JobStatus.AWAITING_UPLOAD)

    def for_fetch(self, event: FetchRequested) -> str:
        """A request to fetch a recording is in the dead-letter queue: its source failed again and again."""
        try:
            if self.jobs.get(event.owner, event.job_id).attempt != event.attempt:
                return "stale"
        except NotFound:
            return "no_such_job"
        error = SourceUnavailable("source: expected its recording after several tries, found only failures")
        return self._fail(event.owner, event.job_id, error.failure, only_from=JobStatus.AWAITING_UPLOAD)

    def _fail(self, owner: str, job_id: str, failure: Failure, only_from: JobStatus | None = None) -> str:
        try:
            job = self.jobs.get(owner, job_id)
            if only_from and job.status is not only_from:
                return "stale"
            self.jobs.move(
                job, JobStatus.FAILED, failure=failure, timings=replace(job.timings, completed_at=iso(self.clock()))
            )
        except (NotFound, WrongState):
            return "stale"
        return "failed"
