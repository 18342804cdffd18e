"""A user deletes one of their jobs, and the audit log says so.

The entry is written first: a deletion that was cut off is then in the log twice, and none is missing from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sotto.domain.audit import Action, Origin
from sotto.domain.identity import Principal
from sotto.domain.receipts import Deletion
from sotto.workflows.ports import Jobs
from sotto.workflows.receipt_ports import Receipts
from sotto.workflows.record_audit import RecordAudit


@dataclass(frozen=True)
class DeleteOwnJob:
    jobs: Jobs
    receipts: Receipts
    delete: Callable[[str, str], Deletion]
    audit: RecordAudit

    def __call__(self, by: Principal, job_id: str, origin: Origin) -> Deletion:
        """The signed receipt; the same one again when the job was deleted before, which is no entry.

        Raises NotFound, which is no entry either: nothing was there to delete.
        """
        begun = self.receipts.find(by.user_id, job_id)
        if begun and begun.jws:
            return begun
        if begun is None:
            self.jobs.get(by.user_id, job_id)
        self.audit(Action.JOB_DELETED, job_id, origin, by=by)
        return self.delete(by.user_id, job_id)
