"""What the first decoding gets wrong does not reach the transcript: a real engine, whose answers are spoilt on purpose.

Models loop and stop early only now and then, each on other sounds and other processors. So the faults are put in where
they arise, at the port; everything that has to notice and heal them is real.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sotto.domain.options import Options
from sotto.domain.parts import plan_parts
from sotto.domain.transcript import PartTranscript
from sotto.speech.engine import Engine, Generated, Samples, Sampling
from sotto.speech.loading import ModelLoader
from sotto.speech.transcriber import LoadedModel, Transcriber
from sotto.speech.voice_encoder import VoiceEncoder
from tests.recordings import wav
from tests.speech.conftest import Hear, letters, text_of

pytestmark = pytest.mark.speech

RATE = 16_000
Spoil = Callable[[Generated, Sampling, float], Generated]
"""The answer instead of the engine's own: from that, from how it was asked for, and from the window's seconds."""


class SpoiltEngine:
    """The engine of a model, except that its answers pass through `spoil`."""

    def __init__(self, engine: Engine, spoil: Spoil) -> None:
        self._engine, self._spoil = engine, spoil
        self._lengths: list[float] = []
        self.asked: list[tuple[Sampling, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def features(self, audio: Sequence[Samples], frames: int) -> Any:
        self._lengths = [len(row) / RATE for row in audio]
        return self._engine.features(audio, frames)

    def generate(self, encoded: Any, prompt: Sequence[int], sampling: Sampling) -> list[Generated]:
        answers = self._engine.generate(encoded, prompt, sampling)
        self.asked.append((sampling, len(answers)))
        return [self._spoil(one, sampling, length) for one, length in zip(answers, self._lengths, strict=True)]


class OneModel:
    """Models of which there is one, whatever it is called."""

    def __init__(self, model: LoadedModel, loader: ModelLoader) -> None:
        self._model, self._loader = model, loader

    def __call__(self, name: str) -> LoadedModel:
        return self._model

    def voices(self) -> VoiceEncoder:
        return self._loader.voices()


HearSpoilt = Callable[..., tuple[PartTranscript, SpoiltEngine]]


@pytest.fixture
def hear_spoilt(loader: ModelLoader) -> HearSpoilt:
    def transcribe(
        sound: np.ndarray, spoil: Spoil, on_progress: Callable[[float], None] = lambda _: None, **options: Any
    ) -> tuple[PartTranscript, SpoiltEngine]:
        model = loader("tiny.en")
        engine = SpoiltEngine(model.engine, spoil)
        duration_s = len(sound) / RATE
        result = Transcriber(OneModel(LoadedModel(engine, model.tokens), loader)).transcribe_part(
            wav(sound),
            plan_parts(duration_s, 10_000.0)[0],
            duration_s,
            Options(**{"model": "tiny.en", "language": "en"} | options),
            language="en",
            language_probability=None,
            on_progress=on_progress,
        )
        return result, engine

    return transcribe


def is_first(sampling: Sampling) -> bool:
    return (sampling.beam_size, sampling.temperature) == (1, 0.0)


def looping(answer: Generated, keep: int = 10) -> Generated:
    """The first `keep` tokens, then the last four of them until no more fit."""
    tokens = answer.tokens[:keep] + answer.tokens[keep - 4 : keep] * 50
    return replace(answer, tokens=tokens, average_log_probability=-0.1, finished=False)


def test_a_loop_is_decoded_again_and_counted(hear: Hear, hear_spoilt: HearSpoilt, voice: np.ndarray) -> None:
    result, engine = hear_spoilt(voice, lambda one, how, _: looping(one) if is_first(how) else one)
    assert letters(text_of(result)) == letters(text_of(hear(voice, beam_size=5)))
    assert (result.quality.loops_found, result.quality.windows_decoded_again) == (1, 1)
    assert "loop" not in {spot.reason for spot in result.quality.spots}
    assert [how.beam_size for how, _ in engine.asked] == [1, 5]


def test_a_loop_that_nothing_heals_is_written_once_and_shown(hear_spoilt: HearSpoilt, voice: np.ndarray) -> None:
    result, engine = hear_spoilt(voice, lambda one, _how, _: looping(one))
    assert len(text_of(result).split()) <= 10
    assert any("loop" in spot.reason for spot in result.quality.spots)
    assert [(how.beam_size, how.temperature) for how, _ in engine.asked[:4]] == [(1, 0), (5, 0), (1, 0.4), (1, 0.8)]


def test_decoding_again_may_be_stopped_too(hear_spoilt: HearSpoilt, voice: np.ndarray) -> None:
    tried: list[int] = []

    def spoil(one: Generated, how: Sampling, _: float) -> Generated:
        tried.append(how.beam_size)
        return looping(one)

    def stop(_: float) -> None:
        if len(tried) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        hear_spoilt(voice, spoil, stop)
    assert tried == [1, 5]


def test_only_windows_that_fail_are_decoded_again(hear: Hear, hear_spoilt: HearSpoilt, voice: np.ndarray) -> None:
    two = np.concatenate([voice, np.zeros(5 * RATE), voice[: 8 * RATE]])
    result, engine = hear_spoilt(two, lambda one, how, s: looping(one) if is_first(how) and s > 12 else one)
    assert [rows for _, rows in engine.asked] == [2, 1]
    assert (result.quality.windows, result.quality.windows_decoded_again) == (2, 1)
    assert letters(text_of(result)).startswith("thelight")
    assert letters(text_of(hear(voice[: 8 * RATE]))) in letters(text_of(result))


def test_improbable_text_gives_way_to_a_better_one(hear: Hear, hear_spoilt: HearSpoilt, voice: np.ndarray) -> None:
    def guess(one: Generated, how: Sampling, _: float) -> Generated:
        return replace(one, tokens=one.tokens[::-1], average_log_probability=-1.5) if is_first(how) else one

    result, _ = hear_spoilt(voice, guess)
    assert letters(text_of(result)) == letters(text_of(hear(voice, beam_size=5)))
    assert result.quality.loops_found == 0


def test_a_lost_ending_becomes_a_window_of_its_own(hear_spoilt: HearSpoilt, voice: np.ndarray) -> None:
    """Whatever the way of decoding, the model stops after eight tokens in a long window."""
    result, _ = hear_spoilt(voice, lambda one, _how, s: replace(one, tokens=one.tokens[:8]) if s > 14.5 else one)
    said = letters(text_of(result))
    assert said.startswith("thelight")
    assert said.endswith("openedtheboxandsmiled")
    assert "thesealsontherocks" in said


def test_what_nobody_said_is_dropped_and_shown(hear_spoilt: HearSpoilt) -> None:
    """Text that the model itself finds improbable, over noise: two witnesses against one."""
    noise = np.random.default_rng(4).standard_normal(6 * RATE) * 0.05

    def invent(one: Generated, _how: Sampling, _: float) -> Generated:
        return replace(one, tokens=tuple(range(300, 320)), average_log_probability=-1.2)

    result, _ = hear_spoilt(noise, invent, voice_activity=False)
    assert text_of(result) == ""
    assert result.quality.windows_dropped == 1
    assert [spot.reason for spot in result.quality.spots] == ["text without speech, dropped"]
