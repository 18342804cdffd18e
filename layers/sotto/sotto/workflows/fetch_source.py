"""Fetch a recording from its address into the bucket, where it arrives like an upload.

It passes through in parts of a multipart upload, so memory holds one part, whatever the recording's length. What was
stored when a try ends is noted (`fetch.json` beside the job's work), and the next try asks the source for the rest, if
the source can tell that it still is the same. A message that comes twice may fetch twice: both store the same parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sotto.domain.errors import (
    NotFound,
    RecordingEmpty,
    Rejected,
    SottoError,
    SourceTimedOut,
    SourceTooLarge,
    SourceUnavailable,
    Unavailable,
    WrongState,
)
from sotto.domain.events import FetchRequested
from sotto.domain.job import Job, JobStatus
from sotto.domain.object_keys import UploadKey
from sotto.domain.sources import Download, FetchState, SourceFacts, fetch_state_key
from sotto.workflows.create_job import multipart_plan
from sotto.workflows.fetch_ports import Sources
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock, Jobs, Objects


class _Stopped(Exception):
    """The job was cancelled, deleted or retried meanwhile."""


@dataclass
class _Upload:
    """What is stored of the recording: `parts` are (number, ETag), `bytes` their sum, `fresh` those of this try."""

    state: FetchState
    parts: list[tuple[int, str]] = field(default_factory=list)
    bytes: int = 0
    fresh: int = 0
    restarted: bool = False


@dataclass(frozen=True)
class FetchSource:
    jobs: Jobs
    objects: Objects
    sources: Sources
    clock: Clock
    max_upload_bytes: int

    def __call__(self, event: FetchRequested, until: datetime) -> str:
        """Fetch what `event` asks for, and stop at `until`. Returns what happened, in a word for the log.

        Raises Unavailable when another try may do better; what cannot be fetched fails its job.
        """
        try:
            job = self._awaiting(event.owner, event.job_id, event.attempt)
        except _Stopped:
            return "stale"
        key = str(UploadKey(job.owner, job.id, job.name))
        if self.objects.head(key) is not None:
            return "already_there"
        try:
            self._fetch(job, key, until)
        except _Stopped:
            self._abort(job, key)
            return "stopped"
        except Rejected as error:
            self._abort(job, key)
            self._fail(job, error)
            return error.code
        return "fetched"

    def _fetch(self, job: Job, key: str, until: datetime) -> None:
        before = self._noted(job, key)
        if before is None or before.bytes != before.state.size_bytes:
            validator = before.state.validator if before else None
            with self.sources.open(
                job.source_url or "", first_byte=before.bytes if before else 0, validator=validator
            ) as download:
                self._check_size(download.facts.size_bytes or 0)
                upload = before
                if upload is None or download.first_byte != upload.bytes:
                    self._abort(job, key)
                    upload = self._begin(job, key, download.facts)
                    upload.restarted = before is not None
                self._pass_through(job, key, download, upload, until)
        else:
            upload = before
        if not upload.bytes:
            raise RecordingEmpty("source: expected sound, found 0 bytes")
        self.objects.complete_multipart(key, upload.state.multipart_id, upload.parts)

    def _pass_through(self, job: Job, key: str, download: Download, upload: _Upload, until: datetime) -> None:
        waiting, size = bytearray(), upload.state.part_size_bytes
        for chunk in download.chunks:
            waiting += chunk
            self._check_size(upload.bytes + len(waiting))
            while len(waiting) >= size:
                self._store(job, key, upload, bytes(waiting[:size]))
                del waiting[:size]
            if self.clock() >= until:
                raise self._out_of_time(upload)
        if waiting:
            self._store(job, key, upload, bytes(waiting))

    def _store(self, job: Job, key: str, upload: _Upload, content: bytes) -> None:
        number = len(upload.parts) + 1
        try:
            etag = self.objects.upload_part(key, upload.state.multipart_id, number, content)
        except Unavailable:
            self._awaiting(job.owner, job.id, job.attempt)  # who stops a job gives its upload up
            raise
        upload.parts.append((number, etag))
        upload.bytes += len(content)
        upload.fresh += 1
        self._awaiting(job.owner, job.id, job.attempt)

    def _begin(self, job: Job, key: str, facts: SourceFacts) -> _Upload:
        state = FetchState(
            multipart_id=self.objects.start_multipart(key, content_type=job.content_type),
            part_size_bytes=multipart_plan(facts.size_bytes or self.max_upload_bytes).part_size_bytes,
            size_bytes=facts.size_bytes,
            validator=facts.validator,
        )
        note = fetch_state_key(job.owner, job.id, job.attempt)
        self.objects.write(note, state.model_dump_json().encode(), content_type="application/json")
        return _Upload(state)

    def _noted(self, job: Job, key: str) -> _Upload | None:
        """What an earlier try has stored, if this one can go on from there."""
        note = self.objects.read(fetch_state_key(job.owner, job.id, job.attempt))
        state = FetchState.model_validate_json(note) if note else None
        if state is None or state.validator is None:
            return None
        upload = _Upload(state)
        for part in self.objects.uploaded_parts(key, state.multipart_id):
            ends = upload.bytes + part.size_bytes == state.size_bytes
            if part.number != len(upload.parts) + 1 or not (ends or part.size_bytes == state.part_size_bytes):
                break
            upload.parts.append((part.number, part.etag))
            upload.bytes += part.size_bytes
        return upload

    def _abort(self, job: Job, key: str) -> None:
        note = self.objects.read(fetch_state_key(job.owner, job.id, job.attempt))
        if note:
            self.objects.abort_multipart(key, FetchState.model_validate_json(note).multipart_id)

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self.max_upload_bytes:
            raise SourceTooLarge(f"source: expected at most {self.max_upload_bytes} bytes, found {size_bytes} or more")

    def _out_of_time(self, upload: _Upload) -> SottoError:
        if upload.fresh and upload.state.validator and not upload.restarted:
            return SourceUnavailable("source: expected its end within one try, found more to come", retry_after_s=1)
        return SourceTimedOut(f"source: expected its end in time, found {upload.bytes} bytes by then")

    def _awaiting(self, owner: str, job_id: str, attempt: int) -> Job:
        try:
            job = self.jobs.get(owner, job_id)
        except NotFound:
            raise _Stopped from None
        if job.status is not JobStatus.AWAITING_UPLOAD or job.attempt != attempt or job.source_url is None:
            raise _Stopped
        return job

    def _fail(self, job: Job, error: Rejected) -> None:
        try:
            ended = replace(job.timings, completed_at=iso(self.clock()))
            self.jobs.move(job, JobStatus.FAILED, failure=error.failure, timings=ended)
        except (WrongState, NotFound):
            return  # somebody else decided this job's end
