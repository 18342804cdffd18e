"""Have the search index made again from the canonical transcripts, some jobs of one owner at a time.

Nothing is read or written here but the index's list of a job's rows: the doubt that is cast on it is a change in the
table's stream, and functions/index_words does the work, as for any finished job. So a rebuild has its memory, its
rights and its retries, and search goes on with what is there until the new rows take its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sotto.domain.audit import Action, Origin
from sotto.domain.identity import Principal
from sotto.domain.job import Job, JobStatus
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock, Jobs
from sotto.workflows.record_audit import RecordAudit
from sotto.workflows.search_ports import WordIndex

END = "~"  # above every ULID


@dataclass(frozen=True)
class Doubted:
    """A page of a rebuild: how many jobs were looked at, and the ids of those that are indexed anew.

    `cursor` asks for the next page and is None at the end.
    """

    looked_at: int
    job_ids: tuple[str, ...]
    cursor: str | None


@dataclass(frozen=True)
class RebuildIndex:
    jobs: Jobs
    index: WordIndex
    audit: RecordAudit
    clock: Clock

    def __call__(
        self,
        principal: Principal,
        owner: str,
        *,
        whole: bool,
        dry_run: bool,
        limit: int,
        cursor: str | None,
        origin: Origin,
    ) -> Doubted:
        """Look at `limit` jobs of `owner`, newest first; index those whose index is behind, with `whole` all completed.

        It may be repeated: a job that is indexed twice has the same rows.
        """
        page = self.jobs.newest(owner, below=cursor or END, limit=limit)
        chosen = [job for job in page if job.status is JobStatus.COMPLETED and (whole or self._behind(job))]
        if not dry_run and chosen:
            self.audit(Action.INDEX_REBUILT, owner, origin, by=principal, detail=f"{len(chosen)} jobs")
            self._doubt(chosen)
        return Doubted(len(page), tuple(job.id for job in chosen), page[-1].id if len(page) == limit else None)

    def _behind(self, job: Job) -> bool:
        return self.index.indexed(job.owner, job.id) != (job.attempt, job.transcript_version)

    def _doubt(self, chosen: Sequence[Job]) -> None:
        for job in chosen:
            self.index.doubt(job.owner, job.id, created_at=job.timings.created_at, at=iso(self.clock()))
