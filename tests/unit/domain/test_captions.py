"""Cues fit two lines of 42 characters and never show a word before or after it is said."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.captions import LINE_CHARS, MAX_CUE_S, caption_cues
from sotto.domain.transcript import Segment, Word

TEXT = st.text(alphabet="abcdefghij,.", min_size=1, max_size=12)


def segment(words: list[str], glue: str = " ", step: float = 0.4) -> Segment:
    timed = tuple(
        Word(text=text, start=round(n * step, 3), end=round(n * step + step * 0.9, 3), probability=0.9)
        for n, text in enumerate(words)
    )
    return Segment(
        start=timed[0].start,
        end=timed[-1].end,
        text=glue.join(words),
        words=timed,
        language="en",
        average_log_probability=-0.1,
        compression_ratio=1.0,
        no_speech_probability=0.0,
        temperature=0.0,
    )


@given(st.lists(TEXT, min_size=1, max_size=80))
def test_no_word_is_lost_and_every_cue_fits(words: list[str]) -> None:
    cues = list(caption_cues([segment(words)]))
    assert " ".join(cue.text.replace("\n", " ") for cue in cues).split() == words
    for cue in cues:
        lines = cue.text.split("\n")
        assert len(lines) <= 2
        assert max(map(len, lines)) <= LINE_CHARS
        assert cue.end - cue.start <= MAX_CUE_S
    for before, after in itertools.pairwise(cues):
        assert before.end <= after.start


def test_a_cut_falls_after_a_clause_rather_than_anywhere() -> None:
    text = (
        "Printing, in the only sense with which we are at present concerned, differs from most if not from all the arts"
    )
    first, second = caption_cues([segment(text.split())])
    assert first.text.endswith("concerned,")
    assert second.text.startswith("differs")


def test_one_word_is_not_left_alone() -> None:
    words = ["word"] * 17 + ["end."]  # 17 words fill a cue, so the last one would be an orphan
    assert all(len(cue.text.split()) > 1 for cue in caption_cues([segment(words)]))


def test_a_language_without_spaces_gets_none() -> None:
    (cue,) = caption_cues([segment(["私", "は", "学生", "です"], glue="")])
    assert cue.text == "私は学生です"


def test_a_segment_without_word_times_is_one_cue() -> None:
    plain = segment(["word"] * 40).model_copy(update={"words": ()})
    (cue,) = caption_cues([plain])
    assert (cue.start, cue.end) == (plain.start, plain.end)


@pytest.mark.parametrize("word", ["x" * 60])
def test_a_word_longer_than_a_line_is_broken(word: str) -> None:
    (cue,) = caption_cues([segment([word])])
    assert cue.text.replace("\n", "") == word
