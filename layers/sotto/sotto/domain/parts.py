"""How a long recording is cut into parts that run side by side, without a coordinator.

Every nominal boundary owns a window of audio around it. Both neighbours read exactly that window, find its silences
with the same detector, and choose the cut with the same pure function, so they agree without talking. The cost is
that each window is decoded twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pydantic import BaseModel, ConfigDict

from sotto.domain.containers import ANCHOR_LEAD_S
from sotto.domain.transcript import RecordingFacts

BOUNDARY_WINDOW_S = 20.0
"""Width of the window around a nominal boundary: speech without any pause for 20 s is rare."""


@dataclass(frozen=True)
class Span:
    """From `start` to `end`, in seconds of the recording."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


class Anchor(BaseModel):
    """Where a reader may enter a recording whose format has no index (MP3, ADTS): byte offset <-> time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float
    byte: int


class Boundary(BaseModel):
    """A nominal cut at `at` seconds and the window [window_start, window_end) in which the real cut is chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: float
    window_start: float
    window_end: float
    anchor: Anchor | None = None


class Part(BaseModel):
    """One unit of work: from the cut in `head` (or the start) to the cut in `tail` (or the end)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    head: Boundary | None
    tail: Boundary | None


class Claim(Enum):
    GRANTED = "granted"
    DONE = "done"  # this part's result is already counted
    HELD = "held"  # another worker's lease has not run out


@dataclass(frozen=True)
class PartState:
    """What is known of one part of the present attempt."""

    index: int
    done: bool
    seconds_done: float
    lease_until: str | None


class Lane(Enum):
    """Short recordings never wait behind long ones."""

    FAST = "fast"
    BULK = "bulk"


@dataclass(frozen=True)
class Probed:
    """What a look at the recording found; `anchors` are entry points where the format has no index."""

    facts: RecordingFacts
    anchors: tuple[Anchor, ...]


def boundary_times(duration_s: float, part_s: float) -> list[float]:
    """Nominal boundaries that cut `duration_s` into equal parts of at most 1.25 `part_s` (so no tiny last part)."""
    count = max(1, round(duration_s / part_s))
    while duration_s / count > 1.25 * part_s:
        count += 1
    return [duration_s * i / count for i in range(1, count)]


def plan_parts(duration_s: float, part_s: float, anchors: Sequence[Anchor] = ()) -> list[Part]:
    """Plan the parts of a recording. `anchors`, ascending, are entry points where the format has no index."""
    boundaries: list[Boundary] = []
    for at in boundary_times(duration_s, part_s):
        start, end = at - BOUNDARY_WINDOW_S / 2, at + BOUNDARY_WINDOW_S / 2
        entry = max((a for a in anchors if a.seconds <= start - ANCHOR_LEAD_S), key=lambda a: a.seconds, default=None)
        boundaries.append(Boundary(at=at, window_start=start, window_end=end, anchor=entry))
    edges: list[Boundary | None] = [None, *boundaries, None]
    return [Part(index=i, head=head, tail=tail) for i, (head, tail) in enumerate(itertools.pairwise(edges))]


def choose_cut(
    boundary: Boundary, speech_probabilities: Sequence[float], frame_s: float, threshold: float = 0.5
) -> float:
    """The cut inside the boundary's window, in seconds of the recording.

    `speech_probabilities` holds one value a frame of `frame_s` seconds, from the window's start. The cut is the middle
    of the longest run of frames below `threshold` (the first of equals); without one, the frame least like speech.
    """
    if not speech_probabilities:
        return boundary.at
    best_start = best_length = run_start = 0
    run_length = 0
    for i, probability in enumerate(speech_probabilities):
        if probability < threshold:
            run_start = i if run_length == 0 else run_start
            run_length += 1
            if run_length > best_length:
                best_start, best_length = run_start, run_length
        else:
            run_length = 0
    if best_length == 0:
        best_start = min(range(len(speech_probabilities)), key=speech_probabilities.__getitem__)
        best_length = 1
    return round(boundary.window_start + (best_start + best_length / 2) * frame_s, 3)
