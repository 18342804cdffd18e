"""What the drop-in needs of the outside world. Every method may raise Unavailable."""

from __future__ import annotations

from typing import Protocol

from sotto.domain.drops import Dropped
from sotto.domain.job import RecordingRef


class Drops(Protocol):
    """The bucket, where people put recordings and find answers."""

    def find(self, key: str, version_id: str) -> Dropped | None:
        """That version (the newest, when `version_id` is empty), or None when it is gone."""
        ...

    def copy(self, source: RecordingRef, key: str, *, content_type: str) -> None:
        """Copy exactly that version to `key`, inside the bucket. Raises RecordingReplaced when it is gone."""
        ...

    def remove(self, key: str) -> None:
        """Nothing happens when there is none."""
        ...


class DropNames(Protocol):
    """Which recording of a folder's equal stems has the short names for its answers."""

    def claim(self, owner: str, stem: str, name: str) -> bool:
        """Whether `stem` (with its folder) belongs to `name`: to the first that claimed it."""
        ...
