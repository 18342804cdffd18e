"""Accept a job: the row first, then the way to upload. The upload itself starts everything else."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sotto.domain.errors import InvalidInput, RecordingEmpty, RecordingTooLarge, Rejected
from sotto.domain.idempotency import Once
from sotto.domain.job import Job, JobStatus, Timings
from sotto.domain.labels import clean_tags, clean_title
from sotto.domain.object_keys import UploadKey, clean_name
from sotto.domain.options import Options, check_options
from sotto.domain.uploads import MultipartPlan, PresignedPut
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.moments import after, iso
from sotto.workflows.ports import Clock, Jobs, Objects

MB = 1024 * 1024
SINGLE_PUT_BYTES = 100 * MB
MIN_PART_BYTES = 16 * MB
MAX_PARTS = 10_000  # S3's limit
RECONCILE_GRACE_S = 300  # a PUT that began in time may end after its URL's death


@dataclass(frozen=True)
class NewJob:
    name: str
    size_bytes: int
    content_type: str
    options: Options
    title: str | None = None
    tags: tuple[str, ...] = ()
    credential: str = "token"
    sha256: str | None = None


@dataclass(frozen=True)
class Accepted:
    """A job and the way to upload its recording, which is None once that has arrived."""

    job: Job
    upload: PresignedPut | MultipartPlan | None


@dataclass(frozen=True)
class CreateJob:
    jobs: Jobs
    objects: Objects
    clock: Clock
    new_id: Callable[[], str]
    offered_models: frozenset[str]
    max_upload_bytes: int
    upload_ttl_s: int
    quotas: KeepQuotas

    def __call__(self, owner: str, request: NewJob, request_id: str, once: Once | None = None) -> Accepted:
        """Check the request, store the job, and sign its upload; of a job that `once` made before, sign it anew.

        Raises Rejected's branch before anything is stored, LimitReached and IdempotencyKeyReused among them.
        """
        if once and (first := self.jobs.made_by(owner, once)):
            return self._signed(first)
        options = check_options(request.options, self.offered_models)
        name, title, tags = clean_name(request.name), clean_title(request.title), clean_tags(request.tags)
        _check_size(request.size_bytes, self.max_upload_bytes)
        if not request.content_type.startswith(("audio/", "video/", "application/octet-stream", "application/ogg")):
            raise InvalidInput(
                "content_type",
                expected="audio/*, video/* or application/octet-stream",
                found=request.content_type,
                hint="Upload a sound or video recording.",
            )
        self.quotas.check_room(owner, request.size_bytes)
        now = self.clock()
        job_id = self.new_id()
        key = str(UploadKey(owner, job_id, name))
        large = request.size_bytes > SINGLE_PUT_BYTES
        if large and request.sha256:
            raise InvalidInput(
                "sha256",
                expected=f"nothing for a recording above {SINGLE_PUT_BYTES} bytes",
                found=request.sha256,
                hint="It is checked where the recording goes up in one request; larger ones go up in parts.",
            )
        job = Job(
            owner=owner,
            id=job_id,
            name=name,
            credential=request.credential,
            title=title,
            tags=tags,
            content_type=request.content_type,
            size_bytes=request.size_bytes,
            sha256=request.sha256,
            options=options,
            status=JobStatus.AWAITING_UPLOAD,
            timings=Timings(created_at=iso(now)),
            request_id=request_id,
            upload_expires_at=after(now, self.upload_ttl_s),
            multipart_id=self.objects.start_multipart(key, content_type=request.content_type) if large else None,
        )
        try:
            stored = self.jobs.create(job, due_at=after(now, self.upload_ttl_s + RECONCILE_GRACE_S), once=once)
        except Rejected:
            if job.multipart_id:
                self.objects.abort_multipart(key, job.multipart_id)
            raise
        if job.multipart_id and stored.id != job.id:  # an equal request was faster
            self.objects.abort_multipart(key, job.multipart_id)
        return self._signed(stored)

    def _signed(self, job: Job) -> Accepted:
        left_s = (datetime.fromisoformat(job.upload_expires_at) - self.clock()).total_seconds()
        if job.status is not JobStatus.AWAITING_UPLOAD or job.recording is not None or left_s <= 0:
            return Accepted(job, None)
        if job.multipart_id:
            return Accepted(job, multipart_plan(job.size_bytes))
        put = self.objects.presign_put(
            str(UploadKey(job.owner, job.id, job.name)),
            content_type=job.content_type,
            size_bytes=job.size_bytes,
            expires_s=math.ceil(left_s),
            sha256=job.sha256,
        )
        return Accepted(job, put)


def multipart_plan(size_bytes: int) -> MultipartPlan:
    """Equal parts of at least 16 MB, as few as S3's limit of 10 000 allows."""
    part = max(MIN_PART_BYTES, math.ceil(size_bytes / MAX_PARTS / MB) * MB)
    return MultipartPlan(part_size_bytes=part, part_count=math.ceil(size_bytes / part), size_bytes=size_bytes)


def _check_size(size_bytes: int, limit: int) -> None:
    if size_bytes <= 0:
        raise RecordingEmpty(f"size_bytes: expected at least 1, found {size_bytes}")
    if size_bytes > limit:
        raise RecordingTooLarge(f"size_bytes: expected at most {limit}, found {size_bytes}")
