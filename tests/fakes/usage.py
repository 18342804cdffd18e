"""What users use, in memory: counted from the jobs that are there."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from sotto.domain.job import FINAL, Job, JobStatus
from sotto.domain.metering import DayUse
from sotto.domain.quotas import Held, OwnQuotas
from tests.fakes.jobs import InMemoryJobs

AUDIO_DAYS = 30


class InMemoryUsage:
    """Implements workflows.quota_ports.Usage."""

    def __init__(self, jobs: InMemoryJobs) -> None:
        self._jobs = jobs
        self.sums: dict[tuple[str, str], float] = defaultdict(float)
        self.own: dict[str, OwnQuotas] = {}

    def own_quotas(self, owner: str) -> OwnQuotas:
        return self.own.get(owner, OwnQuotas())

    def held(self, owner: str, now: datetime) -> Held:
        since = now - timedelta(days=AUDIO_DAYS)
        mine = [
            job
            for (who, _), job in self._jobs.rows.items()
            if who == owner and datetime.fromisoformat(job.timings.created_at) > since
        ]
        return Held(sum(job.status not in FINAL for job in mine), sum(map(_stored, mine)))

    def seconds(self, owner: str, month: str) -> float:
        return self.sums[owner, month]

    def days(self, owner: str, month: str) -> list[DayUse]:
        return [
            DayUse(day, credential, audio, engine)
            for (who, day, credential), (audio, engine) in sorted(self._jobs.meter.items())
            if who == owner and day.startswith(month)
        ]

    def charge(self, job: Job, seconds: float, month: str, *, at_most_s: float | None) -> bool:
        mark = job.owner, job.id, job.attempt
        if mark in self._jobs.charged:
            return True
        if at_most_s is not None and self.sums[job.owner, month] + seconds > at_most_s:
            return False
        self._jobs.charged.add(mark)
        self.sums[job.owner, month] += seconds
        return True


def _stored(job: Job) -> int:
    if job.status in FINAL and job.recording is not None:
        return job.recording.size_bytes
    return 0 if job.status is JobStatus.EXPIRED else job.size_bytes
