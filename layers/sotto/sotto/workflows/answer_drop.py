"""Put the results of a dropped recording beside it, or a file that says why there are none.

Called for each event of the outbox until it succeeds, so nothing ends untold. An answer is written only while the
version that it is about is the newest one, so a slow old job never overwrites the results of what was dropped since.
"""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.drops import Drop, error_text, parse_drop_key
from sotto.domain.errors import Failure, NotFound
from sotto.domain.job import Job, JobStatus, RecordingRef
from sotto.domain.object_keys import transcript_key
from sotto.domain.outbox import OutboxEvent
from sotto.domain.renderings import CONTENT_TYPES, STORED_FORMATS
from sotto.workflows.drop_ports import DropNames, Drops
from sotto.workflows.ports import Jobs, Objects

ERROR = "error.txt"
HOW_TO_GO_ON = "Retry the job, or put the recording there again."


@dataclass(frozen=True)
class AnswerDrop:
    jobs: Jobs
    objects: Objects
    drops: Drops
    names: DropNames

    def __call__(self, event: OutboxEvent) -> str:
        """Answer for the job that `event` is about, if it was dropped. Returns a word for the log."""
        told = event.data["job"]
        try:
            job = self.jobs.get(event.owner, told["id"])
        except NotFound:
            return "no_such_job"
        drop = parse_drop_key(job.dropped.key) if job.dropped else None
        if job.dropped is None or drop is None:
            return "not_dropped"
        if (job.attempt, job.status.value) != (told["attempt"], told["status"]):
            return "superseded"  # a retry; its own end has its own event
        if self._is_old(drop, job.dropped.version_id):
            return "newer_dropped"
        if job.status is JobStatus.COMPLETED:
            return self._results(drop, job)
        failure = job.failure or Failure("cancelled", "job: expected its end, found it cancelled", HOW_TO_GO_ON)
        self._error(drop, failure, job.id)
        return "error_written"

    def refuse(self, drop: Drop, recording: RecordingRef, failure: Failure) -> None:
        """Say that no job was made for `recording`, and why."""
        if not self._is_old(drop, recording.version_id):
            self._error(drop, failure, None)

    def _results(self, drop: Drop, job: Job) -> str:
        owns_stem = self._owns_stem(drop)
        for extension in STORED_FORMATS:
            made = self.objects.head(transcript_key(job.owner, job.id, job.attempt, extension))
            if made is None:
                return "results_gone"  # the job was deleted meanwhile
            target = drop.answer_key(extension, owns_stem=owns_stem)
            self.drops.copy(made, target, content_type=CONTENT_TYPES[extension])
        self.drops.remove(drop.answer_key(ERROR, owns_stem=owns_stem))
        return "results_written"

    def _error(self, drop: Drop, failure: Failure, job_id: str | None) -> None:
        key = drop.answer_key(ERROR, owns_stem=self._owns_stem(drop))
        text = error_text(failure, name=drop.name, job_id=job_id)
        self.objects.write(key, text, content_type=CONTENT_TYPES["txt"])

    def _owns_stem(self, drop: Drop) -> bool:
        return self.names.claim(drop.owner, f"{drop.folder}{drop.stem}", drop.name)

    def _is_old(self, drop: Drop, version_id: str) -> bool:
        newest = self.objects.head(drop.key)
        return newest is not None and newest.version_id != version_id
