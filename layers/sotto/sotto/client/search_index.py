"""The search index, made again. For operators and administrators."""

from __future__ import annotations

from sotto.client.answers import Answer, read
from sotto.client.flow import Flow, Request, present


class Rebuild(Answer):
    """`job_ids` are indexed anew some seconds later; `next_cursor` is None when all jobs were looked at."""

    dry_run: bool
    looked_at: int
    job_ids: list[str]
    next_cursor: str | None = None


def rebuild(
    owner: str, *, whole: bool = False, dry_run: bool = False, limit: int | None = None, cursor: str | None = None
) -> Flow[Rebuild]:
    """Have transcripts of the user `owner` indexed again whose index is behind, or `whole`: all of them.

    One call looks at `limit` jobs, newest first; `cursor` goes on where the call before it ended.
    """
    body = {"owner": owner, "whole": whole, "dry_run": dry_run, **present(limit=limit, cursor=cursor)}
    return read(Request("POST", "/admin/index/rebuild", body=body), Rebuild)
