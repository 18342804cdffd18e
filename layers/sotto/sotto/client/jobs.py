"""Jobs: make, read, wait, stop, repeat, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypedDict, Unpack
from uuid import uuid4

from pydantic import Field

from sotto.client.answers import Answer, Pages, read, read_all
from sotto.client.errors import JobEnded
from sotto.client.flow import Flow, Pause, Request, at, present
from sotto.client.patience import ask

FINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "EXPIRED"})
FIRST_LOOK_S = 0.2
LONGEST_LOOK_S = 3.0


class Options(TypedDict, total=False):
    """What may be asked of the engine; docs/api/README.md says what each does. What is not named keeps its default."""

    model: str | None
    language: str | None
    task: str
    word_times: bool
    prompt: str | None
    hotwords: str | None
    beam_size: int
    temperature: float
    voice_activity: bool
    voice_activity_threshold: float
    voice_activity_min_silence_s: float
    speakers: bool
    max_speakers: int | None


class Labels(TypedDict, total=False):
    """What a person calls a job, and words to find it by."""

    title: str | None
    tags: list[str]


class Failure(Answer):
    code: str
    message: str
    hint: str


class Progress(Answer):
    """`seconds` are those of the recording."""

    seconds_done: float
    seconds_total: float
    parts_done: int
    parts_total: int


class Timings(Answer):
    """When each thing happened, in ISO 8601 UTC; None if it has not."""

    created_at: str
    retried_at: str | None = None
    uploaded_at: str | None = None
    queued_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


class Job(Answer):
    """`status` is one of AWAITING_UPLOAD, QUEUED, PROCESSING and those of FINAL; `stage` says it for people."""

    id: str
    status: str
    stage: str
    name: str
    title: str | None = None
    tags: list[str] = Field(default_factory=list)
    content_type: str
    size_bytes: int
    options: dict[str, Any]
    progress: Progress
    duration_s: float | None = None
    language: str | None = None
    language_probability: float | None = None
    transcript_version: int = 1
    attempt: int
    failure: Failure | None = None
    warnings: list[str] = Field(default_factory=list)
    timings: Timings
    request_id: str

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def ended(self) -> JobEnded:
        """Why this job has no transcript."""
        failure = self.failure
        return JobEnded(
            failure.message if failure else f"the job ended as {self.status}",
            code=failure.code if failure else self.status.lower(),
            hint=failure.hint if failure else "",
            request_id=self.request_id,
            job_id=self.id,
            job_status=self.status,
        )


class PutUpload(Answer):
    """Send the recording to `url` in one request, with these headers."""

    kind: Literal["put"] = "put"
    url: str
    headers: dict[str, str]
    expires_at: str | None = None


class MultipartUpload(Answer):
    """Send the recording in parts of this size; the last one is shorter."""

    kind: Literal["multipart"] = "multipart"
    part_size_bytes: int
    part_count: int
    expires_at: str | None = None


class Accepted(Answer):
    """A job, and the way in for its recording: None once that has arrived."""

    job: Job
    upload: Annotated[PutUpload | MultipartUpload, Field(discriminator="kind")] | None


class Problem(Answer):
    code: str
    detail: str
    hint: str


class Result(Answer):
    """What became of one job of many: one of the two is None."""

    accepted: Accepted | None
    problem: Problem | None


class Recording(Answer):
    """Where the recording can be listened to, for some minutes."""

    url: str
    expires_at: str


class Model(Answer):
    name: str
    multilingual: bool
    translates: bool
    size_mb: int
    note: str
    default: bool


class Models(Answer):
    """What this service offers: `speakers` is whether it can tell them apart, `languages` are code -> name."""

    models: list[Model]
    speakers: bool
    languages: dict[str, str]


def create(
    name: str,
    size_bytes: int,
    content_type: str,
    options: Options | None = None,
    *,
    title: str | None = None,
    tags: Sequence[str] = (),
    sha256: str | None = None,
    once: str | None = None,
) -> Flow[Accepted]:
    """Announce a recording of `size_bytes` bytes; `upload` brings it.

    With its `sha256` (hex, for recordings that go up in one request) the bucket refuses other bytes.

    `once` is the Idempotency-Key: with the same one a later call answers the same job for a day. Without it a key of
    this call's own keeps a lost answer from making two jobs.
    """
    body = {"name": name, "size_bytes": size_bytes, "content_type": content_type, **(options or {})}
    body |= {"title": title, "tags": list(tags), "sha256": sha256}
    return read(Request("POST", "/jobs", body=body, headers=_once(once)), Accepted)


def fetch(
    source_url: str,
    options: Options | None = None,
    *,
    name: str | None = None,
    title: str | None = None,
    tags: Sequence[str] = (),
    once: str | None = None,
) -> Flow[Accepted]:
    """Have the service fetch a recording from an https address; nothing is uploaded. `once` as for `create`."""
    body = {"source_url": source_url, **(options or {}), **present(name=name), "title": title, "tags": list(tags)}
    return read(Request("POST", "/jobs", body=body, headers=_once(once)), Accepted)


def create_many(jobs: Sequence[Mapping[str, Any]], *, once: str | None = None) -> Flow[list[Result]]:
    """Announce up to 50 recordings at once, by the API's names. What refuses one leaves the others be."""
    request = Request("POST", "/jobs/batch", body={"jobs": [dict(one) for one in jobs]}, headers=_once(once))
    return read_all(request, Result, "results")


