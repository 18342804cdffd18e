"""A token bucket as one number (GCRA): the moment at which the bucket would be full again.

One number means one conditional write a request, so the limit holds however many functions serve the same person.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """`per_minute` requests in the long run, `burst` at once."""

    per_minute: int
    burst: int

    @property
    def step_s(self) -> float:
        """What one request takes out of the bucket, in seconds of refilling."""
        return 60.0 / self.per_minute

    @property
    def latest_full_s(self) -> float:
        """A request is allowed while the bucket is full again within this time from now."""
        return self.step_s * (self.burst - 1)


def retry_after_s(full_at: float, now: float, rate: Rate) -> float:
    """Seconds until the bucket, full at `full_at`, allows a request; 0 when it does now."""
    return max(0.0, full_at - now - rate.latest_full_s)
