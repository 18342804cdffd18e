"""What the job workflows need of the outside world. `adapters/` implements each with one technology.

Every method may raise Unavailable (retry later). Other errors are named below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import BinaryIO, Protocol

from sotto.domain.events import PartQueued
from sotto.domain.idempotency import Once
from sotto.domain.job import Ahead, Job, JobStatus, RecordingRef
from sotto.domain.metering import Speed, Work
from sotto.domain.options import Options
from sotto.domain.parts import Claim, Lane, Part, PartState, Probed
from sotto.domain.receipts import RowCount
from sotto.domain.transcript import PartTranscript
from sotto.domain.uploads import PresignedPut, UploadedPart
from sotto.domain.versions import Version

Clock = Callable[[], datetime]
"""Now, in UTC."""


class Jobs(Protocol):
    """Jobs and their parts. Each change is conditional, so that duplicates and late workers change nothing."""

    def create(self, job: Job, *, due_at: str, once: Once | None = None) -> Job:
        """Store a new job, and return it; or the job that `once` made before, and nothing is stored.

        Raises WrongState when the id has a job, or had one that was or is being deleted, and what `made_by` raises.
        """
        ...

    def made_by(self, owner: str, once: Once) -> Job | None:
        """The job that `once` made, as it is now.

        Raises IdempotencyKeyReused when that was another request, NotFound when the job was deleted.
        """
        ...

    def claim(self, owner: str, once: Once) -> None:
        """Remember what `once` asks for, without a job. Raises IdempotencyKeyReused."""
        ...

    def get(self, owner: str, job_id: str) -> Job:
        """Read a job, consistently. Raises NotFound."""
        ...

    def newest(self, owner: str, *, below: str = "~", oldest: str = "", limit: int) -> Sequence[Job]:
        """The owner's newest jobs with ids below `below` and not below `oldest`, newest first.

        Fewer than `limit` only when there are no more.
        """
        ...

    def label(self, owner: str, job_id: str, **changes: object) -> Job:
        """Set `title` or `tags`, or both, in any status and attempt. Raises NotFound."""
        ...

    def move(self, job: Job, target: JobStatus, *, due_at: str | None = None, **changes: object) -> Job:
        """Move `job` to `target` and set the named fields, if its stored status and attempt allow that.

        `due_at` is when the reconciler should look at it again; None takes it off the reconciler's list.
        Raises WrongState when the stored job cannot make this move, NotFound when it is gone.
        """
        ...

    def restart(self, job: Job, *, due_at: str, once: Once | None = None, **changes: object) -> Job:
        """Move an ended job back to AWAITING_UPLOAD as the next attempt and set the named fields, if it still is the
        attempt and status that `job` says and `once` did not do that before. Raises WrongState, NotFound."""
        ...

    def decide_language(self, job: Job, language: str, probability: float) -> tuple[str, float | None]:
        """Store the recording's language unless one is stored; return the stored one. The first worker decides."""
        ...

    def postpone(self, job: Job, due_at: str) -> None:
        """Have the reconciler look again at `due_at`. Raises NotFound."""
        ...

    def due(self, now: str, *, limit: int) -> Sequence[Job]:
        """Jobs that should have made progress by `now`, oldest first."""
        ...

    def count_rows(self, owner: str, job_id: str) -> RowCount:
        """How many rows belong to the job, read consistently; `words` are the search index's to count."""
        ...

    def delete(self, owner: str, job_id: str) -> None:
        """Remove all rows that `count_rows` counts, the job's own last. Nothing happens when they are gone."""
        ...

    def claim_part(self, job: Job, index: int, *, worker: str, now: str, lease_until: str) -> Claim:
        """Take the part for `worker` until `lease_until`, unless it is done or another worker's lease is running."""
        ...

    def extend_lease(self, job: Job, index: int, *, worker: str, lease_until: str, seconds_done: float) -> bool:
        """Prolong the lease and note progress. False when the part is not this worker's or the job was stopped."""
        ...

    def release_part(self, job: Job, index: int, *, worker: str) -> None:
        """Give the part back, so that a retry need not wait for the lease to run out."""
        ...

    def finish_part(self, job: Job, index: int, *, worker: str, seconds: float, work: Work, due_at: str) -> Job:
        """Count the part and the work on it, once, and return the job as it is then. Raises WrongState, NotFound."""
        ...

    def spend(self, job: Job, work: Work) -> None:
        """Count work that finished no part; the owner's account has it even when the job is gone."""
        ...

    def speed(self, model: str, day: str) -> Speed | None:
        """How fast the model was in the days up to `day`, by finished parts of all owners; None without any."""
        ...

    def ahead_of(self, job: Job, *, limit: int) -> Sequence[Ahead]:
        """Unfinished jobs of `job`'s lane that were queued before it, at most `limit`; seconds late at times."""
        ...

    def parts(self, job: Job) -> Sequence[PartState]:
        """The parts of the present attempt that any worker has begun, by index."""
        ...


