"""Transcribe one part: claim it, turn its sound into words, store them, and join when it was the last one.

Any statement may be the worker's last. A claim runs out, so another worker takes the part over; a result is counted
once, by a condition; a message that comes again after the last count joins again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sotto.domain.errors import NotFound, Rejected, Unavailable, WrongState
from sotto.domain.events import PartQueued
from sotto.domain.job import FINAL, Job, JobStatus, RecordingRef
from sotto.domain.metering import Work
from sotto.domain.object_keys import work_key
from sotto.domain.options import MODELS
from sotto.domain.parts import Claim
from sotto.domain.transcript import PartTranscript
from sotto.workflows.intake_recording import STALLED_AFTER_S
from sotto.workflows.join_transcript import JoinTranscript
from sotto.workflows.lease import Lease, LeaseLost
from sotto.workflows.moments import after, iso
from sotto.workflows.ports import Clock, Jobs, Objects, Speech


@dataclass(frozen=True)
class TranscribePart:
    jobs: Jobs
    objects: Objects
    speech: Speech
    clock: Clock
    join: JoinTranscript
    new_worker: Callable[[], str]
    lease_s: int

    def __call__(self, event: PartQueued) -> str:
        """Work on the part. Returns what happened, in a word for the log.

        Raises Rejected (the job is FAILED by then) or Unavailable (the message should come again).
        """
        try:
            job = self.jobs.get(event.owner, event.job_id)
            if job.status in FINAL or job.attempt != event.attempt:
                return "stale"
            return self._work(job, event)
        except (NotFound, WrongState):
            return "stale"  # deleted, cancelled or retried while we worked: the result is nobody's
        except LeaseLost:
            return "taken_over"
        except Rejected as error:
            self._fail(event, error)
            raise

    def _work(self, job: Job, event: PartQueued) -> str:
        worker, index, now = self.new_worker(), event.part.index, self.clock()
        claim = self.jobs.claim_part(job, index, worker=worker, now=iso(now), lease_until=after(now, self.lease_s))
        if claim is Claim.HELD:
            raise Unavailable(
                f"part {index}: expected it to be free, found another worker on it", retry_after_s=self.lease_s
            )
        if claim is Claim.DONE:
            return self._join_if_whole(job)
        try:
            with Lease(self.jobs, job, index, worker=worker, clock=self.clock, lease_s=self.lease_s) as lease:
                job = self._started(job)
                result = self._transcribed(job, event, lease)
                self.objects.write(
                    work_key(job.owner, job.id, job.attempt, index),
                    result.model_dump_json().encode(),
                    content_type="application/json",
                )
        except LeaseLost:
            self._spend(job, now)
            raise
        except Exception:  # whatever it was, the retry need not wait for the lease to run out
            self.jobs.release_part(job, index, worker=worker)
            self._spend(job, now)
            raise
        return self._join_if_whole(self._finished(job, result, worker, now))

    def _finished(self, job: Job, result: PartTranscript, worker: str, claimed: datetime) -> Job:
        try:
            return self.jobs.finish_part(
                job,
                result.index,
                worker=worker,
                seconds=result.end - result.start,
                work=self._work_since(claimed),
                due_at=after(self.clock(), STALLED_AFTER_S),
            )
        except (NotFound, WrongState):  # nobody's result, and work all the same
            self._spend(job, claimed)
            raise
        except Exception:  # perhaps it was counted and the answer lost, so its work is not counted once more
            self.jobs.release_part(job, result.index, worker=worker)
            raise

    def _work_since(self, claimed: datetime) -> Work:
        now = self.clock()
        return Work(max(0.0, (now - claimed).total_seconds()), iso(now)[:10])

    def _spend(self, job: Job, claimed: datetime) -> None:
        with suppress(Unavailable):  # what stopped the work matters more than its account
            self.jobs.spend(job, self._work_since(claimed))

    def _started(self, job: Job) -> Job:
        if job.status is JobStatus.PROCESSING:
            return job
        now = self.clock()
        try:
            return self.jobs.move(
                job,
                JobStatus.PROCESSING,
                due_at=after(now, STALLED_AFTER_S),
                timings=replace(job.timings, started_at=iso(now)),
            )
        except WrongState:
            job = self.jobs.get(job.owner, job.id)
            if job.status is not JobStatus.PROCESSING:
                raise
            return job  # another part was first

    def _transcribed(self, job: Job, event: PartQueued, lease: Lease) -> PartTranscript:
        source = event.source
        recording = RecordingRef(source.key, source.version_id, source.etag, source.size_bytes)
        with self.objects.open(recording) as reader:
            language, probability = event.options.language, None
            if not MODELS[event.options.model].multilingual:
                language = "en"
            if language is None and job.language is None:
                found = self.speech.detect_language(reader, source.duration_s, event.options)
                language, probability = self.jobs.decide_language(job, *found)
            elif language is None:
                language, probability = job.language, job.language_probability
            assert language is not None  # noqa: S101 - for the type checker: all three branches above set it
            return self.speech.transcribe_part(
                reader,
                event.part,
                source.duration_s,
                event.options,
                language=language,
                language_probability=probability,
                on_progress=lease.note,
            )

    def _join_if_whole(self, job: Job) -> str:
        job = self.jobs.get(job.owner, job.id)
        if job.status is JobStatus.PROCESSING and job.progress.parts_done >= job.progress.parts_total:
            self.join(job)
            return "completed"
        return "part_done"

    def _fail(self, event: PartQueued, error: Rejected) -> None:
        try:
            job = self.jobs.get(event.owner, event.job_id)
            self.jobs.move(
                job,
                JobStatus.FAILED,
                failure=error.failure,
                timings=replace(job.timings, completed_at=iso(self.clock())),
            )
        except (NotFound, WrongState):
            return  # its end was decided elsewhere
