"""Every error that a caller or an operator can meet, as one tree.

The branch decides what happens next, everywhere: queues, HTTP, the command line and the failed job agree.

    SottoError
    |-- Rejected                 the caller's or the recording's fault: never retried, HTTP 4xx, the job FAILED
    |   |-- InvalidInput         400 a field is not what was expected
    |   |-- Unauthenticated      401 no, expired or wrong token
    |   |-- Forbidden            403 known caller, missing scope
    |   |-- NotFound             404 no such thing, or somebody else's
    |   |-- WrongState           409 the job's state does not allow the move
    |   |-- VersionConflict      409 somebody else changed the transcript first
    |   |-- AlreadyExists        409 the name or address is taken
    |   |-- IdempotencyKeyReused 422 the key came with another request before
    |   |-- TooLarge             413 more bytes than the limit
    |   |-- LimitReached         429 too many requests, jobs, minutes or bytes
    |   |-- MinutesUsedUp        429 why a job failed whose recording did not fit into the month
    |   |-- MailRefused          422 the mail server will never take a mail to this address
    |   |-- ReceiptInvalid       422 a deletion receipt is not one that this service signed
    |   `-- RecordingRejected    422 the recording cannot be transcribed
    |       |-- RecordingEmpty, NotARecording, NoAudioTrack, RecordingDamaged, RecordingTooLong
    |       |-- RecordingTooLarge, RecordingTooShort, RecordingReplaced
    |       |-- UploadNeverFinished
    |       `-- SourceRefused, SourceNotFound, SourceTooLarge, SourceTimedOut
    |-- Unavailable              the world's fault: retried with back-off, then the dead-letter queue, HTTP 503
    |   |-- StorageUnavailable, QueueUnavailable, MailUnavailable, EventBusUnavailable, DiskFull
    |   |-- EngineUnavailable, ModelUnavailable
    |   |-- SourceUnavailable    somebody else's server, from which a recording is fetched
    |   |-- StillTranscribing    the job runs, its transcript is not there yet
    |   `-- PartFailedRepeatedly what a job is told when retries are used up
    `-- MisconfiguredSetting     the operator's fault: names the key, the form and the command that fixes it

A message says what was expected and what was found. It reaches the caller, so it never carries a secret, a path of
the server or an exception's text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar


@dataclass(frozen=True)
class Failure:
    """What a failed job remembers and the API shows: the same words everywhere."""

    code: str
    message: str
    hint: str


class SottoError(Exception):
    """Base of the tree. `code` is stable, `status` is the HTTP status, `hint` is the caller's next step."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    default_hint: ClassVar[str] = "Try again; if it happens again, report the request id."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint

    @property
    def failure(self) -> Failure:
        return Failure(code=self.code, message=self.message, hint=self.hint)


class Rejected(SottoError):
    """The caller's or the recording's fault: trying again changes nothing."""

    code = "rejected"
    status = 400
    title = "Rejected"
    default_hint = "Correct the request and send it again."


class InvalidInput(Rejected):
    code = "invalid_input"
    title = "Invalid input"

    def __init__(self, key: str, *, expected: str, found: object, hint: str | None = None) -> None:
        super().__init__(f"{key}: expected {expected}, found {found!r}", hint=hint)
        self.key = key


class Unauthenticated(Rejected):
    code = "unauthenticated"
    status = 401
    title = "Not signed in"
    default_hint = "Sign in again and send the new access token as `Authorization: Bearer ...`."


class Forbidden(Rejected):
    code = "forbidden"
    status = 403
    title = "Not allowed"
    default_hint = "Use a token or key that holds the scope, or ask an administrator."


class NotFound(Rejected):
    code = "not_found"
    status = 404
    title = "Not found"
    default_hint = "Check the id; `GET /v1/jobs` lists your jobs."


class WrongState(Rejected):
    code = "wrong_state"
    status = 409
    title = "Not possible in this state"
    default_hint = "Read the job again and act on its present status."


class VersionConflict(Rejected):
    code = "version_conflict"
    status = 409
    title = "Changed meanwhile"
    default_hint = "Read the newest version, make your edits on that and send them with its number."


class AlreadyExists(Rejected):
    code = "already_exists"
    status = 409
    title = "Already there"
    default_hint = "Use another name, or change the one that is there."


class IdempotencyKeyReused(Rejected):
    code = "idempotency_key_reused"
    status = 422
    title = "Key of another request"
    default_hint = "Use a new Idempotency-Key for a new request; send the very same request to repeat one."


class TooLarge(Rejected):
    code = "too_large"
    status = 413
    title = "Too large"
    default_hint = "Send less at once."


