"""Two voices in one recording, with the real encoder: found, named alike in all parts, and missed without harm."""

from __future__ import annotations

import numpy as np
import pytest

from sotto.domain.errors import ModelUnavailable
from sotto.domain.joining import Joined, join_parts
from sotto.domain.options import Options
from sotto.domain.parts import plan_parts
from sotto.speech.loading import ModelLoader
from sotto.speech.transcriber import LoadedModel, Transcriber
from sotto.speech.voice_encoder import VoiceEncoder
from tests.recordings import wav

pytestmark = pytest.mark.speech

RATE = 16_000


def _heard(transcriber: Transcriber, sound: np.ndarray, part_s: float) -> Joined:
    duration_s = len(sound) / RATE
    options = Options(model="tiny.en", language="en", speakers=True)
    return join_parts(
        [
            transcriber.transcribe_part(
                wav(sound),
                part,
                duration_s,
                options,
                language="en",
                language_probability=None,
                on_progress=lambda _: None,
            )
            for part in plan_parts(duration_s, part_s)
        ]
    )


@pytest.mark.parametrize("part_s", [1000.0, 25.0])
def test_two_voices_in_turns(transcriber: Transcriber, voice: np.ndarray, spanish: np.ndarray, part_s: float) -> None:
    turns = [voice, spanish, voice]
    pause = np.zeros(RATE // 2)
    joined = _heard(transcriber, np.concatenate([piece for turn in turns for piece in (turn, pause)]), part_s)
    first_ends = len(voice) / RATE + 0.25
    second_ends = first_ends + len(spanish) / RATE + 0.5
    right = wrong = 0
    for segment in joined.segments:
        for word in segment.words:
            expected = "Speaker 2" if first_ends <= word.start < second_ends else "Speaker 1"
            right, wrong = right + (segment.speaker == expected), wrong + (segment.speaker != expected)
    assert {segment.speaker for segment in joined.segments} == {"Speaker 1", "Speaker 2"}
    assert wrong <= 0.03 * (right + wrong)
    assert joined.warnings == ()


class WithoutVoices:
    """Models of a service that cannot tell speakers apart, for whatever reason."""

    def __init__(self, loader: ModelLoader, reason: Exception) -> None:
        self._loader, self._reason = loader, reason

    def __call__(self, name: str) -> LoadedModel:
        return self._loader(name)

    def voices(self) -> VoiceEncoder:
        raise self._reason


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (ModelUnavailable("voices: not here"), "the model for it is not available."),
        (FloatingPointError("a mistake of ours"), "something went wrong."),
    ],
)
def test_when_speakers_cannot_be_told_apart_the_transcript_is_whole_and_says_so(
    loader: ModelLoader, voice: np.ndarray, reason: Exception, said: str
) -> None:
    joined = _heard(Transcriber(WithoutVoices(loader, reason)), voice, 1000.0)
    assert len(joined.segments) == 4
    assert {segment.speaker for segment in joined.segments} == {None}
    assert joined.warnings == (f"Speakers could not be told apart: {said}",)
