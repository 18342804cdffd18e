"""Where an unfinished job stands in its lane, and when it will probably be done.

Both are approximations, and say so where they end: the queues are no strict lines, a job before this one counts whole
however much of it is done, and the number of workers is what the operator says. Nothing is guessed: as long as no
part of a model was measured there is no expectation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC

from sotto.domain.job import Job, JobStatus
from sotto.domain.metering import Speed, cost_of
from sotto.domain.parts import Lane
from sotto.workflows.ports import Clock, Jobs

MOST_AHEAD = 1000
"""Jobs before this one that a request counts; further back the position is this, and nothing is expected."""


@dataclass(frozen=True)
class Outlook:
    """`position`: unfinished jobs of the lane that were queued before. `expected_s`: seconds until the job is done."""

    position: int
    expected_s: float | None


@dataclass(frozen=True)
class Estimate:
    """None where nothing was measured, or no price is set."""

    engine_s: float | None
    cost: float | None


@dataclass(frozen=True)
class ForeseeJob:
    jobs: Jobs
    clock: Clock
    workers: Mapping[Lane, int] = field(default_factory=dict)
    price_per_engine_s: float = 0.0

    def outlook(self, job: Job) -> Outlook | None:
        """None for a job that does not wait in a lane."""
        if job.status not in (JobStatus.QUEUED, JobStatus.PROCESSING) or job.lane is None:
            return None
        ahead = self.jobs.ahead_of(job, limit=MOST_AHEAD)
        speeds = {model: self._speed(model) for model in {job.options.model, *(one.model for one in ahead)}}
        if len(ahead) >= MOST_AHEAD or None in speeds.values():
            return Outlook(len(ahead), None)
        workers = self.workers.get(job.lane, 1)
        own = self._engine_s(speeds, job.options.model, job.progress.seconds_total - job.progress.seconds_done)
        before = sum(self._engine_s(speeds, one.model, one.seconds) for one in ahead)
        parts_left = max(1, job.progress.parts_total - job.progress.parts_done)
        return Outlook(len(ahead), round(before / workers + own / min(workers, parts_left), 1))

    def estimate(self, model: str, duration_s: float) -> Estimate:
        """What `duration_s` seconds of audio will probably take and cost."""
        speed = self._speed(model)
        engine_s = round(speed.engine_s_for(duration_s), 1) if speed else None
        return Estimate(engine_s, self.cost(engine_s))

    def cost(self, engine_s: float | None) -> float | None:
        return cost_of(engine_s, self.price_per_engine_s)

    def _speed(self, model: str) -> Speed | None:
        return self.jobs.speed(model, self.clock().astimezone(UTC).date().isoformat())

    @staticmethod
    def _engine_s(speeds: Mapping[str, Speed | None], model: str, audio_s: float) -> float:
        speed = speeds[model]
        return speed.engine_s_for(max(0.0, audio_s)) if speed else 0.0
