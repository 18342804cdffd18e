"""The API's shapes of jobs: what integrators program against, so it changes apart from domain/job.py."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sotto.domain.errors import Failure, InvalidInput
from sotto.domain.job import Attempt, Job, JobStatus, Stage, Timings, stage_of
from sotto.domain.labels import LONGEST_TAG, LONGEST_TITLE, MOST_TAGS
from sotto.domain.languages import LANGUAGES
from sotto.domain.options import MODELS, SPEAKER_MODEL, Options, Task
from sotto.domain.parts import Lane
from sotto.domain.uploads import PresignedPut, UploadedPart
from sotto.entry.openai_models import OpenAiModel
from sotto.workflows.create_fetch import NewFetch
from sotto.workflows.create_job import Accepted, NewJob


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OptionsRequest(Shape):
    """The caller's choices, flat; what is not named keeps its default."""

    model: str | None = None
    language: str | None = None
    task: Task = Task.TRANSCRIBE
    word_times: bool = True
    prompt: str | None = Field(default=None, max_length=1000)
    hotwords: str | None = Field(default=None, max_length=500)
    beam_size: int = Field(default=1, ge=1, le=10)
    temperature: float = Field(default=0.0, ge=0.0, le=1.0)
    voice_activity: bool = True
    voice_activity_threshold: float = Field(default=0.5, gt=0.0, lt=1.0)
    voice_activity_min_silence_s: float = Field(default=0.5, ge=0.1, le=10.0)
    speakers: bool = False
    max_speakers: int | None = Field(default=None, ge=1, le=20)


class JobRequest(OptionsRequest):
    """Body of POST /v1/jobs: the file's facts, or where to fetch it, and the options beside them."""

    name: str | None = Field(
        default=None, min_length=1, max_length=1000, description="the file's name; may be left out with source_url"
    )
    size_bytes: int | None = Field(default=None, description="bytes that will be uploaded; not with source_url")
    source_url: str | None = Field(
        default=None, max_length=2000, description="where the service fetches the recording, instead of an upload"
    )
    content_type: str = Field(default="application/octet-stream", max_length=200)
    sha256: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="the recording's, in hex: the bucket refuses other bytes; for uploads in one request (100 MB)",
    )
    title: str | None = Field(default=None, description=f"what to call the job, up to {LONGEST_TITLE} characters")
    tags: list[str] = Field(
        default_factory=list, description=f"up to {MOST_TAGS} words to find it by, of up to {LONGEST_TAG} characters"
    )

    def to_domain(self, default_model: str, credential: str) -> NewJob:
        """A job with an upload. Raises InvalidInput when name or size are missing, or an address is given."""
        if self.source_url is not None:
            raise InvalidInput("source_url", expected="nothing here", found="an address", hint="Use POST /v1/jobs.")
        if self.name is None:
            raise InvalidInput("name", expected="a file name, or source_url instead of an upload", found=None)
        if self.size_bytes is None:
            raise InvalidInput("size_bytes", expected="a whole number, or source_url instead of an upload", found=None)
        return NewJob(
            name=self.name,
            size_bytes=self.size_bytes,
            content_type=self.content_type,
            options=self._options(default_model),
            title=self.title,
            tags=tuple(self.tags),
            credential=credential,
            sha256=self.sha256,
        )

    def to_fetch(self, source_url: str, default_model: str, credential: str) -> NewFetch:
        """A job whose recording lies at `source_url`. Raises InvalidInput when a size is given."""
        if self.size_bytes is not None:
            raise InvalidInput("size_bytes", expected="nothing beside source_url", found=self.size_bytes)
        if self.sha256 is not None:
            raise InvalidInput("sha256", expected="nothing beside source_url", found=self.sha256)
        return NewFetch(source_url, self.name, self._options(default_model), self.title, tuple(self.tags), credential)

    def _options(self, default_model: str) -> Options:
        options = self.model_dump(include=set(OptionsRequest.model_fields))
        return Options.model_validate({**options, "model": self.model or default_model})


class LabelsRequest(Shape):
    """Body of PATCH /v1/jobs/{id}: what is named is set, null and an empty list take it away."""

    title: str | None = None
    tags: list[str] | None = None

    @property
    def changes(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.model_fields_set}


class RetryRequest(OptionsRequest):
    """Body of POST /v1/jobs/{id}/retry: what is named replaces the job's option, an empty body keeps all.

    A `model` of null keeps the job's too; null for `language`, `prompt` and `hotwords` takes them away.
    """

    def to_domain(self, present: Options) -> Options:
        changes = {
            name: getattr(self, name) for name in self.model_fields_set - ({"model"} if not self.model else set())
        }
        return Options.model_validate({**present.model_dump(), **changes})


class ProgressShape(Shape):
    seconds_done: float
    seconds_total: float
    parts_done: int
    parts_total: int


class FailureShape(Shape):
    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, failure: Failure) -> FailureShape:
        return cls(code=failure.code, message=failure.message, hint=failure.hint)


class TimingsShape(Shape):
    created_at: str
    retried_at: str | None
    uploaded_at: str | None
    queued_at: str | None
    started_at: str | None
    completed_at: str | None

    @classmethod
    def of(cls, timings: Timings) -> TimingsShape:
        return cls(
            created_at=timings.created_at,
            retried_at=timings.retried_at,
            uploaded_at=timings.uploaded_at,
            queued_at=timings.queued_at,
            started_at=timings.started_at,
            completed_at=timings.completed_at,
        )


