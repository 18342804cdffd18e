"""Who speaks, where a reader has to be told: with the first segment of each turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sotto.domain.transcript import Segment


def introduced(segments: Iterable[Segment]) -> Iterator[tuple[Segment, str]]:
    """Each segment, and the speaker's name where another begins to speak; nothing elsewhere."""
    before: str | None = None
    for segment in segments:
        yield segment, segment.speaker if segment.speaker and segment.speaker != before else ""
        before = segment.speaker
