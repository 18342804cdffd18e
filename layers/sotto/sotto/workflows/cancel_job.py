"""Stop a job. Workers notice within seconds, because their next prolongation of the lease is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sotto.domain.job import Job, JobStatus
from sotto.domain.object_keys import uploads_prefix
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock, Jobs, Objects


@dataclass(frozen=True)
class CancelJob:
    jobs: Jobs
    objects: Objects
    clock: Clock

    def __call__(self, owner: str, job_id: str) -> Job:
        """Cancel the job; an unfinished upload is given up. Raises WrongState when it has ended otherwise.

        A repeated call gives up what one that was cut off has left.
        """
        job = self.jobs.get(owner, job_id)
        if job.status is not JobStatus.CANCELLED:
            ended = replace(job.timings, completed_at=iso(self.clock()))
            job = self.jobs.move(job, JobStatus.CANCELLED, timings=ended)
        if job.recording is None and (job.multipart_id or job.source_url):
            self.objects.abort_uploads(uploads_prefix(owner, job_id))
        return job
