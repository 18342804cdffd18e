"""A worker's hold on a part, prolonged in the background while the engine computes.

A batch of a large model can take longer than the lease, so a thread prolongs it, not the engine's progress calls.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from sotto.domain.errors import Unavailable
from sotto.domain.job import Job
from sotto.workflows.moments import after
from sotto.workflows.ports import Clock, Jobs


class LeaseLost(Exception):
    """Another worker has the part, or the job was cancelled or deleted."""


class Lease:
    """Hold part `index` of `job` for `worker` for the length of a `with` block."""

    def __init__(self, jobs: Jobs, job: Job, index: int, *, worker: str, clock: Clock, lease_s: int) -> None:
        self._jobs, self._job, self._index, self._worker = jobs, job, index, worker
        self._clock, self._lease_s = clock, lease_s
        self._seconds_done = 0.0
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
        """The engine's progress, in seconds of this part. Raises LeaseLost, which stops the engine."""
        self._seconds_done = seconds_done
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
