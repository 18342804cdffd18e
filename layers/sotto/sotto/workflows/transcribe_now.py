"""A transcript in the answer, on top of jobs: accept the recording, wait a little, hand the same job out again.

The gateway gives up after 29 s and recordings do not. So the job is remembered by what was asked (domain/repeats.py):
whoever asks the same again joins the job that runs, however the first connection ended. Each step may be the last one
of a process; the same request then takes up where it stopped, because the job's id is remembered before the job is
made and the recording is stored under a key that follows from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sotto.domain.errors import (
    NotFound,
    RecordingRejected,
    SottoError,
    StillTranscribing,
    WrongState,
    error_of,
)
from sotto.domain.job import FINAL, Job, JobStatus
from sotto.domain.object_keys import UploadKey
from sotto.domain.options import Options, check_options
from sotto.domain.repeats import Claimed, fingerprint
from sotto.workflows.create_job import CreateJob, NewJob
from sotto.workflows.moments import iso
from sotto.workflows.read_job import ReadJob
from sotto.workflows.request_ports import Requests

BEING_MADE = timedelta(seconds=60)
"""So long after a claim, a job that is not there yet is being made, by this request or an equal one."""
FIRST_LOOK_S = 0.2
LONGEST_LOOK_S = 1.5
UNKNOWN_WAIT_S = 10
LONGEST_WAIT_S = 60  # clients ignore a longer Retry-After (openai-python before version 3)


@dataclass(frozen=True)
class Recording:
    """A recording as it came with a request."""

    name: str
    content_type: str
    content: bytes
    credential: str = "token"


@dataclass(frozen=True)
class TranscribeNow:
    create: CreateJob
    read: ReadJob
    requests: Requests
    sleep: Callable[[float], None]

    def start(self, owner: str, recording: Recording, options: Options, request_id: str) -> Job:
        """The job of this recording with these options: the one that there is, or a new one. Raises Rejected."""
        wanted = check_options(options, self.create.offered_models)
        job = self._job(owner, recording, wanted, request_id)
        if job.status is JobStatus.AWAITING_UPLOAD and job.recording is None:
            key = str(UploadKey(owner, job.id, job.name))
            if self.create.objects.head(key) is None:
                self.create.objects.write(key, recording.content, content_type=job.content_type)
        return job

    def wait(self, job: Job, until: datetime) -> Job:
        """`job` once it is COMPLETED. Raises StillTranscribing at `until`, and the reason when it ended otherwise."""
        pause = FIRST_LOOK_S
        while True:
            job = self.create.jobs.get(job.owner, job.id)
            if job.status is JobStatus.COMPLETED:
                return job
            if job.status in FINAL:
                raise _ending(job)
            left = (until - self.create.clock()).total_seconds()
            if left <= 0:
                raise self._not_yet(job)
            self.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_LOOK_S)

    def retry_after_s(self, job: Job) -> int:
        """Seconds until the transcript is probably there, from the measured speed: 1 to 60."""
        job = self.read.get(job.owner, job.id)
        done, total = job.progress.seconds_done, job.progress.seconds_total
        if not job.timings.started_at or done <= 0:
            return UNKNOWN_WAIT_S
        spent = (self.create.clock() - datetime.fromisoformat(job.timings.started_at)).total_seconds()
        return max(1, min(LONGEST_WAIT_S, math.ceil(spent * (total - done) / done)))

    def _not_yet(self, job: Job) -> StillTranscribing:
        return StillTranscribing(
            f"job {job.id}: expected to be COMPLETED by now, found {job.status}",
            retry_after_s=self.retry_after_s(job),
        )

    def _job(self, owner: str, recording: Recording, options: Options, request_id: str) -> Job:
        mark = fingerprint(recording.content, options)
        fresh = Claimed(self.create.new_id(), iso(self.create.clock()))
        claimed = self.requests.claim(owner, mark, fresh)
        job = self._found(owner, claimed.job_id)
        if job is None and self.create.clock() - datetime.fromisoformat(claimed.claimed_at) < BEING_MADE:
            job = self._made(owner, claimed.job_id, recording, options, request_id)
        if job is None or _may_end_otherwise(job):
            claimed = self.requests.claim(owner, mark, fresh, instead_of=claimed.job_id)
            job = self._made(owner, claimed.job_id, recording, options, request_id)
        if job is None:
            raise WrongState(f"job {claimed.job_id}: expected it to be made, found it deleted meanwhile")
        return job

    def _made(self, owner: str, job_id: str, recording: Recording, options: Options, request_id: str) -> Job | None:
        """The job of that id: made now, or by an equal request that was faster; None when it was deleted since."""
        create = replace(self.create, new_id=lambda: job_id)
        request = NewJob(
            recording.name, len(recording.content), recording.content_type, options, credential=recording.credential
        )
        try:
            return create(owner, request, request_id).job
        except WrongState:
            return self._found(owner, job_id)

    def _found(self, owner: str, job_id: str) -> Job | None:
        try:
            return self.create.jobs.get(owner, job_id)
        except NotFound:
            return None


def _may_end_otherwise(job: Job) -> bool:
    """Whether the same recording deserves another job: this one ended, and not by the recording's fault."""
    if job.status is JobStatus.FAILED:
        return not isinstance(_ending(job), RecordingRejected)
    return job.status in (JobStatus.CANCELLED, JobStatus.EXPIRED)


def _ending(job: Job) -> SottoError:
    if job.failure is not None:
        return error_of(job.failure)
    return WrongState(f"job {job.id}: expected it to be COMPLETED, found {job.status}")
