"""A job: one recording on its way to one transcript, and the table of moves it may make.

The table is the only place that knows which move is allowed. `adapters/dynamo_jobs.py` turns each move into a
conditional write, so a duplicate message, a late worker or two racing callers change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from sotto.domain.errors import Failure, NotFound, WrongState
from sotto.domain.options import Options
from sotto.domain.parts import Lane
from sotto.domain.transcript import RecordingFacts


class JobStatus(StrEnum):
    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.AWAITING_UPLOAD: frozenset({JobStatus.QUEUED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED}),
    JobStatus.QUEUED: frozenset({JobStatus.PROCESSING, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.PROCESSING: frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}),
    # Back to where a recording has arrived: a retry takes the same path as a new upload (workflows/retry_job.py).
    JobStatus.FAILED: frozenset({JobStatus.AWAITING_UPLOAD}),
    JobStatus.COMPLETED: frozenset({JobStatus.AWAITING_UPLOAD}),
    JobStatus.CANCELLED: frozenset({JobStatus.AWAITING_UPLOAD}),
    JobStatus.EXPIRED: frozenset(),
}

FINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED})


def sources_of(target: JobStatus) -> frozenset[JobStatus]:
    """The states from which `target` may be reached: the condition of the write."""
    return frozenset(source for source, targets in MOVES.items() if target in targets)


@dataclass(frozen=True)
class RecordingRef:
    """Exactly which bytes this job is about. A later overwrite of the key does not change the version."""

    key: str
    version_id: str
    etag: str
    size_bytes: int


@dataclass(frozen=True)
class DropRef:
    """Which version of which dropped object a job was made for."""

    key: str
    version_id: str


@dataclass(frozen=True)
class Progress:
    """Seconds of the recording that are transcribed, and parts; totals are 0 until intake has planned them."""

    seconds_done: float = 0.0
    seconds_total: float = 0.0
    parts_done: int = 0
    parts_total: int = 0


@dataclass(frozen=True)
class Timings:
    """ISO 8601 UTC moments; null until they happen."""

    created_at: str
    retried_at: str | None = None
    uploaded_at: str | None = None
    queued_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


@dataclass(frozen=True)
class Attempt:
    """What an earlier attempt was and how it ended."""

    number: int
    status: JobStatus
    options: Options
    timings: Timings
    failure: Failure | None
    transcript_key: str | None = None
    transcript_version: int = 1

    @classmethod
    def of(cls, job: Job) -> Attempt:
        return cls(
            job.attempt,
            job.status,
            job.options,
            job.timings,
            job.failure,
            job.transcript_key,
            job.transcript_version,
        )


@dataclass(frozen=True)
class Job:
    owner: str
    id: str
    name: str
    content_type: str
    size_bytes: int
    options: Options
    status: JobStatus
    timings: Timings
    request_id: str
    upload_expires_at: str
    sha256: str | None = None
    title: str | None = None
    tags: tuple[str, ...] = ()
    attempt: int = 1
    multipart_id: str | None = None
    recording: RecordingRef | None = None
    facts: RecordingFacts | None = None
    progress: Progress = field(default_factory=Progress)
    language: str | None = None
    language_probability: float | None = None
    transcript_key: str | None = None
    transcript_version: int = 1
    failure: Failure | None = None
    lane: Lane | None = None
    credential: str = "token"  # "token" or the key's prefix: who made it, for the account of its work
    engine_s: float = 0.0  # measured work of all attempts (domain/metering.py)
    warnings: tuple[str, ...] = ()
    history: tuple[Attempt, ...] = ()
    dropped: DropRef | None = None
    """What was dropped into the bucket for it, which is where its answer belongs."""
    source_url: str | None = None
    """Where the service fetches its recording from."""

    def moved(self, target: JobStatus, **changes: object) -> Job:
        """This job after the move, or WrongState. The caller stores it under the condition `sources_of(target)`."""
        if target not in MOVES[self.status]:
            raise WrongState(f"job {self.id}: expected a job that can become {target}, found {self.status}")
        return replace(self, status=target, **changes)  # type: ignore[arg-type]

    def as_of(self, attempt: int) -> Job:
        """This job as it was when `attempt` had ended; itself for the present one. Raises NotFound."""
        if attempt == self.attempt:
            return self
        for past in self.history:
            if past.number == attempt:
                return replace(
                    self,
                    attempt=past.number,
                    status=past.status,
                    options=past.options,
                    timings=past.timings,
                    failure=past.failure,
                    transcript_key=past.transcript_key,
                    transcript_version=past.transcript_version,
                )
        raise NotFound(
            f"attempt: expected 1 to {self.attempt}, found {attempt}", hint="The job's `history` lists its attempts."
        )


@dataclass(frozen=True)
class Page:
    """One page of jobs, newest first; `cursor` asks for the next one and is None at the end."""

    jobs: tuple[Job, ...]
    cursor: str | None


@dataclass(frozen=True)
class Ahead:
    """A job that waits before another one: seconds of its audio, and its model."""

    seconds: float
    model: str


class Stage(StrEnum):
    """Where a job is, in words for a person; derived, never stored."""

    UPLOADING = "uploading"
    FETCHING = "fetching"
    WAITING = "waiting"
    TRANSCRIBING = "transcribing"
    JOINING = "joining"
    DONE = "done"


def stage_of(job: Job) -> Stage:
    match job.status:
        case JobStatus.AWAITING_UPLOAD:
            return Stage.FETCHING if job.source_url and job.recording is None else Stage.UPLOADING
        case JobStatus.QUEUED:
            return Stage.WAITING
        case JobStatus.PROCESSING:
            whole = job.progress.parts_total > 0 and job.progress.parts_done >= job.progress.parts_total
            return Stage.JOINING if whole else Stage.TRANSCRIBING
        case _:
            return Stage.DONE
