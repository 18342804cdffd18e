"""The event of a dropped recording is in the dead-letter queue: its dropper is told, with a job or without."""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.drops import drop_job_id, parse_drop_key
from sotto.domain.errors import NotFound, PartFailedRepeatedly
from sotto.domain.object_keys import UploadKey
from sotto.workflows.answer_drop import AnswerDrop
from sotto.workflows.drop_ports import Drops
from sotto.workflows.fail_job import FailJob
from sotto.workflows.ports import Jobs


@dataclass(frozen=True)
class FailDrop:
    jobs: Jobs
    drops: Drops
    answer: AnswerDrop
    fail: FailJob

    def __call__(self, key: str, version_id: str) -> str:
        """Fail the job of that version, whose end is then answered like any other; without a job, answer at once."""
        drop = parse_drop_key(key)
        found = self.drops.find(key, version_id) if drop else None
        if drop is None or found is None:
            return "not_a_drop" if drop is None else "object_gone"
        recording = found.recording
        try:
            job = self.jobs.get(drop.owner, drop_job_id(key, recording.version_id, found.dropped_at))
        except NotFound:
            error = PartFailedRepeatedly("intake: expected to take the recording in, found only failures")
            self.answer.refuse(drop, recording, error.failure)
            return "answered"
        return self.fail.for_arrival(str(UploadKey(job.owner, job.id, job.name)))
