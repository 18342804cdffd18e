"""What one user may use: minutes of audio and seconds of the engine a month, unfinished jobs, stored bytes.

0 means no limit. Months are UTC's, so that everybody's month turns at the same moment.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

WAIT_FOR_A_JOB_S = 30
WAIT_FOR_ROOM_S = 3600


@dataclass(frozen=True)
class Quotas:
    minutes_a_month: int = 0
    concurrent_jobs: int = 0
    stored_bytes: int = 0
    engine_s_a_month: int = 0


@dataclass(frozen=True)
class OwnQuotas:
    """What an administrator has set for one user. None leaves the limit that all have, 0 takes it away."""

    minutes_a_month: int | None = None
    concurrent_jobs: int | None = None
    stored_bytes: int | None = None

    def over(self, usual: Quotas) -> Quotas:
        """The limits that count for this user, where `usual` count for everybody else."""
        set_here = {name: value for name, value in asdict(self).items() if value is not None}
        return replace(usual, **set_here)


@dataclass(frozen=True)
class Held:
    """What a user holds now: jobs that have not ended, and bytes of recordings that are stored or announced."""

    unfinished_jobs: int
    stored_bytes: int


@dataclass(frozen=True)
class Use:
    """What a user has used in `month` (2026-11) and holds now, beside the limits that count for them."""

    month: str
    seconds: float
    held: Held
    limits: Quotas


def month_of(now: datetime) -> str:
    """The month that `now` counts in, such as 2026-11."""
    return now.astimezone(UTC).strftime("%Y-%m")


def until_next_month_s(now: datetime) -> int:
    """Seconds until minutes count from 0 again, at least 1."""
    at = now.astimezone(UTC)
    following = datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)
    return max(1, math.ceil((following - at).total_seconds()))
