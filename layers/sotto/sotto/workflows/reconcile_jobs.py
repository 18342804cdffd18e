"""Find jobs that should have moved and did not, and repair them: lost events, lost messages, dead workers.

Runs on a schedule. Each repair may run twice: it sends messages whose duplicates are harmless, or makes a
conditional move.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sotto.domain.errors import Failure, NotFound, PartFailedRepeatedly, UploadNeverFinished, WrongState
from sotto.domain.job import FINAL, Job, JobStatus, RecordingRef
from sotto.domain.object_keys import UploadKey
from sotto.workflows.create_fetch import FETCH_AGAIN_AFTER_S
from sotto.workflows.fetch_ports import FetchQueue
from sotto.workflows.intake_recording import STALLED_AFTER_S
from sotto.workflows.join_transcript import JoinTranscript
from sotto.workflows.moments import after, iso
from sotto.workflows.plan_recording import PartPlans
from sotto.workflows.ports import ArrivalsQueue, Clock, Jobs, Objects

GIVE_UP_AFTER = timedelta(days=2)
BATCH = 100


@dataclass(frozen=True)
class ReconcileJobs:
    jobs: Jobs
    objects: Objects
    plans: PartPlans
    arrivals: ArrivalsQueue
    fetches: FetchQueue
    join: JoinTranscript
    clock: Clock

    def __call__(self) -> Counter[str]:
        """Repair what is due now. Returns how often each repair was made."""
        done: Counter[str] = Counter()
        for job in self.jobs.due(iso(self.clock()), limit=BATCH):
            try:
                done[self._repair(job)] += 1
            except (NotFound, WrongState):
                done["moved_meanwhile"] += 1
        return done

    def _repair(self, job: Job) -> str:
        if job.status in FINAL:
            return "already_final"
        now = self.clock()
        if now - _moment(job.timings.retried_at or job.timings.created_at) > GIVE_UP_AFTER:
            return self._end(
                job, JobStatus.FAILED, PartFailedRepeatedly("job: expected an end within 2 days, found none").failure
            )
        if job.status is JobStatus.AWAITING_UPLOAD:
            return self._repair_upload(job)
        if job.progress.parts_done >= job.progress.parts_total:
            self.join(job)
            return "joined"
        begun = {part.index: part for part in self.jobs.parts(job)}
        idle = [
            part
            for part in self.plans.read(job)
            if not (state := begun.get(part.index)) or not (state.done or (state.lease_until or "") > iso(now))
        ]
        self.plans.queue_parts(job, idle)
        # The wait doubles with the job's age, so a long backlog is not flooded with duplicates.
        waited = (now - _moment(job.timings.queued_at or job.timings.created_at)).total_seconds()
        self.jobs.postpone(job, after(now, max(STALLED_AFTER_S, waited)))
        return "queued_again"

    def _repair_upload(self, job: Job) -> str:
        key = str(UploadKey(job.owner, job.id, job.name))
        if job.multipart_id:  # before the look, so that nobody can complete it after the look
            self.objects.abort_multipart(key, job.multipart_id)
        recording = self.objects.head(key)
        if recording is not None:
            self.arrivals.announce(key, recording)
            self.jobs.postpone(job, after(self.clock(), STALLED_AFTER_S))
            return "announced_again"
        if job.source_url is not None:
            self.fetches.request(job)
            self.jobs.postpone(job, after(self.clock(), FETCH_AGAIN_AFTER_S))
            return "fetched_again"
        if job.dropped is not None:
            dropped = RecordingRef(job.dropped.key, job.dropped.version_id, etag="", size_bytes=job.size_bytes)
            self.arrivals.announce(dropped.key, dropped)
            self.jobs.postpone(job, after(self.clock(), STALLED_AFTER_S))
            return "dropped_again"
        error = UploadNeverFinished(f"upload: expected it by {job.upload_expires_at}, found nothing")
        return self._end(job, JobStatus.EXPIRED, error.failure)

    def _end(self, job: Job, target: JobStatus, failure: Failure) -> str:
        self.jobs.move(job, target, failure=failure, timings=replace(job.timings, completed_at=iso(self.clock())))
        return target.value.lower()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
