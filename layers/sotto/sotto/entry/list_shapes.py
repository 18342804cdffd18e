"""The API's shapes of job lists: what may be asked of GET /v1/jobs, and its answer."""

from __future__ import annotations

from pydantic import Field

from sotto.domain.errors import InvalidInput
from sotto.domain.job import JobStatus
from sotto.domain.labels import LONGEST_TAG, LONGEST_TITLE
from sotto.entry.days import Day, first_id, first_id_after
from sotto.entry.job_shapes import JobShape, ListQuery, Shape
from sotto.workflows.list_jobs import END, JobFilters


class JobsQuery(ListQuery):
    """Query of GET /v1/jobs; what is not named lets everything through."""

    status: str | None = Field(default=None, max_length=200, description="one status, or several with commas between")
    model: str | None = Field(default=None, max_length=100)
    language: str | None = Field(default=None, max_length=20, description="as detected, else as asked for")
    tag: str | None = Field(default=None, max_length=LONGEST_TAG)
    text: str | None = Field(
        default=None, min_length=1, max_length=LONGEST_TITLE, description="part of the title or the file's name"
    )
    first_day: Day | None = Field(default=None, alias="from", description="first day of creation, UTC")
    last_day: Day | None = Field(default=None, alias="to", description="last day of creation, UTC, inclusive")

    @property
    def filters(self) -> JobFilters:
        """Raises InvalidInput for a status that does not exist."""
        return JobFilters(
            statuses=_statuses(self.status) if self.status is not None else None,
            model=self.model,
            language=self.language,
            tag=self.tag,
            text=self.text,
            oldest=first_id(self.first_day) if self.first_day else "",
            below=first_id_after(self.last_day) if self.last_day else END,
        )


def _statuses(text: str) -> frozenset[JobStatus]:
    try:
        return frozenset(JobStatus(name.strip()) for name in text.split(","))
    except ValueError:
        raise InvalidInput("status", expected=f"any of {', '.join(JobStatus)}", found=text) from None


class JobsAnswer(Shape):
    jobs: list[JobShape]
    next_cursor: str | None
