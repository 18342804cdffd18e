"""Segments and the quality report, from windows made by hand."""

from __future__ import annotations

import pytest

from sotto.domain.parts import Span
from sotto.speech.decoding import Decoded
from sotto.speech.judging import Reason
from sotto.speech.quality_report import quality_report
from sotto.speech.segments import MAX_SEGMENT_CHARS, build_segments
from sotto.speech.windows import Window
from sotto.speech.words import TimedWord


def decoded(
    text: str,
    start: float = 0.0,
    *,
    language: str = "en",
    pace: float = 0.4,
    probability: float = 0.9,
    reasons: tuple[Reason, ...] = (),
    **more: object,
) -> Decoded:
    """A window whose words follow each other at `pace`; `|` in the text is a pause of two seconds."""
    words, at = [], start
    for word in text.split():
        if word == "|":
            at += 2.0
            continue
        words.append(TimedWord(f" {word}", at, at + pace, probability))
        at += pace
    values: dict[str, object] = {
        "window": Window(start, at, at - start),
        "language": language,
        "tokens": (),
        "text": text.replace("|", ""),
        "words": tuple(words),
        "average_log_probability": -0.2,
        "compression_ratio": 1.1,
        "no_speech_probability": 0.01,
        "temperature": 0.0,
        "reasons": reasons,
        "uncovered": None,
        "heard": True,
    }
    return Decoded(**(values | more))  # type: ignore[arg-type]


def test_sentences_end_segments_also_across_windows() -> None:
    windows = [decoded("One two three. Four five"), decoded("six seven. Eight", 2.1)]
    segments = build_segments(windows, 100.0, 110.0)
    assert [segment.text for segment in segments] == ["One two three.", "Four five six seven.", "Eight"]
    assert segments[0].start == 100.0
    assert segments[1].words[2].text == "six"


def test_a_pause_ends_a_segment_without_punctuation() -> None:
    segments = build_segments([decoded("one two | three four")], 0.0, 60.0)
    assert [segment.text for segment in segments] == ["one two", "three four"]


def test_abbreviations_do_not_end_a_sentence() -> None:
    assert len(build_segments([decoded("We met Dr. Miller and St. John today.")], 0.0, 60.0)) == 1


def test_an_endless_sentence_is_cut_for_reading() -> None:
    segments = build_segments([decoded(" ".join(f"word{i}" for i in range(150)))], 0.0, 600.0)
    assert len(segments) > 3
    assert all(len(segment.text) <= MAX_SEGMENT_CHARS and len(segment.words) > 3 for segment in segments)
    assert sum(len(segment.words) for segment in segments) == 150


def test_another_language_is_another_segment() -> None:
    segments = build_segments([decoded("good morning"), decoded("buenos días", 1.0, language="es")], 0.0, 9.0)
    assert [(segment.language, segment.text) for segment in segments] == [("en", "good morning"), ("es", "buenos días")]


def test_languages_without_spaces_get_none() -> None:
    words = tuple(TimedWord(c, i * 0.2, i * 0.2 + 0.2, 0.9) for i, c in enumerate("今日は晴れです。"))
    (segment,) = build_segments([decoded("x", language="ja", words=words)], 0.0, 9.0)
    assert segment.text == "今日は晴れです。"


def test_measurements_of_a_segment_are_the_worst_of_its_windows() -> None:
    windows = [
        decoded("One two"),
        decoded("three.", 0.9, average_log_probability=-0.8, compression_ratio=2.0, temperature=0.4),
    ]
    (segment,) = build_segments(windows, 0.0, 9.0)
    assert segment.average_log_probability == pytest.approx(-0.4)
    assert (segment.compression_ratio, segment.temperature) == (2.0, 0.4)


def test_no_words_no_segments() -> None:
    assert build_segments([], 0.0, 10.0) == []


def test_the_report_counts_what_happened() -> None:
    kept = [
        decoded("One two three.", looped_first=True, decoded_again=True),
        decoded("four five", 5.0, probability=0.3, reasons=(Reason.UNCOVERED,), uncovered=Span(8.0, 11.0)),
    ]
    dropped = [decoded("thank you", 20.0)]
    segments = build_segments(kept, 10.0, 60.0)
    words = [word for segment in segments for word in segment.words]
    report = quality_report(segments, words, kept, dropped, [Span(0, 3), Span(5, 11)], 10.0)
    assert report.score == pytest.approx((3 * 0.9 + 2 * 0.3) / 5, abs=0.001)
    assert (report.windows, report.windows_decoded_again, report.windows_dropped, report.loops_found) == (3, 1, 1, 1)
    assert report.speech_s == 9.0
    assert [(spot.start, spot.end, spot.reason) for spot in report.spots] == [
        (15.0, 15.8, "doubtful words"),
        (18.0, 21.0, "speech without text"),
        (30.0, 30.8, "text without speech, dropped"),
    ]
    assert report.languages == {"en": pytest.approx(2.0)}


def test_a_report_without_words_has_no_score() -> None:
    report = quality_report([], [], [], [], [], 0.0)
    assert report.score is None
    assert report.spots == ()


def test_doubtful_words_close_together_are_one_spot() -> None:
    segments = build_segments([decoded("a b c | d", probability=0.2)], 0.0, 60.0)
    words = [word for segment in segments for word in segment.words]
    spots = quality_report(segments, words, [], [], [], 0.0).spots
    assert [(spot.start, spot.end) for spot in spots] == [(0.0, 1.2), (3.2, 3.6)]
