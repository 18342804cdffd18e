"""List one owner's jobs, newest first, those that a filter lets through.

The table knows jobs by their id alone, and a job's id begins with the moment of its creation: days are a range of
keys, everything else is looked at job by job. So that a rare filter costs no more than a common one, a request looks
at a bounded number of jobs; a page may end there with few or none, and its cursor goes on.
"""

from __future__ import annotations

import unicodedata
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass

from sotto.domain.errors import InvalidInput
from sotto.domain.job import Job, JobStatus, Page
from sotto.workflows.ports import Jobs

MAX_JOBS = 500
"""Jobs that one request looks at."""
AT_ONCE = 100
END = "~"  # above every ULID


@dataclass(frozen=True)
class JobFilters:
    """None lets everything through. `oldest` and `below` bound job ids; `text` stands in the title or the name."""

    statuses: frozenset[JobStatus] | None = None
    model: str | None = None
    language: str | None = None
    tag: str | None = None
    text: str | None = None
    oldest: str = ""
    below: str = END

    def let_through(self, job: Job) -> bool:
        return (
            (self.statuses is None or job.status in self.statuses)
            and self.model in (None, job.options.model)
            and self.language in (None, job.language or job.options.language)
            and (self.tag is None or self.tag in job.tags)
            and (self.text is None or _folded(self.text) in _folded(f"{job.title or ''}\n{job.name}"))
        )

    @property
    def all_pass(self) -> bool:
        return (self.statuses, self.model, self.language, self.tag, self.text) == (None, None, None, None, None)


@dataclass(frozen=True)
class ListJobs:
    jobs: Jobs

    def __call__(self, owner: str, filters: JobFilters, *, limit: int, cursor: str | None) -> Page:
        """One page. Raises InvalidInput for a cursor that is none."""
        below = min(filters.below, _job_id_of(cursor) if cursor else END)
        at_once = limit + 1 if filters.all_pass else AT_ONCE
        found: list[Job] = []
        for _ in range(MAX_JOBS // AT_ONCE):
            seen = self.jobs.newest(owner, below=below, oldest=filters.oldest, limit=at_once)
            found += [job for job in seen if filters.let_through(job)]
            if len(found) > limit:
                return Page(tuple(found[:limit]), _cursor(found[limit - 1].id))
            if len(seen) < at_once:
                return Page(tuple(found), None)
            below = seen[-1].id
        return Page(tuple(found), _cursor(below))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _cursor(job_id: str) -> str:
    return urlsafe_b64encode(job_id.encode()).decode()


def _job_id_of(cursor: str) -> str:
    try:
        job_id = b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        job_id = ""
    if not job_id.isalnum():
        raise InvalidInput("cursor", expected="the next_cursor of an earlier page", found=cursor)
    return job_id
