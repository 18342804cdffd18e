"""Read a transcript: as a file of any format, or page by page.

Everything is made from the canonical JSON. What is too large for an answer of the API (Lambda passes 6 MB on, text
and base64 alike; twelve hours with word times are more) is put under exports/, and the caller is sent there.
"""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass

from sotto.domain.errors import InvalidInput, StorageUnavailable, WrongState
from sotto.domain.job import Job, JobStatus
from sotto.domain.object_keys import export_key, transcript_key
from sotto.domain.renderings import CONTENT_TYPES, render
from sotto.domain.renderings.view import View
from sotto.domain.transcript import Segment, Transcript
from sotto.workflows.ports import Jobs, Objects

MAX_ANSWER_BYTES = 4 * 1024 * 1024  # base64 makes 5.6 MB of it, below Lambda's 6 MB
EXPORT_URL_S = 300
_CURSOR = re.compile(r"(\d{1,6})\.(\d{1,9})")


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

    def export(self, owner: str, job_id: str, extension: str, view: View) -> Export:
        """The job's transcript in a format of domain/renderings. Raises WrongState before it is COMPLETED."""
        job, transcript = self.read(owner, job_id)
        content = render(transcript, extension, view)
        if len(content) <= MAX_ANSWER_BYTES:
            return Export(job, content, None)
        key = export_key(owner, job_id, extension)
        self.objects.write(key, content, content_type=CONTENT_TYPES[extension])
        stem = job.name.rpartition(".")[0] or job.name
        url = self.objects.presign_get(key, version_id=None, filename=f"{stem}.{extension}", expires_s=EXPORT_URL_S)
        return Export(job, None, url)

    def segments(self, owner: str, job_id: str, *, limit: int, cursor: str | None) -> SegmentPage:
        """One page of segments. Raises InvalidInput for a cursor of another transcript than the present one."""
        _, transcript = self.read(owner, job_id)
        first = _position(cursor, transcript.attempt) if cursor else 0
        found = transcript.segments[first : first + limit]
        end = first + len(found)
        more = end < len(transcript.segments)
        return SegmentPage(transcript, first, found, _cursor(transcript.attempt, end) if more else None)

    def read(self, owner: str, job_id: str) -> tuple[Job, Transcript]:
        """The job and its canonical transcript."""
        job = self.jobs.get(owner, job_id)
        if job.status is not JobStatus.COMPLETED:
            raise WrongState(f"transcript: expected a COMPLETED job, found {job.status}")
        content = self.objects.read(transcript_key(owner, job_id))
        if content is None:
            raise StorageUnavailable(f"transcript of {job_id}: expected an object, found none")
        return job, Transcript.model_validate_json(content)


def _cursor(attempt: int, position: int) -> str:
    return urlsafe_b64encode(f"{attempt}.{position}".encode()).decode()


def _position(cursor: str, attempt: int) -> int:
    """Where to go on. A retry replaces the transcript, and a page of the new one must not follow one of the old."""
    try:
        found = _CURSOR.fullmatch(b64decode(cursor, altchars=b"-_", validate=True).decode("ascii"))
    except ValueError:
        found = None
    if found is None or int(found[1]) != attempt:
        raise InvalidInput("cursor", expected="the next_cursor of an earlier page of this transcript", found=cursor)
    return int(found[2])
