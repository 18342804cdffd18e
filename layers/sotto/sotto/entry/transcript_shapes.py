"""The API's shapes of transcripts: segments and pages of them, and the questions that ask for them."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from sotto.domain.edit_operations import MAX_OPERATIONS, Operation
from sotto.domain.job import Job
from sotto.domain.renderings.view import View
from sotto.domain.transcript import Segment, Word
from sotto.domain.versions import Change, Version, VersionKind
from sotto.entry.job_shapes import Shape
from sotto.workflows.read_transcript import SegmentPage


class TranscriptQuery(Shape):
    """Query of GET /v1/jobs/{id}/transcript; what a format does not have is refused."""

    format: str = "json"
    words: bool | None = Field(default=None, description="each word with its time")
    timestamps: bool | None = Field(default=None, description="times beside the text")
    speakers: bool | None = Field(default=None, description="who says what, where it is known")
    version: int | None = Field(default=None, ge=1, description="the newest one if none is named")
    attempt: int | None = Field(default=None, ge=1, description="the present one if none is named")

    def view_of(self, job: Job) -> View:
        return View(self.words, self.timestamps, self.speakers, title=job.title, tags=job.tags)


class SegmentsQuery(Shape):
    limit: int = Field(default=100, ge=1, le=500)
    cursor: str | None = Field(default=None, max_length=200)
    version: int | None = Field(default=None, ge=1, description="the newest one if none is named")
    attempt: int | None = Field(default=None, ge=1, description="the present one if none is named")


class SegmentsAnswer(Shape):
    """Segments in the canonical form (docs/transcripts.md); `first` is the index of the first one."""

    attempt: int
    version: int
    total: int
    first: int
    segments: list[Segment]
    next_cursor: str | None

    @classmethod
    def of(cls, page: SegmentPage) -> SegmentsAnswer:
        transcript = page.transcript
        return cls(
            attempt=transcript.attempt,
            version=transcript.version,
            total=len(transcript.segments),
            first=page.first,
            segments=list(page.segments),
            next_cursor=page.cursor,
        )


class EditRequest(Shape):
    """Body of POST /v1/jobs/{id}/edits: operations on the version that the caller has seen."""

    base_version: int = Field(ge=1)
    operations: list[Operation] = Field(min_length=1, max_length=MAX_OPERATIONS)


class RevertRequest(Shape):
    """Body of POST /v1/jobs/{id}/revert."""

    base_version: int = Field(ge=1)
    to: int = Field(ge=1)


class VersionsQuery(Shape):
    attempt: int | None = Field(default=None, ge=1, description="the present one if none is named")


class VersionShape(Shape):
    """`author` is a user's id, null for the engine; `reverted_to` is null unless `kind` is revert."""

    version: int
    attempt: int
    kind: VersionKind
    created_at: str
    author: str | None
    operations: int
    reverted_to: int | None

    @classmethod
    def of(cls, version: Version) -> VersionShape:
        return cls(
            version=version.number,
            attempt=version.attempt,
            kind=version.kind,
            created_at=version.created_at,
            author=version.author,
            operations=version.operations,
            reverted_to=version.reverted_to,
        )


class VersionAnswer(Shape):
    version: VersionShape


class VersionsAnswer(Shape):
    versions: list[VersionShape]


class DiffQuery(Shape):
    old: int = Field(ge=1, alias="from")
    new: int = Field(ge=1, alias="to")
    attempt: int | None = Field(default=None, ge=1, description="the present one if none is named")


class ChangeShape(Shape):
    """Neighbouring words that differ; `before` or `after` is empty for a pure insert or delete."""

    start: float
    end: float
    before: list[Word]
    after: list[Word]

    @classmethod
    def of(cls, change: Change) -> ChangeShape:
        return cls(start=change.start, end=change.end, before=list(change.before), after=list(change.after))


class DiffAnswer(Shape):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    old: int = Field(alias="from")
    new: int = Field(alias="to")
    changes: list[ChangeShape]
