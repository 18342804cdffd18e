"""Look again at deleted jobs: finish what was cut off, and take out what came late.

A signed upload URL, a worker that was about to write or an indexing may outlive its job. Nothing can stop their last
write, so the job's places are emptied once more an hour and once more a day later. The receipt stays as it was: it
says what was there when it was signed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sotto.domain.errors import NotFound, StorageUnavailable
from sotto.domain.receipts import Deletion
from sotto.workflows.delete_job import DeleteJob
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock
from sotto.workflows.receipt_ports import Receipts

LAST_LOOK_AFTER = timedelta(days=1)
"""Longer than any upload's URL lives (12 hours) and any worker works."""
BATCH = 50


@dataclass(frozen=True)
class SweepDeletions:
    receipts: Receipts
    delete: DeleteJob
    clock: Clock

    def __call__(self) -> Counter[str]:
        """Deal with what is due now. Returns how often each thing was done."""
        done: Counter[str] = Counter()
        for deletion in self.receipts.due(iso(self.clock()), limit=BATCH):
            try:
                done[self._look_again(deletion)] += 1
            except (NotFound, StorageUnavailable):  # the next round finds it again; the others are not kept waiting
                done["deletion_failed"] += 1
        return done

    def _look_again(self, deletion: Deletion) -> str:
        receipt = deletion.receipt
        if deletion.jws is None or receipt.completed_at is None:
            self.delete(receipt.owner, receipt.job_id)
            return "deletion_finished"
        self.delete.give_up_uploads(receipt.owner, receipt.job_id)
        clean = self.delete.look(receipt.owner, receipt.job_id).empty
        if not clean:
            self.delete.remove(receipt.owner, receipt.job_id)
        last = datetime.fromisoformat(receipt.completed_at) + LAST_LOOK_AFTER
        self.receipts.postpone(receipt, None if self.clock() >= last else iso(last))
        return "stayed_deleted" if clean else "latecomers_deleted"
