"""A worker's hold on a part, prolonged in the background while the engine computes.

A batch of a large model can take longer than the lease, so a thread prolongs it, not the engine's progress calls.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from sotto.domain.errors import Unavailable
from sotto.domain.job import Job
from sotto.workflows.moments import after
from sotto.workflows.ports import Clock, Jobs

ASKED_AGAIN_AFTER = timedelta(seconds=1)
"""An engine that says again and again that it lives costs no more than a request a second."""


class LeaseLost(Exception):
    """Another worker has the part, or the job was cancelled or deleted."""


class Lease:
    """Hold part `index` of `job` for `worker` for the length of a `with` block."""

    def __init__(self, jobs: Jobs, job: Job, index: int, *, worker: str, clock: Clock, lease_s: int) -> None:
        self._jobs, self._job, self._index, self._worker = jobs, job, index, worker
        self._clock, self._lease_s = clock, lease_s
        self._seconds_done = 0.0
        self._asked_at: datetime | None = None
        self._lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{job.id}-{index}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def note(self, seconds_done: float) -> None:
        """The engine's progress, in seconds of this part, or that it is where it was: the same again.

        Raises LeaseLost, which stops the engine.
        """
        now, asked_at = self._clock(), self._asked_at
        if asked_at is None or seconds_done != self._seconds_done or now - asked_at >= ASKED_AGAIN_AFTER:
            self._seconds_done, self._asked_at = seconds_done, now
            self._extend()
        if self._lost:
            raise LeaseLost

    def _keep(self) -> None:
        while not self._stop.wait(self._lease_s / 4):
            self._extend()

    def _extend(self) -> None:
        until = after(self._clock(), self._lease_s)
        try:
            held = self._jobs.extend_lease(
                self._job, self._index, worker=self._worker, lease_until=until, seconds_done=self._seconds_done
            )
        except Unavailable:
            return  # the lease outlives a short outage; the next try may succeed
        self._lost = self._lost or not held
