"""The bodies of the route that rebuilds the search index."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from sotto.entry.job_shapes import Shape
from sotto.workflows.rebuild_index import Doubted


class RebuildRequest(Shape):
    """Body of POST /v1/admin/index/rebuild. `dry_run` says what would happen, and changes nothing."""

    owner: str = Field(min_length=1, max_length=80, description="id of the user whose jobs are looked at")
    whole: bool = Field(default=False, description="every completed job, not only those whose index is behind")
    dry_run: bool = False
    limit: int = Field(default=50, ge=1, le=100, description="jobs that one request looks at")
    cursor: str | None = Field(default=None, max_length=80, description="next_cursor of the request before")


class RebuildAnswer(Shape):
    """`job_ids` are those that are indexed anew, some seconds later; with `dry_run` those that would be."""

    dry_run: bool
    looked_at: int
    job_ids: list[str]
    next_cursor: str | None

    @classmethod
    def of(cls, done: Doubted, *, dry_run: bool) -> Self:
        return cls(dry_run=dry_run, looked_at=done.looked_at, job_ids=list(done.job_ids), next_cursor=done.cursor)
