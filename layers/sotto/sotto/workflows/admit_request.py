"""Keep one person from using the service up: a token bucket for each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sotto.domain.errors import LimitReached
from sotto.domain.identity import Principal
from sotto.domain.rate import Rate
from sotto.workflows.identity_ports import Buckets, Clock


@dataclass(frozen=True)
class AdmitRequest:
    buckets: Buckets
    clock: Clock
    rate: Rate

    def __call__(self, principal: Principal) -> None:
        """Raises LimitReached, which names the limit."""
        wait = self.buckets.take(principal.user_id, self.rate, self.clock().timestamp())
        if wait > 0:
            raise LimitReached(
                f"requests: expected at most {self.rate.per_minute} a minute ({self.rate.burst} at once), found more",
                retry_after_s=math.ceil(wait),
            )
