"""Queues in memory."""

from __future__ import annotations

from collections.abc import Iterable

from sotto.domain.events import PartQueued
from sotto.domain.job import RecordingRef
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


class InMemoryArrivals:
    """Implements workflows.ports.ArrivalsQueue."""

    def __init__(self) -> None:
        self.announced: list[str] = []

    def announce(self, key: str, recording: RecordingRef) -> None:
        self.announced.append(key)
