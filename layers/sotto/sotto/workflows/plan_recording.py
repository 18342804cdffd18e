"""The plan of a job's parts, kept beside the work, so that a retry, a redelivery and the reconciler read the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from sotto.domain.errors import WrongState
from sotto.domain.events import PartQueued, Source
from sotto.domain.job import Job
from sotto.domain.object_keys import plan_key
from sotto.domain.parts import Lane, Part
from sotto.domain.transcript import RecordingFacts
from sotto.workflows.ports import Objects, PartsQueue

_PLAN = TypeAdapter(list[Part])


@dataclass(frozen=True)
class PartPlans:
    """Writes plans and queues their parts."""

    objects: Objects
    queue: PartsQueue
    bucket: str
    fast_lane_s: float

    def write(self, job: Job, parts: list[Part]) -> None:
        self.objects.write(plan_key(job.owner, job.id), _PLAN.dump_json(parts), content_type="application/json")

    def read(self, job: Job) -> list[Part]:
        content = self.objects.read(plan_key(job.owner, job.id))
        if content is None:
            raise WrongState(f"job {job.id}: expected a plan of its parts, found none")
        return _PLAN.validate_json(content)

    def lane_of(self, facts: RecordingFacts) -> Lane:
        """Short recordings never wait behind long ones."""
        return Lane.FAST if facts.duration_s <= self.fast_lane_s else Lane.BULK

    def queue_parts(self, job: Job, parts: Sequence[Part]) -> None:
        """Send one message a part. Duplicates are harmless: a part is claimed before it is worked on."""
        if job.recording is None or job.facts is None:
            raise WrongState(f"job {job.id}: expected a recording that was looked into, found none")
        source = Source(
            bucket=self.bucket,
            key=job.recording.key,
            version_id=job.recording.version_id,
            etag=job.recording.etag,
            size_bytes=job.recording.size_bytes,
            duration_s=job.facts.duration_s,
        )
        self.queue.send(
            (
                PartQueued(
                    owner=job.owner,
                    job_id=job.id,
                    attempt=job.attempt,
                    request_id=job.request_id,
                    part=part,
                    parts_total=job.progress.parts_total,
                    source=source,
                    options=job.options,
                )
                for part in parts
            ),
            job.lane or self.lane_of(job.facts),
        )
