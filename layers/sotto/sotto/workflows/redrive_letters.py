"""Give the jobs behind dead letters another try, with the same recording and the same options.

A part alone cannot be tried again: its job is FAILED, and its owner was told. So a redrive is a retry of the job, made
by an operator; of several letters of one job the first retries it and settles the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sotto.domain.audit import Action, Origin
from sotto.domain.dead_letters import DeadLetter, LetterFilter, Redriven
from sotto.domain.errors import NotFound, Rejected
from sotto.domain.identity import Principal
from sotto.domain.job import Job, JobStatus
from sotto.domain.options import Options
from sotto.workflows.dead_letter_ports import DeadLetters
from sotto.workflows.ports import Jobs
from sotto.workflows.record_audit import RecordAudit


@dataclass(frozen=True)
class RedriveLetters:
    jobs: Jobs
    letters: DeadLetters
    retry: Callable[[str, str, Options], Job]
    audit: RecordAudit

    def __call__(
        self, principal: Principal, wanted: LetterFilter, *, limit: int, dry_run: bool, origin: Origin
    ) -> Sequence[Redriven]:
        """At most `limit` letters, newest first. After a time-out, ask again: what is done is not done twice."""
        found = self._first(wanted, limit)
        if dry_run:
            return [Redriven(letter, "would_be_redriven" if self._waiting(letter) else "settled") for letter in found]
        self.audit(Action.REDRIVEN, str(wanted), origin, by=principal, detail=f"{len(found)} letters")
        return [Redriven(letter, self._redrive(letter)) for letter in found]

    def _first(self, wanted: LetterFilter, limit: int) -> list[DeadLetter]:
        found: list[DeadLetter] = []
        cursor: str | None = None
        while len(found) < limit:
            page = self.letters.page(wanted, limit=limit - len(found), cursor=cursor)
            found += page.letters
            cursor = page.cursor
            if cursor is None:
                break
        return found

    def _waiting(self, letter: DeadLetter) -> Job | None:
        """Its job, if that still is as the letter left it."""
        try:
            job = self.jobs.get(letter.owner, letter.job_id)
        except NotFound:
            return None
        return job if job.status is JobStatus.FAILED and job.attempt == letter.attempt else None

    def _redrive(self, letter: DeadLetter) -> str:
        job = self._waiting(letter)
        if job is not None:
            try:
                self.retry(letter.owner, letter.job_id, job.options)
            except Rejected as error:
                return error.code  # the letter stays: something must change first
        self.letters.drop(letter)
        return "redriven" if job else "settled"
