"""Parts join only where they meet, and nothing is lost or doubled."""

from __future__ import annotations

import pytest

from sotto.domain.joining import PartsDoNotMeet, join_parts
from sotto.domain.options import Options
from sotto.domain.parts import plan_parts
from sotto.domain.transcript import PartTranscript
from tests.fakes.speech import CountingSpeech


def _parts(duration: float) -> list[PartTranscript]:
    speech = CountingSpeech()
    return [
        speech.transcribe_part(
            None, part, duration, Options(), language="en", language_probability=0.9, on_progress=lambda _: None
        )
        for part in plan_parts(duration, 60.0)
    ]


def test_all_words_come_out_once_and_in_order() -> None:
    joined = join_parts(_parts(1000.0))
    assert [word.text for segment in joined.segments for word in segment.words] == [f"w{n}" for n in range(1000)]
    assert (joined.language, joined.language_probability) == ("en", 0.9)
    assert joined.quality.speech_s == 1000.0
    assert joined.quality.score == 0.9
    assert joined.wall_s == pytest.approx(0.1 * len(_parts(1000.0)))


def test_without_speech_there_is_no_score() -> None:
    (part,) = _parts(50.0)
    silent = part.model_copy(
        update={"segments": (), "quality": part.quality.model_copy(update={"score": None, "speech_s": 0.0})}
    )
    assert join_parts([silent]).quality.score is None


def test_a_gap_a_missing_part_and_nothing_at_all_are_refused() -> None:
    parts = _parts(300.0)
    with pytest.raises(PartsDoNotMeet, match="expected part 1, found part 2"):
        join_parts([parts[0], *parts[2:]])
    moved = parts[1].model_copy(update={"start": parts[1].start + 0.5})
    with pytest.raises(PartsDoNotMeet, match=r"expected part 1 to start at 60.000 s, found 60.500 s"):
        join_parts([parts[0], moved, *parts[2:]])
    with pytest.raises(PartsDoNotMeet, match="at least one part"):
        join_parts([])


def test_the_same_warning_is_said_once() -> None:
    parts = [part.model_copy(update={"warnings": ("quiet",)}) for part in _parts(300.0)]
    assert join_parts(parts).warnings == ("quiet",)
