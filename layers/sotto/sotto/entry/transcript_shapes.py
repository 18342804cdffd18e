"""The API's shapes of transcripts: segments and pages of them, and the questions that ask for them."""

from __future__ import annotations

from pydantic import Field

from sotto.domain.renderings.view import View
from sotto.domain.transcript import Segment
from sotto.entry.job_shapes import Shape
from sotto.workflows.read_transcript import SegmentPage


class TranscriptQuery(Shape):
    """Query of GET /v1/jobs/{id}/transcript; what a format does not have is refused."""

    format: str = "json"
    words: bool | None = Field(default=None, description="each word with its time")
    timestamps: bool | None = Field(default=None, description="times beside the text")

    @property
    def view(self) -> View:
        return View(words=self.words, timestamps=self.timestamps)


class SegmentsQuery(Shape):
    limit: int = Field(default=100, ge=1, le=500)
    cursor: str | None = Field(default=None, max_length=200)


class SegmentsAnswer(Shape):
    """Segments in the canonical form (docs/transcripts.md); `first` is the index of the first one."""

    attempt: int
    total: int
    first: int
    segments: list[Segment]
    next_cursor: str | None

    @classmethod
    def of(cls, page: SegmentPage) -> SegmentsAnswer:
        transcript = page.transcript
        return cls(
            attempt=transcript.attempt,
            total=len(transcript.segments),
            first=page.first,
            segments=list(page.segments),
            next_cursor=page.cursor,
        )