class Objects(Protocol):
    """The bucket. Keys as in domain/object_keys.py."""

    def presign_put(
        self, key: str, *, content_type: str, size_bytes: int, expires_s: int, sha256: str | None = None
    ) -> PresignedPut:
        """`sha256` is the recording's, in hex: the bucket then refuses other bytes."""
        ...

    def presign_get(self, key: str, *, version_id: str | None, filename: str, expires_s: int) -> str: ...

    def start_multipart(self, key: str, *, content_type: str) -> str: ...

    def presign_part(self, key: str, multipart_id: str, number: int, *, size_bytes: int, expires_s: int) -> str: ...

    def uploaded_parts(self, key: str, multipart_id: str) -> Sequence[UploadedPart]: ...

    def upload_part(self, key: str, multipart_id: str, number: int, content: bytes) -> str:
        """Store one part and return its ETag; the same number again takes its place."""
        ...

    def complete_multipart(self, key: str, multipart_id: str, parts: Sequence[tuple[int, str]]) -> None:
        """Raises InvalidInput when a part is missing or its ETag differs. Done already: nothing happens."""
        ...

    def abort_multipart(self, key: str, multipart_id: str) -> None: ...

    def abort_uploads(self, prefix: str) -> None:
        """Give up every multipart upload that is open under `prefix`, whoever began it."""
        ...

    def head(self, key: str) -> RecordingRef | None:
        """The newest version of the object, or None."""
        ...

    def open(self, recording: RecordingRef) -> BinaryIO:
        """A seekable reader of exactly this version that fetches ranges. Raises RecordingReplaced when gone."""
        ...

    def read(self, key: str) -> bytes | None: ...

    def write(self, key: str, content: bytes, *, content_type: str) -> None: ...

    def versions_under(self, prefix: str) -> Iterable[tuple[str, str]]:
        """(key, version id) of every version of every object under `prefix`, delete markers included."""
        ...

    def delete_prefix(self, prefix: str) -> int:
        """Remove every version of every object under `prefix`; return how many."""
        ...


class Versions(Protocol):
    """Versions of transcripts that came after the engine's."""

    def add(self, job: Job, version: Version) -> None:
        """Make `version` the newest of the job, if the newest is the one before it.

        Raises VersionConflict when it is not, WrongState when the job is not COMPLETED in that attempt, NotFound.
        """
        ...

    def find(self, job: Job, number: int) -> Version | None: ...

    def all_of(self, job: Job) -> Sequence[Version]:
        """Those of the present attempt, oldest first."""
        ...


class PartsQueue(Protocol):
    def send(self, parts: Iterable[PartQueued], lane: Lane) -> None: ...


class ArrivalsQueue(Protocol):
    def announce(self, key: str, recording: RecordingRef) -> None:
        """Tell intake of an upload whose own event was lost."""
        ...


class Probe(Protocol):
    def __call__(self, recording: BinaryIO, *, name: str, size_bytes: int, etag: str) -> Probed:
        """Look into the recording in bounded memory. Raises RecordingRejected's branch."""
        ...


class Speech(Protocol):
    """The engine, as far as a worker sees it."""

    def detect_language(self, recording: BinaryIO, duration_s: float, options: Options) -> tuple[str, float]:
        """The recording's language and its probability; the same answer whoever asks."""
        ...

    def transcribe_part(
        self,
        recording: BinaryIO,
        part: Part,
        duration_s: float,
        options: Options,
        *,
        language: str,
        language_probability: float | None,
        on_progress: Callable[[float], None],
    ) -> PartTranscript:
        """Transcribe one part. `on_progress` gets the seconds of the part done so far and may raise to stop."""
        ...
