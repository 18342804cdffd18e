"""Stop a job. Workers notice within seconds, because their next prolongation of the lease is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sotto.domain.job import Job, JobStatus
from sotto.domain.object_keys import UploadKey
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock, Jobs, Objects


@dataclass(frozen=True)
class CancelJob:
    jobs: Jobs
    objects: Objects
    clock: Clock

    def __call__(self, owner: str, job_id: str) -> Job:
        """Cancel the job; an unfinished upload is given up. Raises WrongState when it has ended otherwise."""
        job = self.jobs.get(owner, job_id)
        if job.status is JobStatus.CANCELLED:
            return job
        awaited_upload = job.status is JobStatus.AWAITING_UPLOAD
        job = self.jobs.move(job, JobStatus.CANCELLED, timings=replace(job.timings, completed_at=iso(self.clock())))
        if awaited_upload and job.multipart_id:
            self.objects.abort_multipart(str(UploadKey(owner, job_id, job.name)), job.multipart_id)
        return job
