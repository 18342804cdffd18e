"""Read jobs and listen to their recordings; workflows/read_transcript.py has the results."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sotto.domain.errors import NotFound
from sotto.domain.job import Job, JobStatus
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

    def recording_url(self, owner: str, job_id: str) -> tuple[str, str]:
        """A URL that plays the uploaded recording, and when it dies."""
        job = self.jobs.get(owner, job_id)
        if job.recording is None:
            raise NotFound(f"recording of {job_id}: expected an upload, found none")
        url = self.objects.presign_get(
            job.recording.key, version_id=job.recording.version_id or None, filename=job.name, expires_s=LISTEN_S
        )
        return url, after(self.clock(), LISTEN_S)
