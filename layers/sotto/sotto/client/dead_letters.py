"""Messages that were given up: what failed, and trying it again. For operators and administrators."""

from __future__ import annotations

from sotto.client.answers import Answer, Pages, read, read_all
from sotto.client.flow import Flow, Request, present
from sotto.client.jobs import Failure


class QueueDepth(Answer):
    """A dead-letter queue; both numbers as the queue estimates them."""

    name: str
    waiting: int
    in_flight: int


class Letter(Answer):
    """`part` is None when intake failed; `version` is the code that gave up; `received` counts the tries."""

    id: str
    queue: str
    owner: str
    job_id: str
    attempt: int
    part: int | None = None
    failure: Failure
    model: str
    etag: str | None = None
    version: str
    first_seen: str
    died_at: str
    received: int


class Redriven(Answer):
    """`outcome` is redriven, would_be_redriven, settled (the job has moved on or is gone), or an error's code."""

    id: str
    owner: str
    job_id: str
    outcome: str


class Redrive(Answer):
    dry_run: bool
    letters: list[Redriven]


def letters(
    *, queue: str | None = None, code: str | None = None, owner: str | None = None, job_id: str | None = None
) -> Pages[Letter]:
    """The letters that were kept, newest first; what is named narrows the choice."""
    query = present(queue=queue, code=code, owner=owner, job_id=job_id)
    return Pages("/admin/dlq", "letters", Letter.model_validate, query)


def depths() -> Flow[list[QueueDepth]]:
    """The queues, and how many messages wait that nobody has dealt with yet."""
    return read_all(Request("GET", "/admin/dlq", query={"limit": 1}), QueueDepth, "queues")


def redrive(
    *,
    queue: str | None = None,
    code: str | None = None,
    owner: str | None = None,
    job_id: str | None = None,
    limit: int | None = None,
    dry_run: bool = False,
) -> Flow[Redrive]:
    """Try again what was given up, `limit` letters at once (1 to 50). `dry_run` says what would happen."""
    chosen = present(queue=queue, code=code, owner=owner, job_id=job_id, limit=limit)
    return read(Request("POST", "/admin/dlq/redrive", body={**chosen, "dry_run": dry_run}), Redrive)
