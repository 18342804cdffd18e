"""Keep one user within minutes a month, unfinished jobs and stored bytes.

Seconds of the engine are counted as work ends (domain/metering.py), so the jobs that run when they are used up are
finished. Minutes are exact: they are known when intake has looked into the recording, and charged there once an
attempt. Jobs and bytes are counted before a job is made, so requests at the same moment may pass together
(docs/decisions/0010-quotas-are-counted-where-they-are-known.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sotto.domain.errors import LimitReached, MinutesUsedUp
from sotto.domain.job import Job
from sotto.domain.quotas import WAIT_FOR_A_JOB_S, WAIT_FOR_ROOM_S, Quotas, Use, month_of, until_next_month_s
from sotto.workflows.ports import Clock
from sotto.workflows.quota_ports import Usage


@dataclass(frozen=True)
class KeepQuotas:
    """`quotas` count for everybody for whom an administrator has set nothing else."""

    usage: Usage
    quotas: Quotas
    clock: Clock

    def check_room(self, owner: str, more_bytes: int) -> None:
        """Raise LimitReached unless `owner` may have one more unfinished job of `more_bytes` new bytes."""
        now, quotas = self.clock(), self._limits(owner)
        if quotas.minutes_a_month:
            used = self.usage.seconds(owner, month_of(now))
            if used >= quotas.minutes_a_month * 60:
                raise LimitReached(
                    f"minutes a month: expected less than {quotas.minutes_a_month}, found {used / 60:.0f}",
                    retry_after_s=until_next_month_s(now),
                    hint="Minutes count from 0 again on the first of the month (UTC); an administrator can raise the"
                    " limit.",
                )
        if quotas.engine_s_a_month:
            spent = sum(one.engine_s for one in self.usage.days(owner, month_of(now)))
            if spent >= quotas.engine_s_a_month:
                raise LimitReached(
                    f"engine seconds a month: expected less than {quotas.engine_s_a_month}, found {spent:.0f}",
                    retry_after_s=until_next_month_s(now),
                    hint="They count from 0 again on the first of the month (UTC); an administrator can raise the"
                    " limit.",
                )
        if not quotas.concurrent_jobs and not quotas.stored_bytes:
            return
        held = self.usage.held(owner, now)
        if quotas.concurrent_jobs and held.unfinished_jobs >= quotas.concurrent_jobs:
            raise LimitReached(
                f"concurrent jobs: expected at most {quotas.concurrent_jobs}, found {held.unfinished_jobs + 1}",
                retry_after_s=WAIT_FOR_A_JOB_S,
                hint="Wait until a job ends, or cancel one.",
            )
        if quotas.stored_bytes and held.stored_bytes + more_bytes > quotas.stored_bytes:
            raise LimitReached(
                f"stored bytes: expected at most {quotas.stored_bytes}, found {held.stored_bytes + more_bytes}",
                retry_after_s=WAIT_FOR_ROOM_S,
                hint="Delete jobs whose recordings are no longer needed; old recordings go by themselves.",
            )

    def charge(self, job: Job, duration_s: float) -> None:
        """Charge the attempt's audio to this month, once. Raises MinutesUsedUp when it does not fit any more."""
        month, minutes = month_of(self.clock()), self._limits(job.owner).minutes_a_month
        if self.usage.charge(job, duration_s, month, at_most_s=minutes * 60.0 if minutes else None):
            return
        found = math.ceil((self.usage.seconds(job.owner, month) + duration_s) / 60)
        raise MinutesUsedUp(f"minutes a month: expected at most {minutes}, found {found} with this recording")

    def use(self, owner: str) -> Use:
        """What `owner` uses, and how much they may."""
        now = self.clock()
        month = month_of(now)
        return Use(month, self.usage.seconds(owner, month), self.usage.held(owner, now), self._limits(owner))

    def _limits(self, owner: str) -> Quotas:
        return self.usage.own_quotas(owner).over(self.quotas)
