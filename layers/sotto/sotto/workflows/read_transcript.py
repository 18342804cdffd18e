"""Read a transcript: as a file of any format, or page by page.

Everything is made from the canonical JSON. What is too large for an answer of the API (Lambda passes 6 MB on, text
and base64 alike; twelve hours with word times are more) is put under exports/, and the caller is sent there.
"""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace

from sotto.domain.errors import InvalidInput, NotFound, StorageUnavailable, WrongState
from sotto.domain.job import Job, JobStatus
from sotto.domain.object_keys import export_key, transcript_key
from sotto.domain.renderings import CONTENT_TYPES, render
from sotto.domain.renderings.view import View
from sotto.domain.transcript import Segment, Transcript
from sotto.workflows.ports import Jobs, Objects, Versions

MAX_ANSWER_BYTES = 4 * 1024 * 1024  # base64 makes 5.6 MB of it, below Lambda's 6 MB
EXPORT_URL_S = 300
_CURSOR = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,9})")


@dataclass(frozen=True)
class Export:
    """A transcript as a file: its bytes, or where they can be fetched for a few minutes."""

    job: Job
    content: bytes | None
    url: str | None


@dataclass(frozen=True)
class SegmentPage:
    """Segments of one transcript in order; `first` is the index of the first one, `cursor` is None at the end."""

    transcript: Transcript
    first: int
    segments: tuple[Segment, ...]
    cursor: str | None


@dataclass(frozen=True)
class ReadTranscript:
    jobs: Jobs
    objects: Objects
    versions: Versions

    def export(
        self,
        owner: str,
        job_id: str,
        extension: str,
        view: View,
        version: int | None = None,
        attempt: int | None = None,
    ) -> Export:
        """The job's transcript in a format of domain/renderings. Raises as `read` does."""
        job, transcript = self.read(owner, job_id, version, attempt)
        content = render(transcript, extension, replace(view, title=job.title, tags=job.tags))
        if len(content) <= MAX_ANSWER_BYTES:
            return Export(job, content, None)
        key = export_key(owner, job_id, extension)
        self.objects.write(key, content, content_type=CONTENT_TYPES[extension])
        stem = job.name.rpartition(".")[0] or job.name
        url = self.objects.presign_get(key, version_id=None, filename=f"{stem}.{extension}", expires_s=EXPORT_URL_S)
        return Export(job, None, url)

    def segments(
        self,
        owner: str,
        job_id: str,
        *,
        limit: int,
        cursor: str | None,
        version: int | None = None,
        attempt: int | None = None,
    ) -> SegmentPage:
        """One page of segments; a cursor stays with the attempt and version that its first page was of.

        Raises InvalidInput for a cursor of another attempt or version than the one named here.
        """
        at = _position(cursor) if cursor else None
        if at:
            version, attempt = version or at.version, attempt or at.attempt
        job, transcript = self.read(owner, job_id, version, attempt)
        if at and (at.attempt, at.version) != (job.attempt, transcript.version):
            raise _foreign(cursor)
        first = at.segment if at else 0
        found = transcript.segments[first : first + limit]
        end = _Position(job.attempt, transcript.version, first + len(found))
        return SegmentPage(transcript, first, found, str(end) if end.segment < len(transcript.segments) else None)

    def read(
        self, owner: str, job_id: str, version: int | None = None, attempt: int | None = None
    ) -> tuple[Job, Transcript]:
        """The job as `attempt` left it and a version of its canonical transcript; the newest of each if none is named.

        Raises WrongState when the attempt is not COMPLETED, NotFound for an attempt or version that does not exist.
        """
        job = self.completed(owner, job_id, attempt)
        key = self._key(job, version)
        content = self.objects.read(key)
        if content is None:
            raise StorageUnavailable(f"transcript of {job_id}: expected an object, found none")
        return job, Transcript.model_validate_json(content)

    def completed(self, owner: str, job_id: str, attempt: int | None = None) -> Job:
        """The job as `attempt` left it, which has a transcript."""
        job = self.jobs.get(owner, job_id)
        if attempt is not None:
            job = job.as_of(attempt)
        if job.status is not JobStatus.COMPLETED:
            raise WrongState(f"transcript: expected a COMPLETED job, found {job.status}")
        return job

    def _key(self, job: Job, version: int | None) -> str:
        first = transcript_key(job.owner, job.id, job.attempt)
        if version is None or version == job.transcript_version:
            return job.transcript_key or first
        if version == 1:
            return first
        found = self.versions.find(job, version)
        if found is None:
            raise NotFound(f"version: expected 1 to {job.transcript_version}, found {version}")
        return found.key


@dataclass(frozen=True)
class _Position:
    """Where to go on. A page of another attempt or version must not follow one of this."""

    attempt: int
    version: int
    segment: int

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{self.attempt}.{self.version}.{self.segment}".encode()).decode()


def _position(cursor: str) -> _Position:
    try:
        found = _CURSOR.fullmatch(b64decode(cursor, altchars=b"-_", validate=True).decode("ascii"))
    except ValueError:
        found = None
    if found is None:
        raise _foreign(cursor)
    return _Position(int(found[1]), int(found[2]), int(found[3]))


def _foreign(cursor: str | None) -> InvalidInput:
    return InvalidInput("cursor", expected="the next_cursor of an earlier page of this transcript", found=cursor)
