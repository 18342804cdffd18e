"""Caption cues for reading along: at most two lines of 42 characters, cut where a reader expects it.

Cuts lie between words whose times were measured. A segment without word times stays one cue, however long, because
times inside it would be guesses.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sotto.domain.spacing import spaces_before
from sotto.domain.transcript import Segment

LINE_CHARS = 42
LINES = 2
MAX_CUE_S = 7.0
_SENTENCE_END = (".", "?", "!", "…", "。", "？", "！")
_CLAUSE_END = (",", ";", ":", "–", "—", "、", "，")


@dataclass(frozen=True)
class Cue:
    """Times in seconds; `text` has its line breaks. `speaker` is null when nobody asked who speaks."""

    start: float
    end: float
    text: str
    speaker: str | None = None


def caption_cues(segments: Iterable[Segment]) -> Iterator[Cue]:
    """The cues of `segments`, in order."""
    for segment in segments:
        if not segment.words:
            yield Cue(segment.start, segment.end, "\n".join(_lines(segment.text)), segment.speaker)
            continue
        for words in _split(_spaced(segment)):
            yield Cue(words[0].start, words[-1].end, "\n".join(_lines(_text(words))), segment.speaker)


@dataclass(frozen=True)
class _Spaced:
    """A word and what stands before it in the segment's text: a space, or nothing where the language has none."""

    text: str
    before: str
    start: float
    end: float


def _spaced(segment: Segment) -> list[_Spaced]:
    return [
        _Spaced(word.text, before, word.start, word.end)
        for word, before in zip(segment.words, spaces_before(segment), strict=True)
    ]


def _split(words: Sequence[_Spaced]) -> list[Sequence[_Spaced]]:
    """The cheapest way to cut `words` into cues that fit: dynamic programming over the last cut."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(words) + 1):
        choices = []
        for start in range(end - 1, -1, -1):
            cue = words[start:end]
            if len(cue) > 1 and not _fits(cue):
                break
            choices.append((best[start][0] + _cost(cue, last=end == len(words)), start))
        best.append(min(choices))
    cuts = [len(words)]
    while cuts[-1] > 0:
        cuts.append(best[cuts[-1]][1])
    cuts.reverse()
    return [words[a:b] for a, b in itertools.pairwise(cuts)]


def _cost(cue: Sequence[_Spaced], *, last: bool) -> float:
    """One for each cue, more for an orphan word and for a cut that no punctuation announces."""
    cost = 1.0
    if len(cue) == 1 and len(cue[0].text) < LINE_CHARS / 2:
        cost += 1.0
    if not last and not cue[-1].text.endswith(_SENTENCE_END):
        cost += 0.2 if cue[-1].text.endswith(_CLAUSE_END) else 0.4
    unused = 1 - len(_text(cue)) / (LINE_CHARS * LINES)
    return cost + 0.3 * max(0.0, unused) ** 2


def _fits(cue: Sequence[_Spaced]) -> bool:
    return cue[-1].end - cue[0].start <= MAX_CUE_S and len(_lines(_text(cue))) <= LINES


def _text(words: Sequence[_Spaced]) -> str:
    return "".join(word.before + word.text for word in words).strip()


def _lines(text: str) -> list[str]:
    return textwrap.wrap(text, LINE_CHARS, break_long_words=True, break_on_hyphens=False)
