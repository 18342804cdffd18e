"""Accept a job whose recording the service fetches itself: the row first, then the message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sotto.domain.addresses import check_url
from sotto.domain.idempotency import Once
from sotto.domain.job import Job, JobStatus, Timings
from sotto.domain.labels import clean_tags, clean_title
from sotto.domain.object_keys import clean_name
from sotto.domain.options import Options, check_options
from sotto.domain.sources import source_name
from sotto.workflows.fetch_ports import FetchQueue, Sources
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.moments import after, iso
from sotto.workflows.ports import Clock, Jobs

FETCH_AGAIN_AFTER_S = 7200
"""When the reconciler asks again: longer than a message stays hidden, so that two seldom fetch at once."""


@dataclass(frozen=True)
class NewFetch:
    """`name` is None when the address has to do for one."""

    source_url: str
    name: str | None
    options: Options
    title: str | None = None
    tags: tuple[str, ...] = ()
    credential: str = "token"


@dataclass(frozen=True)
class CreateFetch:
    jobs: Jobs
    sources: Sources
    fetches: FetchQueue
    clock: Clock
    new_id: Callable[[], str]
    offered_models: frozenset[str]
    quotas: KeepQuotas
    plain_http: bool

    def __call__(self, owner: str, request: NewFetch, request_id: str, once: Once | None = None) -> Job:
        """Store the job and have its recording fetched, once. Raises Rejected's branch before anything is stored."""
        if once and (first := self.jobs.made_by(owner, once)):
            return first
        url = check_url(request.source_url, plain_http=self.plain_http, key="source_url")
        options = check_options(request.options, self.offered_models)
        name, title, tags = (
            clean_name(request.name or source_name(url)),
            clean_title(request.title),
            clean_tags(request.tags),
        )
        self.sources.check(url)
        self.quotas.check_room(owner, 0)  # how large it is, only the source knows
        now = self.clock()
        due_at = after(now, FETCH_AGAIN_AFTER_S)
        job = Job(
            owner=owner,
            id=self.new_id(),
            name=name,
            credential=request.credential,
            title=title,
            tags=tags,
            content_type="application/octet-stream",
            size_bytes=0,
            options=options,
            status=JobStatus.AWAITING_UPLOAD,
            timings=Timings(created_at=iso(now)),
            request_id=request_id,
            upload_expires_at=due_at,
            source_url=url,
        )
        stored = self.jobs.create(job, due_at=due_at, once=once)
        self.fetches.request(stored)
        return stored
