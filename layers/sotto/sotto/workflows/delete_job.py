"""Delete a job and everything that belongs to it: recording, work, transcripts, all versions, search terms, rows."""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.errors import WrongState
from sotto.domain.job import FINAL, JobStatus
from sotto.domain.object_keys import UploadKey, job_prefixes
from sotto.workflows.ports import Jobs, Objects
from sotto.workflows.search_ports import WordIndex


@dataclass(frozen=True)
class DeleteJob:
    jobs: Jobs
    objects: Objects
    words: WordIndex

    def __call__(self, owner: str, job_id: str) -> None:
        """Stop the job, then remove its objects, then its rows: a crash in between can be repeated by the owner."""
        job = self.jobs.get(owner, job_id)
        if job.status not in FINAL:
            try:
                job = self.jobs.move(job, JobStatus.CANCELLED)
            except WrongState:
                job = self.jobs.get(owner, job_id)  # it ended by itself meanwhile
        if job.multipart_id and job.recording is None:
            self.objects.abort_multipart(str(UploadKey(owner, job_id, job.name)), job.multipart_id)
        for prefix in job_prefixes(owner, job_id):
            self.objects.delete_prefix(prefix)
        # The stream would take the words out as well, a little later: who is told that all is gone may rely on it.
        self.words.remove(owner, job_id)
        self.jobs.delete(job)
