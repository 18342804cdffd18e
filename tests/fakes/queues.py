"""Queues in memory."""

from __future__ import annotations

from collections.abc import Iterable

from sotto.domain.events import FetchRequested, PartQueued
from sotto.domain.job import Job, RecordingRef
from sotto.domain.parts import Lane


class InMemoryParts:
    """Implements workflows.ports.PartsQueue."""

    def __init__(self) -> None:
        self.sent: list[tuple[Lane, PartQueued]] = []

    def send(self, parts: Iterable[PartQueued], lane: Lane) -> None:
        self.sent += [(lane, part) for part in parts]

    @property
    def parts(self) -> list[PartQueued]:
        return [part for _, part in self.sent]


class InMemoryFetches:
    """Implements workflows.fetch_ports.FetchQueue."""

    def __init__(self) -> None:
        self.asked: list[FetchRequested] = []

    def request(self, job: Job) -> None:
        self.asked.append(
            FetchRequested(owner=job.owner, job_id=job.id, attempt=job.attempt, request_id=job.request_id)
        )


class InMemoryArrivals:
    """Implements workflows.ports.ArrivalsQueue."""

    def __init__(self) -> None:
        self.announced: list[str] = []

    def announce(self, key: str, recording: RecordingRef) -> None:
        self.announced.append(key)
