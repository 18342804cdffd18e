"""A recording was dropped into the bucket: make its job, and bring a copy in like an upload.

The copy is the job's own recording, so whatever becomes of the dropped file meanwhile (it is overwritten, it is taken
away), the job, its retries and its deletion are those of any upload; that costs its bytes twice while both are kept.
The job's id follows from key and version, so an event that comes again finds the job that it made, and a crash between
row and copy is repaired by the next delivery.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sotto.domain.drops import (
    MAX_OPTIONS_BYTES,
    OPTIONS_FILE,
    Drop,
    Dropped,
    drop_job_id,
    drop_options,
    parse_drop_key,
)
from sotto.domain.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    RecordingEmpty,
    RecordingReplaced,
    RecordingTooLarge,
    Rejected,
    WrongState,
)
from sotto.domain.identity import User
from sotto.domain.job import DropRef, Job, JobStatus, Timings
from sotto.domain.object_keys import UploadKey, clean_name
from sotto.domain.options import Options, check_options
from sotto.workflows.answer_drop import AnswerDrop
from sotto.workflows.drop_ports import Drops
from sotto.workflows.intake_recording import STALLED_AFTER_S
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.moments import after, iso
from sotto.workflows.ports import Clock, Jobs, Objects

CONTENT_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class TakeDrop:
    jobs: Jobs
    objects: Objects
    drops: Drops
    user: Callable[[str], User | None]
    was_deleted: Callable[[str, str], bool]
    quotas: KeepQuotas
    answer: AnswerDrop
    clock: Clock
    offered_models: frozenset[str]
    default_model: str
    max_upload_bytes: int

    def __call__(self, key: str, version_id: str) -> str:
        """Take the object at `key` (decoded) in. Returns what happened, in a word for the log.

        What cannot become a job is answered beside it, and the dropped file stays where it is.
        """
        drop = parse_drop_key(key)
        if drop is None:
            return "not_a_drop"
        found = self.drops.find(key, version_id)
        if found is None:
            return "object_gone"
        recording = found.recording
        try:
            job = self._job(drop, found)
            if job is None:
                return "deleted"
            if job.status is not JobStatus.AWAITING_UPLOAD or job.recording is not None:
                return "already_taken_in"
            own = str(UploadKey(job.owner, job.id, job.name))
            if self.objects.head(own) is None:
                self.drops.copy(recording, own, content_type=CONTENT_TYPE)
        except RecordingReplaced:
            return "object_gone"  # the version went between two looks; a later one has an event of its own
        except Rejected as error:
            self.answer.refuse(drop, recording, error.failure)
            return error.code
        return "taken"

    def _job(self, drop: Drop, found: Dropped) -> Job | None:
        """The drop's job, made now if it is new; None when it was made and deleted before this event came again."""
        recording = found.recording
        job_id = drop_job_id(recording.key, recording.version_id, found.dropped_at)
        try:
            return self.jobs.get(drop.owner, job_id)
        except NotFound:
            if self.was_deleted(drop.owner, job_id):
                return None
        self._check_user(drop.owner)
        options = check_options(self._options(drop, found), self.offered_models)
        self._check_size(recording.size_bytes)
        self.quotas.check_room(drop.owner, recording.size_bytes)
        now = self.clock()
        due_at = after(now, STALLED_AFTER_S)
        job = Job(
            owner=drop.owner,
            id=job_id,
            name=clean_name(drop.name),
            content_type=CONTENT_TYPE,
            size_bytes=recording.size_bytes,
            options=options,
            status=JobStatus.AWAITING_UPLOAD,
            timings=Timings(created_at=iso(now)),
            request_id=job_id,
            upload_expires_at=due_at,
            dropped=DropRef(recording.key, recording.version_id),
        )
        try:
            return self.jobs.create(job, due_at=due_at)
        except WrongState:  # another delivery of the event was faster, and its job may be deleted by now
            with suppress(NotFound):
                return self.jobs.get(drop.owner, job_id)
            return None

    def _check_user(self, user_id: str) -> None:
        user = self.user(user_id)
        if user is None:
            raise NotFound(
                f"user: expected an account's id below dropbox/, found {user_id[:60]!r}",
                hint="Put recordings below dropbox/<your user id>/; GET /v1/account shows the id.",
            )
        if user.disabled:
            raise Forbidden("user: expected an account that is open, found a disabled one")

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes == 0:
            raise RecordingEmpty("recording: expected sound, found 0 bytes")
        if size_bytes > self.max_upload_bytes:
            raise RecordingTooLarge(f"recording: expected at most {self.max_upload_bytes} bytes, found {size_bytes}")

    def _options(self, drop: Drop, found: Dropped) -> Options:
        return drop_options(self.default_model, self._options_file(drop), found.tags)

    def _options_file(self, drop: Drop) -> bytes | None:
        for key in drop.options_keys():
            there = self.objects.head(key)
            if there is None:
                continue
            if there.size_bytes > MAX_OPTIONS_BYTES:
                raise InvalidInput(
                    OPTIONS_FILE, expected=f"at most {MAX_OPTIONS_BYTES} bytes", found=f"{there.size_bytes} bytes"
                )
            return self.objects.read(key)
        return None
