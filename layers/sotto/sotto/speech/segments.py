"""Segments for reading, rebuilt from timed words: about a sentence each.

Windows end where silence allows, which is no place a reader cares for. So the words of all windows are strung together
and cut again: behind the end of a sentence, at a long pause, where the language changes, and inside a sentence only
when it grows too long, then at its longest pause. A segment's measurements are those of the windows its words came
from: the mean log-probability by words, and the worst of the rest.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sotto.domain.transcript import Segment, Word
from sotto.speech.decoding import Decoded
from sotto.speech.words import TimedWord, in_order

PAUSE_S = 1.0
"""A silence that ends a segment whatever the punctuation says."""
MAX_SEGMENT_S = 18.0
MAX_SEGMENT_CHARS = 240
_ENDS = (".", "?", "!", "…", "。", "？", "！", "।", "؟")
_QUOTES = "\"'”’)»」』]"
_ABBREVIATIONS = frozenset({"mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "i.e.", "e.g.", "no.", "z.b.", "bzw."})


@dataclass(frozen=True)
class _Said:
    word: TimedWord
    source: Decoded


def build_segments(decoded: Sequence[Decoded], offset_s: float, end_s: float) -> list[Segment]:
    """Segments of a part that begins at `offset_s` of the recording; all times lie inside [offset_s, end_s]."""
    said = [_Said(word, source) for source in decoded for word in source.words if word.text.strip()]
    said.sort(key=lambda one: one.source.window.start)
    placed = in_order([one.word for one in said], 0.0, end_s - offset_s)
    said = [_Said(word, one.source) for word, one in zip(placed, said, strict=True)]
    return [_segment(group, offset_s) for sentence in _sentences(said) for group in _shortened(sentence)]


def _sentences(said: Sequence[_Said]) -> Iterator[list[_Said]]:
    sentence: list[_Said] = []
    for one, following in itertools.zip_longest(said, said[1:]):
        sentence.append(one)
        if following is None or _ends(one, following):
            yield sentence
            sentence = []


def _ends(one: _Said, following: _Said) -> bool:
    text = one.word.text.strip()
    if following.word.start - one.word.end >= PAUSE_S or following.source.language != one.source.language:
        return True
    return text.rstrip(_QUOTES).endswith(_ENDS) and text.lower() not in _ABBREVIATIONS


def _shortened(sentence: list[_Said]) -> list[list[_Said]]:
    """Cut an overlong sentence at the longest pause in its middle half, again and again."""
    length = sentence[-1].word.end - sentence[0].word.start
    chars = sum(len(one.word.text) for one in sentence)
    if len(sentence) < 4 or (length <= MAX_SEGMENT_S and chars <= MAX_SEGMENT_CHARS):
        return [sentence]
    quarter = len(sentence) // 4
    cut = max(range(max(1, quarter), len(sentence) - quarter), key=lambda i: _cut_value(sentence, i))
    return [*_shortened(sentence[:cut]), *_shortened(sentence[cut:])]


def _cut_value(sentence: list[_Said], i: int) -> float:
    """How good a cut before word `i` is: the pause there, and half a second more behind a comma."""
    before, after = sentence[i - 1].word, sentence[i].word
    return after.start - before.end + (0.5 if before.text.strip().endswith((",", ";", ":", "、", "，")) else 0.0)


def _segment(group: Sequence[_Said], offset_s: float) -> Segment:
    sources = [one.source for one in group]
    words = tuple(
        Word(
            text=one.word.text.strip(),
            start=round(offset_s + one.word.start, 3),
            end=round(offset_s + one.word.end, 3),
            probability=round(one.word.probability, 4),
        )
        for one in group
    )
    return Segment(
        start=words[0].start,
        end=words[-1].end,
        text="".join(one.word.text for one in group).strip(),
        words=words,
        language=sources[0].language,
        average_log_probability=round(sum(source.average_log_probability for source in sources) / len(sources), 4),
        compression_ratio=max(source.compression_ratio for source in sources),
        no_speech_probability=round(max(source.no_speech_probability for source in sources), 4),
        temperature=max(source.temperature for source in sources),
    )
