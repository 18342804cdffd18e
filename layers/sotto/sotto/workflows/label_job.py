"""Change what a person calls a job, in whatever state it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sotto.domain.job import Job
from sotto.domain.labels import clean_tags, clean_title
from sotto.workflows.ports import Jobs


@dataclass(frozen=True)
class LabelJob:
    jobs: Jobs

    def __call__(self, owner: str, job_id: str, changes: Mapping[str, Any]) -> Job:
        """Set those of `title` and `tags` that are named. Raises InvalidInput, NotFound."""
        clean: dict[str, Any] = {}
        if "title" in changes:
            clean["title"] = clean_title(changes["title"])
        if "tags" in changes:
            clean["tags"] = clean_tags(changes["tags"] or ())
        return self.jobs.label(owner, job_id, **clean) if clean else self.jobs.get(owner, job_id)
