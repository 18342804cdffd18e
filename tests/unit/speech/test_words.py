"""Word times from alignment paths made by hand, and the order that they must end in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto.speech.engine import Alignment
from sotto.speech.voice_activity import VAD_FRAME_S
from sotto.speech.words import TimedWord, in_order, timed_words, trim_to_speech


def _alignment(starts: list[int], length: int) -> Alignment:
    """Token i begins at position starts[i]; the last entry is end of text."""
    path = [(i, p) for i, (a, b) in enumerate(zip(starts, [*starts[1:], length], strict=True)) for p in range(a, b)]
    return Alignment(np.array(path), np.linspace(0.9, 0.5, len(starts) - 1, dtype=np.float32))


def test_words_begin_where_their_first_token_does() -> None:
    words = timed_words([(" Good", [1]), (" morning", [2, 3])], _alignment([5, 20, 30, 50], 60), offset_s=10.0)
    assert [(w.text, round(w.start, 3), round(w.end, 3)) for w in words] == [
        (" Good", 10.1, 10.4),
        (" morning", 10.4, 11.0),
    ]
    assert words[0].probability == pytest.approx(0.9)
    assert words[1].probability == pytest.approx(0.6)


def test_punctuation_joins_its_word_with_its_time() -> None:
    split = [(" “", [1]), ("Yes", [2]), (",", [3]), (" sir", [4]), (".", [5])]
    words = timed_words(split, _alignment([0, 5, 10, 20, 30, 40], 50), offset_s=0.0)
    assert [w.text for w in words] == [" “Yes,", " sir."]
    assert words[0].end == pytest.approx(0.4)
    assert words[1].end == pytest.approx(0.8)


def test_text_of_words_is_the_text() -> None:
    split = [(" A", [1]), ("-", [2]), ("b", [3]), (" (", [4]), ("c", [5]), (")", [6])]
    words = timed_words(split, _alignment(list(range(0, 70, 10)), 80), offset_s=0.0)
    assert "".join(w.text for w in words) == " A-b (c)"


def test_nothing_to_align_gives_no_words() -> None:
    empty = Alignment(np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32))
    assert timed_words([], empty, 0.0) == []
    assert timed_words([(" a", [1])], empty, 0.0) == []


def test_pauses_are_taken_from_both_ends() -> None:
    speech = np.zeros(100, dtype=np.float32)
    speech[40:60] = 0.9
    (word,) = trim_to_speech([TimedWord(" word", 0.5, 3.0, 1.0)], speech)
    assert word.start == pytest.approx(40 * VAD_FRAME_S - 0.04)
    assert word.end == pytest.approx(60 * VAD_FRAME_S)


def test_a_word_ends_at_the_pause_behind_it_though_attention_goes_on_to_the_next() -> None:
    speech = np.zeros(100, dtype=np.float32)
    speech[:5] = speech[20:30] = speech[32:40] = speech[60:63] = 0.9  # the one before, a stop inside, the next onset
    (word,) = trim_to_speech([TimedWord(" captain.", 0.1, 2.0, 1.0)], speech)
    assert word.start == pytest.approx(20 * VAD_FRAME_S - 0.04)
    assert word.end == pytest.approx(40 * VAD_FRAME_S)


def test_a_word_that_the_detector_missed_keeps_its_time() -> None:
    word = TimedWord(" ah", 0.5, 0.7, 1.0)
    assert trim_to_speech([word], np.zeros(100, dtype=np.float32)) == [word]


@given(st.lists(st.tuples(st.floats(-5, 70), st.floats(-5, 70)), max_size=40))
def test_times_end_monotone_and_inside(times: list[tuple[float, float]]) -> None:
    words = in_order([TimedWord(" w", a, b, 0.5) for a, b in times], 0.0, 60.0)
    assert len(words) == len(times)
    clock = 0.0
    for word in words:
        assert clock <= word.start <= word.end <= 60.0
        clock = word.end
