"""Versions of a transcript: the engine's is the first, each edit makes another, none is ever changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sotto.domain.transcript import Transcript, Word


class VersionKind(StrEnum):
    ENGINE = "engine"
    EDIT = "edit"
    REVERT = "revert"


@dataclass(frozen=True)
class Version:
    """One version of the transcript of one attempt. `key` is where its canonical JSON lies."""

    number: int
    attempt: int
    kind: VersionKind
    created_at: str
    key: str
    author: str | None = None
    """The user who made it; None for the engine."""
    operations: int = 0
    reverted_to: int | None = None


@dataclass(frozen=True)
class Change:
    """Neighbouring words that differ between two versions; `before` or `after` is empty for a pure insert or delete."""

    before: tuple[Word, ...]
    after: tuple[Word, ...]

    @property
    def start(self) -> float:
        """Seconds; where a reader finds the change in the recording."""
        return min(word.start for word in (*self.before, *self.after))

    @property
    def end(self) -> float:
        return max(word.end for word in (*self.before, *self.after))


def changes_between(old: Transcript, new: Transcript) -> list[Change]:
    """How `new` differs from `old`, in order; both of one attempt.

    An id names the same word everywhere and edits never reorder words, so no search for a best alignment is needed:
    what both have is common, what lies between is the change.
    """
    left, right = list(_words(old)), list(_words(new))
    common = {word.id for word in left} & {word.id for word in right}
    changes, i, j = [], 0, 0
    while i < len(left) or j < len(right):
        before = _until_common(left, i, common)
        after = _until_common(right, j, common)
        if before or after:
            changes.append(Change(before, after))
        i, j = i + len(before) + 1, j + len(after) + 1
    return changes


def _words(transcript: Transcript) -> Iterable[Word]:
    return (word for segment in transcript.segments for word in segment.words)


def _until_common(words: list[Word], start: int, common: set[int | None]) -> tuple[Word, ...]:
    end = start
    while end < len(words) and words[end].id not in common:
        end += 1
    return tuple(words[start:end])
