"""Dropped recordings in memory, in the same bucket as everything else."""

from __future__ import annotations

from datetime import UTC, datetime

from sotto.domain.drops import Dropped
from sotto.domain.errors import RecordingReplaced
from sotto.domain.job import RecordingRef
from tests.fakes.objects import InMemoryObjects

DROPPED_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class InMemoryDrops:
    """Implements workflows.drop_ports.Drops."""

    def __init__(self, objects: InMemoryObjects) -> None:
        self._objects = objects
        self.tags: dict[str, dict[str, str]] = {}

    def find(self, key: str, version_id: str) -> Dropped | None:
        versions = self._objects.versions.get(key, [])
        newest = self._objects.head(key)
        if newest is None or int(version_id or 1) > len(versions):
            return None
        content = versions[int(version_id or len(versions)) - 1]
        recording = RecordingRef(key, version_id or newest.version_id, newest.etag, len(content))
        return Dropped(recording, DROPPED_AT, self.tags.get(key, {}))

    def copy(self, source: RecordingRef, key: str, *, content_type: str) -> None:
        if self.find(source.key, source.version_id) is None:
            raise RecordingReplaced("recording: expected the version that was uploaded, found it gone")
        with self._objects.open(source) as reader:
            self._objects.put(key, reader.read())

    def remove(self, key: str) -> None:
        self._objects.versions.pop(key, None)


class InMemoryDropNames:
    """Implements workflows.drop_ports.DropNames."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], str] = {}

    def claim(self, owner: str, stem: str, name: str) -> bool:
        return self.rows.setdefault((owner, stem), name) == name
