"""Read a transcript: as a file of any format, or page by page.

Everything is made from the canonical JSON. What is too large for an answer of the API (Lambda passes 6 MB on, text
and base64 alike; twelve hours with word times are more) is put under exports/, and the caller is sent there.
"""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass

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
class Source:
    """A version of an attempt's canonical transcript, found but not read. `job` is as the attempt left it.

    What lies under `key` never changes, so whatever is made of it in the same way is the same.
    """

    job: Job
    version: int
    key: str


@dataclass(frozen=True)
class Export:
    """A transcript as a file: its bytes, or where they can be fetched for a few minutes."""

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

    def export(self, source: Source, extension: str, view: View) -> Export:
        """`source` in a format of domain/renderings. Raises as `load` and `render` do."""
        job = source.job
        content = render(self.load(source), extension, view)
        if len(content) <= MAX_ANSWER_BYTES:
            return Export(content, None)
        key = export_key(job.owner, job.id, job.attempt, source.version, content, extension)
        self.objects.write(key, content, content_type=CONTENT_TYPES[extension])
        stem = job.name.rpartition(".")[0] or job.name
        url = self.objects.presign_get(key, version_id=None, filename=f"{stem}.{extension}", expires_s=EXPORT_URL_S)
        return Export(None, url)

    def find_page(
        self,
        owner: str,
        job_id: str,
        cursor: str | None = None,
        version: int | None = None,
        attempt: int | None = None,
    ) -> tuple[Source, int]:
        """Where the page of segments lies that `cursor` stands for: in which transcript, from which segment on.

        A cursor stays with the attempt and version that its first page was of. Raises InvalidInput for a cursor of
        another attempt or version than the one named here, and as `find` does.
        """
        if not cursor:
            return self.find(owner, job_id, version, attempt), 0
        at = _position(cursor)
        source = self.find(owner, job_id, version or at.version, attempt or at.attempt)
        if (at.attempt, at.version) != (source.job.attempt, source.version):
            raise _foreign(cursor)
        return source, at.segment

    def segments(self, source: Source, first: int, limit: int) -> SegmentPage:
        """At most `limit` segments of `source`, from number `first` on. Raises as `load` does."""
        transcript = self.load(source)
        found = transcript.segments[first : first + limit]
        end = _Position(source.job.attempt, source.version, first + len(found))
        return SegmentPage(transcript, first, found, str(end) if end.segment < len(transcript.segments) else None)

    def read(
        self, owner: str, job_id: str, version: int | None = None, attempt: int | None = None
    ) -> tuple[Job, Transcript]:
        """The job as `attempt` left it and a version of its canonical transcript. Raises as `find` and `load` do."""
        source = self.find(owner, job_id, version, attempt)
        return source.job, self.load(source)

    def find(self, owner: str, job_id: str, version: int | None = None, attempt: int | None = None) -> Source:
        """Where a version of an attempt's transcript lies; the newest of each if none is named.

        Raises WrongState when the attempt is not COMPLETED, NotFound for an attempt or version that does not exist.
        """
        job = self.completed(owner, job_id, attempt)
        return Source(job, version or job.transcript_version, self._key(job, version))

    def load(self, source: Source) -> Transcript:
        """The canonical transcript. Raises StorageUnavailable when the bucket does not have it."""
        content = self.objects.read(source.key)
        if content is None:
            raise StorageUnavailable(f"transcript of {source.job.id}: expected an object, found none")
        return Transcript.model_validate_json(content)

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
