"""Speech spans and windows on random silence patterns: nothing lost, nothing doubled, nothing too long."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.parts import Span
from sotto.speech.voice_activity import MIN_SPEECH_S, VAD_FRAME_S, speech_spans
from sotto.speech.windows import MAX_BRIDGE_S, TARGET_S, Window, pack

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


@given(PATTERNS, st.sampled_from([8.0, TARGET_S, 29.5]))
def test_windows_cover_every_span_once_in_order(pattern: list[tuple[bool, int]], target: float) -> None:
    frames = _frames(pattern)
    length = len(frames) * VAD_FRAME_S
    spans = speech_spans(frames, 0.5, 0.5)
    windows = pack(spans, frames, length, target)
    end = 0.0
    for window in windows:
        assert end - 0.002 <= window.start < window.end <= length + 0.002
        assert window.length <= target + 0.002
        end = window.end
    for span in spans:
        covered = sum(max(0.0, min(w.end, span.end) - max(w.start, span.start)) for w in windows)
        assert covered == pytest.approx(span.length, abs=0.01)


def test_a_long_silence_is_not_bridged() -> None:
    frames = _frames([(True, 100), (False, int((MAX_BRIDGE_S + 1) / VAD_FRAME_S)), (True, 100)])
    windows = pack(speech_spans(frames, 0.5, 0.5), frames, len(frames) * VAD_FRAME_S)
    assert len(windows) == 2


def test_a_short_silence_is_bridged() -> None:
    frames = _frames([(True, 100), (False, 30), (True, 100)])
    windows = pack(speech_spans(frames, 0.5, 0.5), frames, len(frames) * VAD_FRAME_S)
    assert len(windows) == 1
    assert windows[0].speech_s == pytest.approx(200 * VAD_FRAME_S, abs=0.01)


def test_speech_without_pause_is_cut_where_it_is_weakest() -> None:
    frames = _frames([(True, 1000)])
    frames[400:406] = 0.6
    windows = pack(speech_spans(frames, 0.5, 0.5), frames, 32.0, target_s=15.0)
    assert windows[0].end == pytest.approx(403 * VAD_FRAME_S, abs=0.2)


def test_no_speech_no_window() -> None:
    assert pack([], np.zeros(100, dtype=np.float32), 3.2) == []


def test_flicker_below_the_threshold_does_not_end_speech() -> None:
    frames = _frames([(True, 20)])
    frames[8:12] = 0.4  # below 0.5, above the lower threshold
    assert speech_spans(frames, 0.5, 0.1) == [Span(0.0, 0.64)]


def test_window_length() -> None:
    assert Window(1.0, 3.5, 2.0).length == 2.5
