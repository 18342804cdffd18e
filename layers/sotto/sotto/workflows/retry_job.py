"""Transcribe a recording again, with the same or other options, without another upload.

The job goes back to where a recording has arrived, under a new attempt number, and is announced to intake like a new
upload: one path for both, so a retry of what failed in intake and a retry after years take the same steps. Results of
the old attempt are dropped by their number; what the old attempt was stays in the job's history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sotto.domain.errors import WrongState
from sotto.domain.idempotency import Once
from sotto.domain.job import Attempt, Job, Progress
from sotto.domain.options import Options, check_options
from sotto.workflows.create_fetch import FETCH_AGAIN_AFTER_S
from sotto.workflows.fetch_ports import FetchQueue
from sotto.workflows.intake_recording import STALLED_AFTER_S
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.moments import after, iso
from sotto.workflows.ports import ArrivalsQueue, Clock, Jobs


@dataclass(frozen=True)
class RetryJob:
    jobs: Jobs
    arrivals: ArrivalsQueue
    fetches: FetchQueue
    clock: Clock
    offered_models: frozenset[str]
    quotas: KeepQuotas

    def __call__(self, owner: str, job_id: str, options: Options, once: Once | None = None) -> Job:
        """Start the next attempt of an ended job, once. Raises WrongState, InvalidInput, NotFound, LimitReached,
        IdempotencyKeyReused."""
        if once and (first := self.jobs.made_by(owner, once)):
            return first
        job = self.jobs.get(owner, job_id)
        if job.recording is None and job.source_url is None:
            raise WrongState(f"job {job_id}: expected a job whose recording was uploaded, found none")
        wanted = check_options(options, self.offered_models)
        self.quotas.check_room(owner, 0)
        now = self.clock()
        again = self.jobs.restart(
            job,
            due_at=after(now, STALLED_AFTER_S if job.recording else FETCH_AGAIN_AFTER_S),
            once=once,
            options=wanted,
            history=(*job.history, Attempt.of(job)),
            progress=Progress(),
            timings=replace(job.timings, retried_at=iso(now), queued_at=None, started_at=None, completed_at=None),
            transcript_key=None,
            transcript_version=1,
            language=None,
            language_probability=None,
            failure=None,
            warnings=(),
        )
        if job.recording is None:
            self.fetches.request(again)
        else:
            self.arrivals.announce(job.recording.key, job.recording)
        return again
