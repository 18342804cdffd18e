"""What the quotas need of the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sotto.domain.job import Job
from sotto.domain.metering import DayUse
from sotto.domain.quotas import Held, OwnQuotas


class Usage(Protocol):
    """What each user uses. Every method may raise Unavailable."""

    def own_quotas(self, owner: str) -> OwnQuotas:
        """What was set for `owner` alone; nothing for an account that is not there."""
        ...

    def held(self, owner: str, now: datetime) -> Held:
        """Unfinished jobs and stored bytes at `now`."""
        ...

    def seconds(self, owner: str, month: str) -> float:
        """Seconds of audio that were charged in `month` (2026-11)."""
        ...

    def days(self, owner: str, month: str) -> Sequence[DayUse]:
        """Measured work of `month`, by day and credential."""
        ...

    def charge(self, job: Job, seconds: float, month: str, *, at_most_s: float | None) -> bool:
        """Count the attempt's seconds in `month`, once, whoever asks how often.

        False, and nothing is counted, when the month's sum would be above `at_most_s` (None: no limit).
        """
        ...
