"""Word times out of cross-attention, trimmed to where the detector hears speech.

Dynamic time warping over the alignment heads says at which encoder position (20 ms) each token begins. It fills all
time, so a word reaches to the next one through any pause; the voice activity detector knows the pause, and takes it
away. Both are measurements; nothing is spread evenly or guessed. Punctuation is joined to its word with the time that
it was given: most of that is the pause behind the word, and the detector knows better than attention where it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sotto.speech.engine import FRAME_S, Alignment
from sotto.speech.voice_activity import SPEECH, VAD_FRAME_S, Probabilities

OPENING = "\"'“¿([{-"
CLOSING = "\"'.。,，!！?？:：”)]}、;；…"
ONSET_S = 0.04
"""Left before the detector's first frame, which lags behind soft onsets; behind the last nothing is: it holds on."""
PAUSE_S = 0.2
"""A silence longer than this is not inside a word."""


@dataclass(frozen=True)
class TimedWord:
    """`text` keeps its leading space, so that joining words gives the text back. Seconds; probability in [0, 1]."""

    text: str
    start: float
    end: float
    probability: float


def timed_words(
    split: Sequence[tuple[str, Sequence[int]]], alignment: Alignment, offset_s: float, lag_s: float = 0.0
) -> list[TimedWord]:
    """Words of a window that begins at `offset_s`; `split` are its words with their tokens, as aligned.

    `lag_s` is how late the attention is (attention_lag.py); no word is set back beyond the window's beginning.
    """
    if not split or not len(alignment.path):
        return []
    text_index, position = alignment.path[:, 0], alignment.path[:, 1]
    begins = np.concatenate(([True], np.diff(text_index) > 0))
    times = np.maximum(position[begins] * FRAME_S - lag_s, 0.0)
    edges = np.concatenate(([0], np.cumsum([len(ids) for _, ids in split])))
    last = len(times) - 1
    words = []
    for (text, _), first, end in zip(split, edges, edges[1:], strict=False):
        probability = float(np.mean(alignment.token_probabilities[first:end])) if end > first else 0.0
        start_s, end_s = float(times[min(first, last)]), float(times[min(end, last)])
        words.append(TimedWord(text, offset_s + start_s, offset_s + end_s, min(1.0, probability)))
    return _join_punctuation(words)


def _join_punctuation(words: Iterable[TimedWord]) -> list[TimedWord]:
    joined: list[TimedWord] = []
    opening = ""
    for word in words:
        bare = word.text.strip()
        if bare and all(c in CLOSING for c in bare) and joined and not word.text.startswith(" "):
            joined[-1] = replace(joined[-1], text=joined[-1].text + word.text, end=word.end)
        elif bare and all(c in OPENING for c in bare) and word.text.startswith(" "):
            opening += word.text
        else:
            text = opening + (word.text.lstrip() if opening else word.text)
            joined.append(replace(word, text=text))
            opening = ""
    if opening and joined:
        joined[-1] = replace(joined[-1], text=joined[-1].text + opening)
    return joined


def trim_to_speech(words: Sequence[TimedWord], speech: Probabilities) -> list[TimedWord]:
    """Keep of each word's time the longest stretch of speech. `speech` holds one probability a frame from second 0."""
    trimmed = []
    for word in words:
        first, last = int(word.start / VAD_FRAME_S), max(int(np.ceil(word.end / VAD_FRAME_S)), 1)
        heard = np.flatnonzero(speech[first:last] >= SPEECH)
        if len(heard):
            stretches = np.split(heard, np.flatnonzero(np.diff(heard) * VAD_FRAME_S > PAUSE_S) + 1)
            longest = max(stretches, key=len)
            start = max(word.start, (first + int(longest[0])) * VAD_FRAME_S - ONSET_S)
            end = min(word.end, (first + int(longest[-1]) + 1) * VAD_FRAME_S)
            word = replace(word, start=start, end=max(start, end))  # noqa: PLW2901 - the same word, trimmed
        trimmed.append(word)
    return trimmed


def in_order(words: Iterable[TimedWord], start_s: float, end_s: float) -> list[TimedWord]:
    """Monotone, without overlap, inside [start_s, end_s], rounded to milliseconds."""
    ordered = []
    floor = start_s
    for word in words:
        start = min(max(word.start, floor), end_s)
        end = min(max(word.end, start), end_s)
        ordered.append(replace(word, start=round(start, 3), end=round(end, 3)))
        floor = end
    return ordered