class AttemptShape(Shape):
    """An earlier attempt, as it ended. `transcript_version` is null when it made no transcript."""

    number: int
    status: JobStatus
    options: Options
    timings: TimingsShape
    failure: FailureShape | None
    transcript_version: int | None

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptShape:
        return cls(
            number=attempt.number,
            status=attempt.status,
            options=attempt.options,
            timings=TimingsShape.of(attempt.timings),
            failure=FailureShape.of(attempt.failure) if attempt.failure else None,
            transcript_version=attempt.transcript_version if attempt.transcript_key else None,
        )


class LinksShape(Shape):
    self: str
    transcript: str


class JobShape(Shape):
    id: str
    status: JobStatus
    stage: Stage
    name: str
    title: str | None
    tags: list[str]
    content_type: str
    size_bytes: int
    options: Options
    progress: ProgressShape
    duration_s: float | None
    language: str | None
    language_probability: float | None
    transcript_version: int
    attempt: int
    lane: Lane | None
    engine_s: float = Field(description="seconds of the engine's work so far, tries that failed among them")
    failure: FailureShape | None
    warnings: list[str]
    timings: TimingsShape
    request_id: str
    history: list[AttemptShape]
    links: LinksShape

    @classmethod
    def of(cls, job: Job) -> JobShape:
        progress = job.progress
        return cls(
            id=job.id,
            status=job.status,
            stage=stage_of(job),
            name=job.name,
            title=job.title,
            tags=list(job.tags),
            content_type=job.content_type,
            size_bytes=job.recording.size_bytes if job.recording else job.size_bytes,
            options=job.options,
            progress=ProgressShape(
                seconds_done=progress.seconds_done,
                seconds_total=progress.seconds_total,
                parts_done=progress.parts_done,
                parts_total=progress.parts_total,
            ),
            duration_s=job.facts.duration_s if job.facts else None,
            language=job.language,
            language_probability=job.language_probability,
            transcript_version=job.transcript_version,
            attempt=job.attempt,
            lane=job.lane,
            engine_s=round(job.engine_s, 3),
            failure=FailureShape.of(job.failure) if job.failure else None,
            warnings=list(job.warnings),
            timings=TimingsShape.of(job.timings),
            request_id=job.request_id,
            history=[AttemptShape.of(attempt) for attempt in job.history],
            links=LinksShape(self=f"/v1/jobs/{job.id}", transcript=f"/v1/jobs/{job.id}/transcript"),
        )


class JobAnswer(Shape):
    job: JobShape


class PutUpload(Shape):
    kind: Literal["put"] = "put"
    method: Literal["PUT"] = "PUT"
    url: str
    headers: dict[str, str]
    expires_at: str


class MultipartUpload(Shape):
    kind: Literal["multipart"] = "multipart"
    part_size_bytes: int
    part_count: int
    expires_at: str


class AcceptedAnswer(Shape):
    job: JobShape
    upload: Annotated[PutUpload | MultipartUpload, Field(discriminator="kind")] | None

    @classmethod
    def of(cls, accepted: Accepted) -> AcceptedAnswer:
        job, upload = accepted.job, accepted.upload
        way: PutUpload | MultipartUpload | None = None
        if isinstance(upload, PresignedPut):
            way = PutUpload(url=upload.url, headers=upload.headers, expires_at=job.upload_expires_at)
        elif upload:
            way = MultipartUpload(
                part_size_bytes=upload.part_size_bytes, part_count=upload.part_count, expires_at=job.upload_expires_at
            )
        return cls(job=JobShape.of(job), upload=way)


class ListQuery(Shape):
    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=200)


class SignRequest(Shape):
    numbers: list[int]


class SignedPart(Shape):
    number: int
    url: str


class SignedParts(Shape):
    parts: list[SignedPart]


class UploadedPartShape(Shape):
    number: int
    etag: str
    size_bytes: int

    @classmethod
    def of(cls, part: UploadedPart) -> UploadedPartShape:
        return cls(number=part.number, etag=part.etag, size_bytes=part.size_bytes)


class UploadedParts(Shape):
    parts: list[UploadedPartShape]


class PartEtag(Shape):
    number: int
    etag: str = Field(max_length=200)


class CompleteRequest(Shape):
    parts: list[PartEtag] = Field(max_length=10_000)


class RecordingAnswer(Shape):
    url: str
    expires_at: str


class ModelShape(Shape):
    name: str
    multilingual: bool
    translates: bool
    size_mb: int
    note: str
    default: bool


class ModelsAnswer(Shape):
    """Ours, and the two fields that OpenAI's clients read. `speakers`: whether they can be told apart."""

    models: list[ModelShape]
    speakers: bool
    languages: dict[str, str]
    object: Literal["list"] = "list"
    data: list[OpenAiModel]

    @classmethod
    def of(cls, offered: frozenset[str], default: str) -> ModelsAnswer:
        models = [
            ModelShape(
                name=facts.name,
                multilingual=facts.multilingual,
                translates=facts.translates,
                size_mb=facts.size_mb,
                note=facts.note,
                default=facts.name == default,
            )
            for facts in MODELS.values()
            if facts.name in offered
        ]
        return cls(
            models=models,
            speakers=SPEAKER_MODEL in offered,
            languages=LANGUAGES,
            data=[OpenAiModel.of(model.name) for model in models],
        )
