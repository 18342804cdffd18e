"""Edit a transcript: each edit writes a new version, and every earlier one stays as it was.

The canonical JSON of the new version is written first, under a name of its own; one transaction then makes it the
newest, if the caller has seen the one before it. What loses that race is removed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sotto.domain.edit_operations import Operation
from sotto.domain.edits import edited
from sotto.domain.errors import InvalidInput, Rejected, VersionConflict
from sotto.domain.job import Job
from sotto.domain.object_keys import transcript_key, version_key
from sotto.domain.renderings import CONTENT_TYPES, render
from sotto.domain.transcript import Transcript
from sotto.domain.versions import Change, Version, VersionKind, changes_between
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock, Objects, Versions
from sotto.workflows.read_transcript import ReadTranscript


@dataclass(frozen=True)
class EditTranscript:
    read: ReadTranscript
    objects: Objects
    versions: Versions
    clock: Clock
    new_name: Callable[[], str]

    def edit(self, owner: str, job_id: str, base: int, operations: Sequence[Operation], *, author: str) -> Version:
        """Apply `operations` to the newest version, which the caller believes to be `base`.

        Raises VersionConflict when it is another, InvalidInput when an operation names what is not there.
        """
        job, transcript = self._newest(owner, job_id, base)
        made = edited(transcript, operations)
        return self._store(job, made, VersionKind.EDIT, author=author, operations=len(operations))

    def revert(self, owner: str, job_id: str, base: int, to: int, *, author: str) -> Version:
        """Make a new version that says what version `to` said."""
        if not 1 <= to < base:
            raise InvalidInput("to", expected=f"a version before {base}", found=to)
        job, newest = self._newest(owner, job_id, base)
        _, earlier = self.read.read(owner, job_id, to)
        again = earlier.model_copy(update={"version": base + 1, "next_word_id": newest.next_word_id})
        return self._store(job, again, VersionKind.REVERT, author=author, reverted_to=to)

    def history(self, owner: str, job_id: str, attempt: int | None = None) -> list[Version]:
        """All versions of an attempt, the present one if none is named, newest first; the last is the engine's."""
        job = self.read.completed(owner, job_id, attempt)
        first = Version(
            number=1,
            attempt=job.attempt,
            kind=VersionKind.ENGINE,
            created_at=str(job.timings.completed_at),
            key=transcript_key(owner, job_id, job.attempt),
        )
        return [*reversed(self.versions.all_of(job)), first]

    def diff(self, owner: str, job_id: str, old: int, new: int, attempt: int | None = None) -> list[Change]:
        """How version `new` differs from version `old` of the same attempt."""
        _, before = self.read.read(owner, job_id, old, attempt)
        _, after = self.read.read(owner, job_id, new, attempt)
        return changes_between(before, after)

    def _newest(self, owner: str, job_id: str, base: int) -> tuple[Job, Transcript]:
        job, transcript = self.read.read(owner, job_id)
        if job.transcript_version != base:
            raise VersionConflict(f"base_version: expected the newest, which is {job.transcript_version}, found {base}")
        return job, transcript

    def _store(
        self,
        job: Job,
        transcript: Transcript,
        kind: VersionKind,
        *,
        author: str,
        operations: int = 0,
        reverted_to: int | None = None,
    ) -> Version:
        key = version_key(job.owner, job.id, job.attempt, transcript.version, self.new_name())
        version = Version(
            number=transcript.version,
            attempt=job.attempt,
            kind=kind,
            created_at=iso(self.clock()),
            key=key,
            author=author,
            operations=operations,
            reverted_to=reverted_to,
        )
        self.objects.write(key, render(transcript, "json"), content_type=CONTENT_TYPES["json"])
        try:
            self.versions.add(job, version)
        except Rejected:  # another edit, a retry or a deletion was faster: leave nothing behind
            self.objects.delete_prefix(key)
            raise
        return version
