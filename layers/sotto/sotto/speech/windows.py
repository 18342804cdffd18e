"""Cuts speech into the windows that the model hears at once.

A window is contiguous audio that begins and ends in silence. It is found by halving: what is too long is cut at its
longest silence, again and again, until every piece fits. So a window depends only on the audio around it and not on
where the counting began, and a recording that is cut into parts (at its longest silences, too) falls into nearly the
same windows as in one pass, hence into nearly the same words. Filling windows one after the other would fit more into
each, but one more second at the beginning would move every window behind it.

Windows are 20 s at most although the model takes 30: the encoder's attention grows with the square of the length
(0.24 s of CPU for 15 s, 0.80 s for 30 s with tiny.en), and the word errors do not suffer: of 626 words tiny.en gets 26
wrong at 20 s and 28 at 28 s, base 32 and 31, and 28 s take 30 to 35 % more CPU. All times are seconds from the start of
the samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sotto.domain.parts import Span
from sotto.speech.voice_activity import VAD_FRAME_S, Probabilities

LONGEST_S = 20.0
CUT_SILENCE_S = 0.2
"""The shortest silence that is a better place for a cut than the weakest moment of speech."""
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


def speech_windows(
    spans: Sequence[Span], pauses: Sequence[Span], probabilities: Probabilities, longest_s: float = LONGEST_S
) -> list[Window]:
    """Windows over `spans` of speech: in order, not overlapping, all speech covered.

    `pauses` are spans of silence, shorter ones than those between the spans too; those inside a span are where it may
    be cut. `probabilities` cover the samples from second 0, and say how far a window may reach.
    """
    room = longest_s - 2 * PAD_S
    pieces = [piece for span in spans for piece in _at_pauses(span, pauses)]
    groups = _fitting(pieces, room, probabilities)
    length_s = len(probabilities) * VAD_FRAME_S
    windows = []
    for i, group in enumerate(groups):
        before = (groups[i - 1][-1].end + group[0].start) / 2 if i else 0.0
        after = (group[-1].end + groups[i + 1][0].start) / 2 if i + 1 < len(groups) else length_s
        start = max(group[0].start - PAD_S, before)
        end = min(group[-1].end + PAD_S, after)
        windows.append(Window(round(start, 3), round(end, 3), round(sum(span.length for span in group), 3)))
    return windows


def _fitting(pieces: Sequence[Span], room: float, probabilities: Probabilities) -> list[Sequence[Span]]:
    """Groups of neighbouring pieces that fit into `room`, cut at the longest silences first, the first of equals."""
    open_groups, fitting = [pieces] if pieces else [], []
    while open_groups:
        group = open_groups.pop()
        gaps = [round(after.start - before.end, 3) for before, after in pairwise(group)]  # equal silences are equal
        if _fits(Span(group[0].start, group[-1].end), room) and max(gaps, default=0.0) <= MAX_BRIDGE_S:
            fitting.append(group)
        elif len(group) == 1:
            fitting.extend([piece] for piece in reversed(_cut_to(group[0], room, probabilities)))
        else:
            cut = gaps.index(max(gaps)) + 1
            open_groups += [group[:cut], group[cut:]]
    return fitting[::-1]


def _fits(span: Span, room: float) -> bool:
    """Times are whole milliseconds: where a span begins must not decide, by its rounding, whether it fits."""
    return round(span.length * 1000) <= round(room * 1000)


def _at_pauses(span: Span, pauses: Sequence[Span]) -> list[Span]:
    """The span without the pauses inside it."""
    pieces, start = [], span.start
    for pause in pauses:
        if span.start < pause.start and pause.end < span.end:
            pieces.append(Span(start, pause.start))
            start = pause.end
    return [*pieces, Span(start, span.end)]


def _cut_to(span: Span, room: float, probabilities: Probabilities) -> list[Span]:
    """Cut a span that is too long at the frames least like speech, never leaving a crumb at the end."""
    pieces = []
    while not _fits(span, room):
        earliest, latest = span.start + room / 2, min(span.start + room, span.end - room / 4)
        cut = _least_speech(probabilities, earliest, latest)
        pieces.append(Span(span.start, cut))
        span = Span(cut, span.end)
    return [*pieces, span]


def _least_speech(probabilities: Probabilities, start: float, end: float) -> float:
    """The middle of the 160 ms in [start, end) that are least like speech, the first of equals.

    Frames are rounded before they are counted: 417 must not become 416 because of where in the recording it lies.
    """
    first, last = int(round(start / VAD_FRAME_S, 3)), int(round(end / VAD_FRAME_S, 3))
    smooth = np.convolve(probabilities[max(0, first - 2) : last + 3], np.ones(5), mode="valid")
    if not len(smooth):
        return round(end, 3)
    return round((first + int(smooth.argmin()) + 0.5) * VAD_FRAME_S, 3)
