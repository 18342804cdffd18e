"""Whether a decoded window is to be believed: measured reasons, no opinion.

Each reason names something that was measured in the window itself. A window with a reason is decoded again
(decoding.py); one that no attempt could heal keeps its best text, and the reason becomes a spot of the quality report.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

import numpy as np

from sotto.domain.parts import Span
from sotto.speech.voice_activity import SPEECH, VAD_FRAME_S, Probabilities

MAX_COMPRESSION = 2.4
MIN_LOG_PROBABILITY = -1.0
NO_SPEECH = 0.6
"""The three thresholds of openai-whisper, unchanged: they were chosen on real recordings."""
LOOP_REPEATS = 3
LOOP_TOKENS = 12
"""A loop says the same tokens at least so many times in a row, over at least so many tokens."""
LOOP_TOKENS_PER_SPEECH_S = 7.0
"""Nobody speaks so fast: fluent English is 4 tokens a second. Slower repetition is somebody repeating himself."""
UNCOVERED_S = 2.0
"""Speech that no word covers for so long was passed over by the model."""
WORD_REACH_S = 1.2
"""A word longer than this does not cover all its time: attention stretched it over speech that was left out."""


AGREEMENT = 0.9
"""Two decodings whose letters are this similar say the same."""
HEARD_FRAMES = 3
"""Fewer frames (32 ms) that may be speech mean that the detector heard nobody."""


class Reason(StrEnum):
    LOOP = "loop"
    REPETITIVE = "repetitive"
    IMPROBABLE = "improbable"
    UNFINISHED = "unfinished"
    UNCOVERED = "speech without text"


@dataclass(frozen=True)
class Repetition:
    """tokens[start:start + covered] say the same `unit` tokens over and over."""

    start: int
    unit: int
    covered: int

    @property
    def repeats(self) -> float:
        return self.covered / self.unit


def compression_ratio(text: str) -> float:
    """Bytes of `text` per byte of it compressed: repetition makes it large."""
    raw = text.encode()
    return round(len(raw) / len(zlib.compress(raw)), 3) if raw else 1.0


def longest_repetition(tokens: Sequence[int]) -> Repetition | None:
    """The longest stretch that says the same thing LOOP_REPEATS times or more in a row."""
    ids = np.asarray(tokens, dtype=np.int64)
    best: Repetition | None = None
    for unit in range(1, len(ids) // LOOP_REPEATS + 1):
        run = 0
        for i, same in enumerate(ids[unit:] == ids[:-unit]):
            run = run + 1 if same else 0
            covered = run + unit
            if run and covered >= LOOP_REPEATS * unit and (best is None or covered > best.covered):
                best = Repetition(i + unit - covered + 1, unit, covered)
    return best if best and best.covered >= LOOP_TOKENS else None


def is_loop(repetition: Repetition | None, tokens: int, speech_s: float, *, finished: bool) -> bool:
    """A repetition that never ended, or that says more than anybody could in the seconds of speech there are."""
    if repetition is None:
        return False
    return not finished or tokens > LOOP_TOKENS_PER_SPEECH_S * max(speech_s, 0.5)


def longest_uncovered(words: Sequence[Span], speech: Probabilities, threshold: float, offset_s: float) -> Span | None:
    """The longest stretch of `speech` frames that no word covers, if it is UNCOVERED_S or more.

    `speech` holds the window's frames, the first at `offset_s`; word times and the answer are on the same clock.
    """
    open_frames = speech >= threshold
    for word in words:
        first = int((word.start - 0.3 - offset_s) / VAD_FRAME_S)
        last = int((min(word.end, word.start + WORD_REACH_S) + 0.3 - offset_s) / VAD_FRAME_S) + 1
        open_frames[max(0, first) : max(0, last)] = False
    best: Span | None = None
    start: int | None = None
    held = 0
    bridge = int(0.3 / VAD_FRAME_S)
    for i, free in enumerate([*open_frames, *[False] * (bridge + 1)]):
        if free:
            start = i if start is None else start
            held = i
        elif start is not None and i - held > bridge:
            span = Span(offset_s + start * VAD_FRAME_S, offset_s + (held + 1) * VAD_FRAME_S)
            if span.length >= UNCOVERED_S and (best is None or span.length > best.length):
                best = span
            start = None
    return best


def agree(one: str, other: str) -> bool:
    """Whether two decodings say the same, but for spelling, case and punctuation."""
    first, second = ("".join(c for c in text.lower() if c.isalnum()) for text in (one, other))
    return SequenceMatcher(a=first, b=second, autojunk=False).ratio() >= AGREEMENT


def is_heard(speech: Probabilities) -> bool:
    """Whether the detector heard anybody at all in these frames."""
    return int(np.count_nonzero(speech >= SPEECH)) >= HEARD_FRAMES