class LimitReached(Rejected):
    """A quota or rate limit; `retry_after_s` is sent as `Retry-After`."""

    code = "limit_reached"
    status = 429
    title = "Limit reached"
    default_hint = "Wait for as long as Retry-After says."

    def __init__(self, message: str, *, retry_after_s: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class MinutesUsedUp(Rejected):
    """The recording is fine, the month is not: known only once intake has measured it."""

    code = "minutes_used_up"
    status = 429
    title = "Minutes of this month are used up"
    default_hint = (
        "Your recording is kept: retry the job next month (UTC), or after an administrator has raised the limit."
    )


class ReceiptInvalid(Rejected):
    code = "receipt_invalid"
    status = 422
    title = "Not a receipt of this service"
    default_hint = "Send the whole answer of the deletion, unchanged, to the service that gave it."


class MailRefused(Rejected):
    code = "mail_refused"
    status = 422
    title = "The address takes no mail"
    default_hint = "Check the e-mail address: the mail server refused it for good."


class RecordingRejected(Rejected):
    code = "recording_rejected"
    status = 422
    title = "The recording cannot be transcribed"
    default_hint = "Play the file on your machine; export it again as WAV, MP3, M4A, FLAC, OGG or WebM and upload that."


class RecordingEmpty(RecordingRejected):
    code = "recording_empty"
    default_hint = "The upload has no bytes; check the file on your machine and upload it again."


class NotARecording(RecordingRejected):
    code = "not_a_recording"


class NoAudioTrack(RecordingRejected):
    code = "no_audio_track"
    default_hint = "The file has no sound track; upload the recording that has one."


class RecordingDamaged(RecordingRejected):
    code = "recording_damaged"
    default_hint = "The file ends early or is broken inside; copy it again from its source and upload that."


class RecordingTooLong(RecordingRejected):
    code = "recording_too_long"
    default_hint = "Split the recording and upload the pieces."


class RecordingTooShort(RecordingRejected):
    code = "recording_too_short"
    default_hint = "There is nothing to transcribe in so short a recording."


class RecordingTooLarge(RecordingRejected):
    code = "recording_too_large"
    status = 413
    default_hint = (
        "Compress the recording (Opus or MP3 is enough for speech) or ask the administrator to raise the limit."
    )


class RecordingReplaced(RecordingRejected):
    code = "recording_replaced"
    status = 409
    default_hint = "The object changed while it was read; create a new job for the new recording."


class UploadNeverFinished(RecordingRejected):
    code = "upload_never_finished"
    status = 410
    default_hint = "Create a new job and upload again; the upload's time to live is in the answer."


class SourceRefused(RecordingRejected):
    code = "source_refused"
    default_hint = (
        "Open source_url in a private browser window: it must lead to the recording itself, without signing in."
    )


class SourceNotFound(RecordingRejected):
    code = "source_not_found"
    default_hint = "Nothing lies at source_url any more; correct it, and create a new job."


class SourceTooLarge(RecordingRejected):
    code = "source_too_large"
    status = 413
    default_hint = (
        "Compress the recording (Opus or MP3 is enough for speech) or ask the administrator to raise the limit."
    )


class SourceTimedOut(RecordingRejected):
    code = "source_timed_out"
    default_hint = "The source is too slow, and cannot go on where it stopped; download the recording and upload it."


class Unavailable(SottoError):
    """The world's fault: the same request may succeed later."""

    code = "unavailable"
    status = 503
    title = "Temporarily unavailable"
    default_hint = "Nothing is lost; try again in a few seconds."

    def __init__(self, message: str, *, hint: str | None = None, retry_after_s: int = 2) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class StorageUnavailable(Unavailable):
    code = "storage_unavailable"


class QueueUnavailable(Unavailable):
    code = "queue_unavailable"


class SourceUnavailable(Unavailable):
    code = "source_unavailable"
    default_hint = "The server at source_url did not answer well; retry the job later."


class MailUnavailable(Unavailable):
    code = "mail_unavailable"
    default_hint = "The mail could not be sent; try again in a minute."


class EventBusUnavailable(Unavailable):
    code = "event_bus_unavailable"


class EngineUnavailable(Unavailable):
    code = "engine_unavailable"


class ModelUnavailable(EngineUnavailable):
    code = "model_unavailable"
    default_hint = "An administrator can see in the readiness page which model file is missing and how to get it."


class DiskFull(Unavailable):
    code = "disk_full"
    default_hint = "The server's disk is full; an administrator must free space. Nothing that was accepted is lost."


class StillTranscribing(Unavailable):
    """The answer of a route that waits for a transcript: the job goes on, the same request picks it up."""

    code = "still_transcribing"
    title = "Still transcribing"
    default_hint = (
        "Send the same request again after Retry-After: it joins the running job. For long recordings send"
        " `Prefer: respond-async` and read the job that Location names."
    )


class PartFailedRepeatedly(Unavailable):
    """Not raised: what a job is told when a message lands in the dead-letter queue without a better reason."""

    code = "part_failed_repeatedly"
    default_hint = (
        "Transcription of one part failed again and again; retry the job, and report its id if that fails too."
    )


class MisconfiguredSetting(SottoError):
    """A setting is missing or wrong. Only the process that needs it fails."""

    code = "misconfigured"
    title = "Not configured"
    default_hint = "An administrator must complete the configuration."

    def __init__(self, key: str, *, expected: str, found: object, fix: str) -> None:
        super().__init__(f"{key}: expected {expected}, found {found!r}. Fix: {fix}")
        self.key = key


def error_of(failure: Failure) -> SottoError:
    """The error that a failed job's `failure` was: the same code, message, hint and status."""
    kinds: tuple[type[RecordingRejected | MinutesUsedUp | Unavailable], ...]
    kinds = (RecordingRejected, MinutesUsedUp, Unavailable)
    for kind in kinds:
        for cls in (kind, *_below(kind)):
            if cls.code == failure.code:
                return cls(failure.message, hint=failure.hint)
    return SottoError(failure.message, hint=failure.hint)


def every_error() -> tuple[type[SottoError], ...]:
    """All classes of the tree, parents first: the source of the error catalogue in docs/api/errors.md."""

    return (SottoError, *_below(SottoError))


Branch = TypeVar("Branch", bound=SottoError)


def _below(cls: type[Branch]) -> list[type[Branch]]:
    return [found for child in cls.__subclasses__() for found in (child, *_below(child))]
