"""Read jobs and their results."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sotto.domain.errors import NotFound, StorageUnavailable, WrongState
from sotto.domain.job import Job, JobStatus, Page
from sotto.domain.object_keys import transcript_key
from sotto.domain.renderings import render
from sotto.domain.transcript import Transcript
from sotto.workflows.moments import after
from sotto.workflows.ports import Clock, Jobs, Objects

LISTEN_S = 3600


@dataclass(frozen=True)
class ReadJob:
    jobs: Jobs
    objects: Objects
    clock: Clock

    def get(self, owner: str, job_id: str) -> Job:
        """The job; while it is transcribed its progress counts the seconds of unfinished parts, too."""
        job = self.jobs.get(owner, job_id)
        if job.status is not JobStatus.PROCESSING:
            return job
        seconds = sum(part.seconds_done for part in self.jobs.parts(job))
        return replace(
            job, progress=replace(job.progress, seconds_done=round(min(seconds, job.progress.seconds_total), 3))
        )

    def page(self, owner: str, *, limit: int, cursor: str | None) -> Page:
        return self.jobs.page(owner, limit=limit, cursor=cursor)

    def transcript(self, owner: str, job_id: str, extension: str) -> tuple[Job, str]:
        """The job and its transcript in a format of domain/renderings.py, made from the canonical JSON."""
        job = self.jobs.get(owner, job_id)
        if job.status is not JobStatus.COMPLETED:
            raise WrongState(f"transcript: expected a COMPLETED job, found {job.status}")
        content = self.objects.read(transcript_key(owner, job_id))
        if content is None:
            raise StorageUnavailable(f"transcript of {job_id}: expected an object, found none")
        return job, render(Transcript.model_validate_json(content), extension)

    def recording_url(self, owner: str, job_id: str) -> tuple[str, str]:
        """A URL that plays the uploaded recording, and when it dies."""
        job = self.jobs.get(owner, job_id)
        if job.recording is None:
            raise NotFound(f"recording of {job_id}: expected an upload, found none")
        url = self.objects.presign_get(
            job.recording.key, version_id=job.recording.version_id or None, filename=job.name, expires_s=LISTEN_S
        )
        return url, after(self.clock(), LISTEN_S)
