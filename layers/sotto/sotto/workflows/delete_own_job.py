"""A user deletes one of their jobs, and the audit log says so.

The entry is written first: a deletion that was cut off is then in the log twice, and none is missing from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sotto.domain.audit import Action, Origin
from sotto.domain.identity import Principal
from sotto.workflows.ports import Jobs
from sotto.workflows.record_audit import RecordAudit


@dataclass(frozen=True)
class DeleteOwnJob:
    jobs: Jobs
    delete: Callable[[str, str], None]
    audit: RecordAudit

    def __call__(self, by: Principal, job_id: str, origin: Origin) -> None:
        """Raises NotFound, which is no entry: nothing was there to delete."""
        self.jobs.get(by.user_id, job_id)
        self.audit(Action.JOB_DELETED, job_id, origin, by=by)
        self.delete(by.user_id, job_id)
