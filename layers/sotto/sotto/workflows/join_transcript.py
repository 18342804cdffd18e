"""All parts are done: join them, write the transcript in every stored format, complete the job.

Any worker may do this, and two may do it at once: both write the same content, and only one move succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sotto.domain.errors import NotFound, StorageUnavailable, WrongState
from sotto.domain.job import Job, JobStatus
from sotto.domain.joining import join_parts
from sotto.domain.object_keys import transcript_key, transcripts_prefix, work_key
from sotto.domain.renderings import CONTENT_TYPES, STORED_FORMATS, render
from sotto.domain.transcript import PartTranscript, Transcript
from sotto.workflows.moments import iso
from sotto.workflows.ports import Clock, Jobs, Objects


@dataclass(frozen=True)
class JoinTranscript:
    jobs: Jobs
    objects: Objects
    clock: Clock

    def __call__(self, job: Job) -> None:
        """Complete `job`, all of whose parts are done. Nothing happens when another worker was faster."""
        now = iso(self.clock())
        transcript = self._joined(job, now)
        for extension in STORED_FORMATS:
            self.objects.write(
                transcript_key(job.owner, job.id, job.attempt, extension),
                render(transcript, extension),
                content_type=CONTENT_TYPES[extension],
            )
        try:
            self.jobs.move(
                job,
                JobStatus.COMPLETED,
                transcript_key=transcript_key(job.owner, job.id, job.attempt),
                language=transcript.language,
                language_probability=transcript.language_probability,
                warnings=transcript.warnings,
                timings=replace(job.timings, completed_at=now),
            )
        except WrongState:
            return
        except NotFound:  # deleted meanwhile: leave nothing of it behind
            self.objects.delete_prefix(transcripts_prefix(job.owner, job.id))

    def _joined(self, job: Job, now: str) -> Transcript:
        if job.facts is None:
            raise WrongState(f"job {job.id}: expected a recording that was looked into, found none")
        parts = [self._part(job, index) for index in range(job.progress.parts_total)]
        joined = join_parts(parts, job.options.max_speakers)
        return Transcript(
            owner=job.owner,
            job_id=job.id,
            attempt=job.attempt,
            created_at=job.timings.created_at,
            completed_at=now,
            recording=job.facts,
            options=job.options,
            language=joined.language,
            language_probability=joined.language_probability,
            next_word_id=joined.words,
            segments=joined.segments,
            quality=joined.quality,
            warnings=(*job.facts.warnings, *joined.warnings),
            engine=joined.engine,
            parts=job.progress.parts_total,
            engine_wall_s=joined.wall_s,
            engine_cpu_s=joined.cpu_s,
        )

    def _part(self, job: Job, index: int) -> PartTranscript:
        content = self.objects.read(work_key(job.owner, job.id, job.attempt, index))
        if content is None:
            raise StorageUnavailable(f"part {index}: expected its result, found none")
        return PartTranscript.model_validate_json(content)
