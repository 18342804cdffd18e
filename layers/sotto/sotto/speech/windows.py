"""Packs speech into the windows that the model hears at once.

A window is contiguous audio that begins and ends in silence. Windows aim at 20 s although the model takes 30: the
encoder's attention grows with the square of the length (0.24 s of CPU for 15 s, 0.80 s for 30 s with tiny.en), and the
word error rate does not suffer down to there (docs/speech.md). All times are seconds from the start of the samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sotto.domain.parts import Span
from sotto.speech.voice_activity import VAD_FRAME_S, Probabilities

TARGET_S = 20.0
MAX_BRIDGE_S = 3.0
"""Silence longer than this ends a window: the model would hear nothing for most of it, or invent something."""
PAD_S = 0.4
"""Kept around speech: the detector hears onsets late, and the model wants to hear a beginning."""


@dataclass(frozen=True)
class Window:
    """[start, end) of the samples; `speech_s` is how much of it the detector calls speech."""

    start: float
    end: float
    speech_s: float

    @property
    def length(self) -> float:
        return self.end - self.start


def pack(
    spans: Sequence[Span], probabilities: Probabilities, length_s: float, target_s: float = TARGET_S
) -> list[Window]:
    """Windows over `spans` of audio that lasts `length_s`: in order, not overlapping, every span covered."""
    room = target_s - 2 * PAD_S
    pieces = [piece for span in spans for piece in _cut_to(span, room, probabilities)]
    groups: list[list[Span]] = []
    for piece in pieces:
        if groups and piece.start - groups[-1][-1].end <= MAX_BRIDGE_S and piece.end - groups[-1][0].start <= room:
            groups[-1].append(piece)
        else:
            groups.append([piece])
    windows = []
    for i, group in enumerate(groups):
        before = (groups[i - 1][-1].end + group[0].start) / 2 if i else 0.0
        after = (group[-1].end + groups[i + 1][0].start) / 2 if i + 1 < len(groups) else length_s
        start = max(group[0].start - PAD_S, before)
        end = min(group[-1].end + PAD_S, after, length_s)
        windows.append(Window(round(start, 3), round(end, 3), round(sum(span.length for span in group), 3)))
    return windows


def _cut_to(span: Span, room: float, probabilities: Probabilities) -> list[Span]:
    """Cut a span that is too long at the frames least like speech, never leaving a crumb at the end."""
    pieces = []
    while span.length > room:
        earliest, latest = span.start + room / 2, min(span.start + room, span.end - room / 4)
        cut = _least_speech(probabilities, earliest, latest)
        pieces.append(Span(span.start, cut))
        span = Span(cut, span.end)
    return [*pieces, span]


def _least_speech(probabilities: Probabilities, start: float, end: float) -> float:
    """The middle of the 160 ms in [start, end) that are least like speech."""
    first, last = int(start / VAD_FRAME_S), int(end / VAD_FRAME_S)
    smooth = np.convolve(probabilities[max(0, first - 2) : last + 3], np.ones(5), mode="valid")
    if not len(smooth):
        return round(end, 3)
    return round((first + int(smooth.argmin()) + 0.5) * VAD_FRAME_S, 3)
