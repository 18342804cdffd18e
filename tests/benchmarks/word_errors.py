"""Word error rate with its parts, over Whisper's own English normalizer.

The rate alone hides what matters most: a lost sentence (deletions) and an invented one (insertions) are worse for a
reader than as many misspelt names. So all three are counted, and the words behind them kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from whisper.normalizers import EnglishTextNormalizer

_normalize = EnglishTextNormalizer()


@dataclass
class WordErrors:
    """Counts over any number of texts. `rate` is a fraction of the reference words."""

    words: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    deleted: list[str] = field(default_factory=list)
    inserted: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return (self.substitutions + self.deletions + self.insertions) / max(1, self.words)

    def add(self, other: WordErrors) -> None:
        self.words += other.words
        self.substitutions += other.substitutions
        self.deletions += other.deletions
        self.insertions += other.insertions
        self.deleted += other.deleted
        self.inserted += other.inserted

    def as_dict(self) -> dict[str, object]:
        return {
            "words": self.words,
            "rate": round(self.rate, 6),
            "substitutions": self.substitutions,
            "deletions": self.deletions,
            "insertions": self.insertions,
            "deleted": self.deleted,
            "inserted": self.inserted,
        }


def normal_words(text: str) -> list[str]:
    """The words that count, spelt alike. Typographic quotes first: the normalizer knows only straight ones."""
    return list(_normalize(text.replace("’", "'").replace("‘", "'")).split())


def compare(reference: str, text: str) -> WordErrors:
    """The fewest edits that turn the reference into the text, by their kind."""
    expected, found = normal_words(reference), normal_words(text)
    errors = WordErrors(words=len(expected))
    for i, j in edits(expected, found):
        if i is None:
            errors.insertions += 1
            errors.inserted.append(found[j or 0])
        elif j is None:
            errors.deletions += 1
            errors.deleted.append(expected[i])
        elif expected[i] != found[j]:
            errors.substitutions += 1
    return errors


def matches(expected: list[str], found: list[str]) -> list[tuple[int, int]]:
    """Places of the equal words in both lists, along the fewest edits."""
    return [(i, j) for i, j in edits(expected, found) if i is not None and j is not None and expected[i] == found[j]]


def edits(expected: list[str], found: list[str]) -> list[tuple[int | None, int | None]]:
    """Pairs of places along the fewest edits, in order; None where the other side has no word."""
    steps = _distances(expected, found)
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(expected), len(found)
    while i or j:
        if i and j and steps[i, j] == steps[i - 1, j - 1] + (expected[i - 1] != found[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and steps[i, j] == steps[i - 1, j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def _distances(expected: list[str], found: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    steps = np.zeros((len(expected) + 1, len(found) + 1), dtype=np.int32)
    steps[:, 0] = np.arange(len(expected) + 1)
    steps[0] = np.arange(len(found) + 1)
    for i, word in enumerate(expected, start=1):
        for j, other in enumerate(found, start=1):
            steps[i, j] = min(steps[i - 1, j - 1] + (word != other), steps[i - 1, j] + 1, steps[i, j - 1] + 1)
    return steps
