"""Speech spans and windows on random silence patterns: nothing lost, nothing doubled, nothing too long."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sotto.domain.parts import Span
from sotto.speech.voice_activity import MIN_SPEECH_S, VAD_FRAME_S, speech_spans
from sotto.speech.windows import CUT_SILENCE_S, LONGEST_S, MAX_BRIDGE_S, Window, speech_windows


def pack(frames: np.ndarray, longest: float = LONGEST_S) -> list[Window]:
    """Windows as the transcriber makes them."""
    fine = speech_spans(frames, 0.5, CUT_SILENCE_S)
    pauses = [Span(before.end, after.start) for before, after in pairwise(fine)]
    return speech_windows(speech_spans(frames, 0.5, 0.5), pauses, frames, longest)


PATTERNS = st.lists(st.tuples(st.booleans(), st.integers(1, 900)), max_size=30)


def _frames(pattern: list[tuple[bool, int]]) -> np.ndarray:
    runs = [np.full(length, 0.95 if speech else 0.02, dtype=np.float32) for speech, length in pattern]
    return np.concatenate(runs) if runs else np.zeros(0, dtype=np.float32)


@given(PATTERNS, st.floats(0.1, 2.0))
def test_spans_hold_all_speech_that_lasts(pattern: list[tuple[bool, int]], min_silence: float) -> None:
    frames = _frames(pattern)
    spans = speech_spans(frames, 0.5, min_silence)
    inside = np.zeros(len(frames), dtype=bool)
    for before, span in zip([None, *spans], spans, strict=False):
        assert span.length >= MIN_SPEECH_S
        assert before is None or span.start - before.end >= min_silence - 2 * VAD_FRAME_S
        inside[round(span.start / VAD_FRAME_S) : round(span.end / VAD_FRAME_S)] = True
    for first, last in _runs((frames > 0.5) & ~inside):
        assert (last - first) * VAD_FRAME_S < MIN_SPEECH_S + VAD_FRAME_S  # only clicks are left out


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff([0, *mask.astype(int), 0]))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@given(PATTERNS, st.sampled_from([8.0, LONGEST_S, 29.5]))
def test_windows_cover_every_span_once_in_order(pattern: list[tuple[bool, int]], target: float) -> None:
    frames = _frames(pattern)
    length = len(frames) * VAD_FRAME_S
    windows = pack(frames, target)
    end = 0.0
    for window in windows:
        assert end - 0.002 <= window.start < window.end <= length + 0.002
        assert window.length <= target + 0.002
        end = window.end
    for span in speech_spans(frames, 0.5, CUT_SILENCE_S):
        covered = sum(max(0.0, min(w.end, span.end) - max(w.start, span.start)) for w in windows)
        assert covered == pytest.approx(span.length, abs=0.01)


@given(PATTERNS, st.integers(0, 2000))
@example([(False, 87), (True, 900)], 0)  # fits to the millisecond
@example([(False, 85), (True, 129), (False, 85), (True, 272)], 0)  # two silences of one length
def test_what_comes_before_a_long_silence_moves_no_window_behind_it(pattern: list[tuple[bool, int]], more: int) -> None:
    first, rest = _frames([(True, 40 + more)]), _frames([(True, 30), *pattern])
    pause = _frames([(False, 100)])
    behind = [(round(w.start, 1), round(w.end, 1)) for w in pack(rest)]
    offset = (len(first) + len(pause)) * VAD_FRAME_S
    both = pack(np.concatenate([first, pause, rest]))
    found = [(round(w.start - offset, 1), round(w.end - offset, 1)) for w in both if w.start > offset - 1]
    assert [end for _, end in found] == pytest.approx([end for _, end in behind], abs=0.11)


def test_a_long_silence_is_not_bridged() -> None:
    frames = _frames([(True, 100), (False, int((MAX_BRIDGE_S + 1) / VAD_FRAME_S)), (True, 100)])
    windows = pack(frames)
    assert len(windows) == 2


def test_a_short_silence_is_bridged() -> None:
    frames = _frames([(True, 100), (False, 30), (True, 100)])
    windows = pack(frames)
    assert len(windows) == 1
    assert windows[0].speech_s == pytest.approx(200 * VAD_FRAME_S, abs=0.01)


def test_speech_without_pause_is_cut_where_it_is_weakest() -> None:
    frames = _frames([(True, 1000)])
    frames[400:406] = 0.6
    windows = pack(frames, 15.0)
    assert windows[0].end == pytest.approx(403 * VAD_FRAME_S, abs=0.2)


def test_no_speech_no_window() -> None:
    assert pack(np.zeros(100, dtype=np.float32)) == []
    assert speech_windows([], (), np.zeros(0, dtype=np.float32)) == []


def test_without_the_detector_every_second_is_heard() -> None:
    frames = _frames([(True, 200), (False, 1500), (True, 200)])
    windows = speech_windows([Span(0.0, 60.8)], (), frames)
    assert (windows[0].start, windows[-1].end) == (0.0, 60.8)
    assert all(a.end == b.start for a, b in pairwise(windows))


def test_flicker_below_the_threshold_does_not_end_speech() -> None:
    frames = _frames([(True, 20)])
    frames[8:12] = 0.4  # below 0.5, above the lower threshold
    assert speech_spans(frames, 0.5, 0.1) == [Span(0.0, 0.64)]


def test_window_length() -> None:
    assert Window(1.0, 3.5, 2.0).length == 2.5
