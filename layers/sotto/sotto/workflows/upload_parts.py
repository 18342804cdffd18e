"""The multipart upload of one job: sign, list, complete, abort. Resumable from any machine that holds the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sotto.domain.errors import InvalidInput, WrongState
from sotto.domain.job import Job, JobStatus
from sotto.domain.object_keys import UploadKey
from sotto.domain.uploads import UploadedPart
from sotto.workflows.create_job import multipart_plan
from sotto.workflows.ports import Jobs, Objects

MAX_SIGNED_AT_ONCE = 100


@dataclass(frozen=True)
class UploadParts:
    jobs: Jobs
    objects: Objects
    upload_ttl_s: int

    def sign(self, owner: str, job_id: str, numbers: Sequence[int]) -> list[tuple[int, str]]:
        """(number, URL) for each of `numbers`, at most 100 at once, which run from 1 to the upload's count of parts.

        A URL takes as many bytes as that part of the announced recording has, no more and no fewer.
        """
        job, key, upload = self._open_upload(owner, job_id)
        plan = multipart_plan(job.size_bytes)
        if not 1 <= len(numbers) <= MAX_SIGNED_AT_ONCE:
            raise InvalidInput("numbers", expected=f"1 to {MAX_SIGNED_AT_ONCE} numbers", found=len(numbers))
        for number in numbers:
            if not 1 <= number <= plan.part_count:
                raise InvalidInput("numbers", expected=f"part numbers from 1 to {plan.part_count}", found=number)

        def signed(number: int) -> str:
            size = plan.length(number)
            return self.objects.presign_part(key, upload, number, size_bytes=size, expires_s=self.upload_ttl_s)

        return [(number, signed(number)) for number in numbers]

    def arrived(self, owner: str, job_id: str) -> Sequence[UploadedPart]:
        """The parts that have arrived."""
        _, key, upload = self._open_upload(owner, job_id)
        return self.objects.uploaded_parts(key, upload)

    def complete(self, owner: str, job_id: str, parts: Sequence[tuple[int, str]]) -> Job:
        """Join the uploaded parts into the recording, which starts the job. `parts` are (number, ETag) of each part.

        Raises InvalidInput when one is missing: S3 would join the others, and half a recording look like a whole one.
        """
        job = self.jobs.get(owner, job_id)
        if job.multipart_id and job.status is not JobStatus.AWAITING_UPLOAD:
            return job  # the caller's repetition of a call that had succeeded
        job, key, upload = self._open_upload(owner, job_id)
        count = multipart_plan(job.size_bytes).part_count
        missing = sorted(set(range(1, count + 1)) - {number for number, _ in parts})
        if missing:
            raise InvalidInput("parts", expected=f"all {count} parts", found=f"none with number {missing[0]}")
        self.objects.complete_multipart(key, upload, sorted(parts))
        return self.jobs.get(owner, job_id)

    def abort(self, owner: str, job_id: str) -> None:
        """Give the upload up; the job is CANCELLED and what was uploaded is removed."""
        job, key, upload = self._open_upload(owner, job_id)
        self.objects.abort_multipart(key, upload)  # first: a caller whose call was cut off may repeat it
        self.jobs.move(job, JobStatus.CANCELLED)

    def _open_upload(self, owner: str, job_id: str) -> tuple[Job, str, str]:
        job = self.jobs.get(owner, job_id)
        if job.multipart_id is None:
            raise WrongState(f"job {job_id}: expected a multipart upload, found a single PUT")
        if job.status is not JobStatus.AWAITING_UPLOAD:
            raise WrongState(f"job {job_id}: expected a job that awaits its upload, found {job.status}")
        return job, str(UploadKey(owner, job_id, job.name)), job.multipart_id
