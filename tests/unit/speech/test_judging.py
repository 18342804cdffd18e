"""What is believed of a decoded window, on texts and tokens made by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.parts import Span
from sotto.speech.judging import (
    UNCOVERED_S,
    agree,
    compression_ratio,
    is_heard,
    is_loop,
    longest_repetition,
    longest_uncovered,
)
from sotto.speech.voice_activity import VAD_FRAME_S


def test_repetition_is_found_with_its_unit() -> None:
    found = longest_repetition([9, 8, 7, *[1, 2, 3, 4] * 5, 6])
    assert found is not None
    assert (found.start, found.unit, found.covered) == (3, 4, 20)
    assert found.repeats == 5


@pytest.mark.parametrize("tokens", [[], [1], [1, 2] * 3, [5, 5, 5, 5], list(range(200))])
def test_short_or_no_repetition_is_none(tokens: list[int]) -> None:
    assert longest_repetition(tokens) is None


@given(
    st.lists(st.integers(1000, 2000), min_size=1, max_size=12, unique=True),
    st.integers(3, 10),
    st.lists(st.integers(0, 999), max_size=30, unique=True),
)
def test_any_repeated_unit_is_found_wherever_it_stands(unit: list[int], times: int, before: list[int]) -> None:
    found = longest_repetition([*before, *unit * times])
    if len(unit) * times < 12:
        assert found is None
    else:
        assert found is not None
        assert found.covered == len(unit) * times
        assert found.start == len(before)


def test_slow_repetition_is_somebody_repeating_himself() -> None:
    repetition = longest_repetition([1, 2, 3, 4] * 6)
    assert not is_loop(repetition, 24, speech_s=8.0, finished=True)
    assert is_loop(repetition, 24, speech_s=2.0, finished=True)
    assert is_loop(repetition, 24, speech_s=8.0, finished=False)
    assert not is_loop(None, 24, speech_s=0.0, finished=False)


def test_compression_tells_repetition() -> None:
    assert compression_ratio("") == 1.0
    assert compression_ratio("thank you for watching " * 20) > 2.4
    assert compression_ratio("The lighthouse keeper wrote a letter every morning.") < 1.5


def test_agreement_ignores_spelling_but_not_words() -> None:
    assert agree("The light housekeeper, wrote", "the lighthouse keeper wrote")
    assert not agree("The lighthouse keeper wrote", "Thank you for watching")


def test_speech_without_words_is_seen() -> None:
    speech = np.full(int(10 / VAD_FRAME_S), 0.9, dtype=np.float32)
    words = [Span(100.0, 101.0), Span(101.0, 102.0)]
    found = longest_uncovered(words, speech, 0.5, 100.0)
    assert found is not None
    assert found.start == pytest.approx(102.3, abs=0.1)
    assert found.end == pytest.approx(110.0, abs=0.1)


def test_silence_without_words_is_no_loss() -> None:
    assert longest_uncovered([], np.zeros(300, dtype=np.float32), 0.5, 0.0) is None


def test_a_stretched_word_does_not_cover_what_was_left_out() -> None:
    speech = np.full(int(8 / VAD_FRAME_S), 0.9, dtype=np.float32)
    assert longest_uncovered([Span(0.0, 8.0)], speech, 0.5, 0.0) is not None


def test_covered_speech_and_short_gaps_are_fine() -> None:
    speech = np.full(int(6 / VAD_FRAME_S), 0.9, dtype=np.float32)
    words = [Span(float(i), i + 0.8) for i in range(6)]
    assert longest_uncovered(words, speech, 0.5, 0.0) is None
    assert UNCOVERED_S > 1


def test_heard_needs_more_than_a_click() -> None:
    assert not is_heard(np.array([0.0, 0.9, 0.9, 0.0], dtype=np.float32))
    assert is_heard(np.array([0.4, 0.4, 0.4], dtype=np.float32))
