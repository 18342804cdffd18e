"""The plan covers the recording, and both neighbours of a boundary choose the same cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.parts import BOUNDARY_WINDOW_S, Anchor, Boundary, boundary_times, choose_cut, plan_parts

BOUNDARY = Boundary(at=100.0, window_start=90.0, window_end=110.0)


@given(st.floats(0.1, 200_000), st.floats(30, 1000))
def test_parts_meet_cover_everything_and_are_never_tiny(duration: float, part_s: float) -> None:
    parts = plan_parts(duration, part_s)
    assert [part.index for part in parts] == list(range(len(parts)))
    assert parts[0].head is None
    assert parts[-1].tail is None
    for before, after in itertools.pairwise(parts):
        assert before.tail == after.head
        assert before.tail is not None
    edges = [0.0, *boundary_times(duration, part_s), duration]
    lengths = [b - a for a, b in itertools.pairwise(edges)]
    assert max(lengths) <= 1.25 * part_s + 1e-6
    assert max(lengths) - min(lengths) < 1e-3
    if len(parts) > 1:
        assert min(lengths) > BOUNDARY_WINDOW_S  # so no two windows overlap


def test_a_short_recording_is_one_part() -> None:
    (part,) = plan_parts(299.0, 240.0)
    assert (part.head, part.tail) == (None, None)


def test_each_boundary_gets_the_last_anchor_before_its_window() -> None:
    anchors = [Anchor(seconds=s, byte=int(s * 100)) for s in (0.0, 200.0, 236.0, 239.0)]
    parts = plan_parts(500.0, 250.0, anchors)
    assert parts[1].head is not None
    assert parts[1].head.anchor == anchors[2]


def test_the_cut_is_the_middle_of_the_longest_silence() -> None:
    speech = [0.9] * 10 + [0.1] * 3 + [0.9] * 10 + [0.1] * 6 + [0.9] * 10
    assert choose_cut(BOUNDARY, speech, 0.5) == 90.0 + (23 + 3) * 0.5


def test_of_two_equal_silences_the_first_is_taken() -> None:
    assert choose_cut(BOUNDARY, [0.1, 0.9, 0.1, 0.9], 1.0) == 90.5


def test_without_a_silence_the_frame_least_like_speech_is_cut() -> None:
    assert choose_cut(BOUNDARY, [0.9, 0.8, 0.6, 0.95], 1.0) == 92.5


def test_an_empty_window_is_cut_at_its_nominal_place() -> None:
    assert choose_cut(BOUNDARY, [], 0.032) == 100.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=625), st.sampled_from([0.032, 0.01]))
def test_every_cut_lies_in_its_window(probabilities: list[float], frame_s: float) -> None:
    cut = choose_cut(BOUNDARY, probabilities, frame_s)
    assert BOUNDARY.window_start <= cut <= BOUNDARY.window_start + len(probabilities) * frame_s + 0.001
    assert cut == choose_cut(BOUNDARY, list(probabilities), frame_s)


FRAME_S = 0.032


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 400)), min_size=1, max_size=60), st.integers(30, 120))
def test_parts_of_any_pattern_of_silences_hold_each_stretch_of_speech_once(
    pattern: list[tuple[bool, int]], part_s: int
) -> None:
    """A cut lies in a silence wherever its window has one, so no stretch of speech there is cut or said twice."""
    frames = [0.95 if speech else 0.02 for speech, length in pattern for _ in range(length)]
    duration = len(frames) * FRAME_S
    cuts = [0.0]
    windows = []
    for part in plan_parts(duration, part_s):
        for boundary in filter(None, (part.head, part.tail)):  # each of two neighbours for itself
            heard = frames[round(boundary.window_start / FRAME_S) : round(boundary.window_end / FRAME_S)]
            windows.append((choose_cut(boundary, heard, FRAME_S), heard, boundary))
    assert [cut for cut, *_ in windows[::2]] == [cut for cut, *_ in windows[1::2]]
    for cut, heard, boundary in windows[::2]:
        at = int((cut - boundary.window_start) / FRAME_S)
        assert heard[min(at, len(heard) - 1)] == min(heard)
        cuts.append(cut)
    cuts.append(duration)
    assert cuts == sorted(set(cuts))


@pytest.mark.parametrize(("duration", "count"), [(18_000, 75), (3600, 15), (600, 2)])
def test_long_recordings_are_planned_without_being_read(duration: float, count: int) -> None:
    assert len(plan_parts(duration, 240.0)) == count