def _once(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid4())}


def mine(
    *,
    status: str | None = None,
    model: str | None = None,
    language: str | None = None,
    tag: str | None = None,
    text: str | None = None,
    first_day: str | None = None,
    last_day: str | None = None,
) -> Pages[Job]:
    """The caller's jobs, newest first; `text` is in the title or name, days are UTC, such as 2026-11-22."""
    query = present(status=status, model=model, language=language, tag=tag, text=text)
    query |= present(**{"from": first_day, "to": last_day})
    return Pages("/jobs", "jobs", Job.model_validate, query)


def get(job_id: str) -> Flow[Job]:
    """One job with its progress."""
    return read(Request("GET", at("/jobs/{}", job_id)), Job, "job")


def cancel(job_id: str) -> Flow[Job]:
    """Stop a job. Raises Conflict when it has ended."""
    return read(Request("POST", at("/jobs/{}/cancel", job_id), body={}), Job, "job")


def retry(job_id: str, options: Options | None = None, *, once: str | None = None) -> Flow[Job]:
    """Transcribe the same recording again; what `options` names replaces the job's. Raises Conflict while it runs."""
    request = Request("POST", at("/jobs/{}/retry", job_id), body=dict(options or {}), headers=_once(once))
    return read(request, Job, "job")


def label(job_id: str, **changes: Unpack[Labels]) -> Flow[Job]:
    """Change the title or the tags; None and an empty list take them away."""
    return read(Request("PATCH", at("/jobs/{}", job_id), body=dict(changes)), Job, "job")


class SignedReceipt(Answer):
    """What a deletion found and removed, to read and as a JSON Web Signature."""

    receipt: dict[str, Any]
    jws: str


class ReceiptKeys(Answer):
    """A JWK Set."""

    keys: list[dict[str, str]]


def delete(job_id: str) -> Flow[SignedReceipt]:
    """Remove a job, its recording and its transcripts, for good. Asked again, the answer is the same receipt."""
    return read(Request("DELETE", at("/jobs/{}", job_id)), SignedReceipt)


def receipt_keys() -> Flow[ReceiptKeys]:
    """The public keys that verify deletion receipts; nobody need be signed in."""
    return read(Request("GET", "/receipts/keys"), ReceiptKeys)


def recording(job_id: str) -> Flow[Recording]:
    """A short-lived address that plays the recording."""
    return read(Request("GET", at("/jobs/{}/recording", job_id)), Recording)


def models() -> Flow[Models]:
    """The models that this service offers, and the languages."""
    return read(Request("GET", "/models"), Models)


def wait(job_id: str, progress: Callable[[Job], None] | None = None) -> Flow[Job]:
    """The job once it is final, however it ended. Looks often at first and more rarely later.

    `progress` hears of the job at each look before that.
    """
    look_s = FIRST_LOOK_S
    headers: dict[str, str] = {}
    while True:
        answer = yield from ask(Request("GET", at("/jobs/{}", job_id), headers=headers))
        if answer.status_code != HTTPStatus.NOT_MODIFIED:
            job = Job.model_validate(answer.json()["job"])
            headers = {"If-None-Match": tag} if (tag := answer.headers.get("ETag")) else {}
        if job.is_final:
            return job
        if progress is not None:
            progress(job)
        yield Pause(look_s)
        look_s = min(LONGEST_LOOK_S, look_s * 1.2)
