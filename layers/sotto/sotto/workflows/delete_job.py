"""Delete a job and everything that belongs to it, look whether anything is left, and sign a receipt.

What is there is noted before it is removed, so a deletion that was cut off goes on where it was and its receipt still
tells of everything. The note stays when the job's row has gone: a repeated call ends in the same receipt, and the
reconciler finishes what nobody repeats (workflows/sweep_deletions.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.errors import NotFound, StorageUnavailable, WrongState
from sotto.domain.job import FINAL, JobStatus
from sotto.domain.object_keys import job_prefixes, uploads_prefix
from sotto.domain.receipts import Deletion, Look, ObjectCount, Receipt
from sotto.workflows.moments import after, iso
from sotto.workflows.ports import Clock, Jobs, Objects
from sotto.workflows.receipt_ports import Receipts, ReceiptSigner
from sotto.workflows.search_ports import WordIndex

MAX_ROUNDS = 5
"""A worker that writes meanwhile notices within seconds that its job has ended; more rounds mean trouble."""
UNFINISHED_AFTER_S = 900
FIRST_LOOK_AGAIN_S = 3600


@dataclass(frozen=True)
class DeleteJob:
    jobs: Jobs
    objects: Objects
    words: WordIndex
    receipts: Receipts
    signer: ReceiptSigner
    clock: Clock

    def __call__(self, owner: str, job_id: str) -> Deletion:
        """Remove the job. Raises NotFound when there is neither a job nor a receipt, StorageUnavailable when
        something is left after several rounds."""
        begun = self.receipts.find(owner, job_id)
        if begun is None:
            self.jobs.get(owner, job_id)
        for _ in range(MAX_ROUNDS):
            if begun and begun.jws:
                return begun
            self._stop(owner, job_id)
            look = self.look(owner, job_id)
            if begun and look.empty:
                return self._signed(begun.receipt, look.at)
            if self._noted(begun, look, owner, job_id):
                self.remove(owner, job_id)
            begun = self.receipts.find(owner, job_id)
        raise StorageUnavailable(f"job {job_id}: expected nothing to be left of it, found something in every round")

    def look(self, owner: str, job_id: str) -> Look:
        """What there is of the job: objects with every version, rows, search terms."""
        counts = [ObjectCount.of(self.objects.versions_under(prefix)) for prefix in job_prefixes(owner, job_id)]
        recordings, work, transcripts, exports = counts
        rows = self.jobs.count_rows(owner, job_id).model_copy(update={"words": self.words.count_rows(owner, job_id)})
        return Look(
            at=iso(self.clock()), recordings=recordings, work=work, transcripts=transcripts, exports=exports, rows=rows
        )

    def remove(self, owner: str, job_id: str) -> None:
        """Take out objects, then search terms, then rows, the job's own last."""
        for prefix in job_prefixes(owner, job_id):
            self.objects.delete_prefix(prefix)
        # The stream would take the words out as well, a little later: who is told that all is gone may rely on it.
        self.words.remove(owner, job_id)
        self.jobs.delete(owner, job_id)

    def _stop(self, owner: str, job_id: str) -> None:
        try:
            job = self.jobs.get(owner, job_id)
            if job.status not in FINAL:
                self.jobs.move(job, JobStatus.CANCELLED)
        except NotFound:
            pass  # an earlier try got as far as that
        except WrongState:
            pass  # it ended, or was retried, meanwhile: without its row the new attempt finds nothing
        self.give_up_uploads(owner, job_id)

    def give_up_uploads(self, owner: str, job_id: str) -> None:
        """Nobody finishes them any more: the caller's own, and what tries to fetch left behind when they died."""
        self.objects.abort_uploads(uploads_prefix(owner, job_id))

    def _noted(self, begun: Deletion | None, look: Look, owner: str, job_id: str) -> bool:
        before = begun.receipt if begun else None
        receipt = (before or Receipt(job_id=job_id, owner=owner, requested_at=look.at)).with_look(look)
        return self.receipts.note(receipt, before=before, due_at=after(self.clock(), UNFINISHED_AFTER_S))

    def _signed(self, receipt: Receipt, at: str) -> Deletion:
        done = receipt.model_copy(update={"completed_at": at})
        return self.receipts.sign(done, self.signer.sign(done), due_at=after(self.clock(), FIRST_LOOK_AGAIN_S))
