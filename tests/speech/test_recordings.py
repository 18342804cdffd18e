"""Real recordings with real weights: every word where there is speech, no word where there is none."""

from __future__ import annotations

import io
from difflib import SequenceMatcher

import numpy as np
import pytest

from sotto.adapters.av_probe import probe
from sotto.domain.options import Options, Task
from sotto.domain.transcript import PartTranscript
from sotto.speech.transcriber import Transcriber
from tests.recordings import AUDIO, FORMATS, Format, encode, wav
from tests.speech.conftest import SENTENCE_S, Hear, letters, text_of

pytestmark = pytest.mark.speech

ENGLISH = (
    "The lighthouse keeper wrote a letter every morning. He told his sister about the weather, the ships, and the "
    "seals on the rocks. In winter the boat came only once a week, so he kept the letters in a wooden box beside the "
    "window. When the spring came, she opened the box and smiled."
)
RATE = 16_000
NOISE = np.random.default_rng(11)


def likeness(found: str, said: str) -> float:
    return SequenceMatcher(a=letters(found), b=letters(said), autojunk=False).ratio()


def check_times(result: PartTranscript, length_s: float) -> None:
    clock = 0.0
    for segment in result.segments:
        assert segment.words[0].start == segment.start
        assert segment.words[-1].end == segment.end
        for word in segment.words:
            assert clock <= word.start <= word.end <= length_s
            assert 0.0 <= (word.probability or 0.0) <= 1.0
            clock = word.end
        assert letters("".join(word.text for word in segment.words)) == letters(segment.text)


@pytest.mark.parametrize("model", ["tiny.en", "base"])
def test_the_sample_word_for_word(hear: Hear, voice: np.ndarray, model: str) -> None:
    result = hear(voice, model=model)
    assert likeness(text_of(result), ENGLISH) > 0.97
    check_times(result, len(voice) / RATE)
    assert result.engine.model == model
    assert result.quality.score is not None
    assert result.quality.score > 0.8
    assert result.cpu_s > 0
    assert result.warnings == ()


def test_sentences_become_segments(hear: Hear, voice: np.ndarray) -> None:
    result = hear(voice)
    assert len(result.segments) == 4
    assert result.segments[0].text == "The lighthouse keeper wrote a letter every morning."
    assert result.segments[0].end == pytest.approx(SENTENCE_S, abs=0.25)


@pytest.mark.parametrize("form", [f for f in FORMATS if f.name in {"mp3", "m4a index last", "webm", "mp4 video"}])
def test_formats_give_the_same_text(hear: Hear, voice: np.ndarray, form: Format) -> None:
    result = hear(io.BytesIO(encode(voice, RATE, form)), duration_s=len(voice) / RATE)
    assert likeness(text_of(result), ENGLISH) > 0.95


def _tones(seconds: int) -> np.ndarray:
    beats = []
    for root in NOISE.choice([196.0, 220.0, 261.6, 293.7, 329.6, 392.0], seconds * 2):
        at = np.arange(RATE // 2) / RATE
        beats.append(sum(np.sin(2 * np.pi * root * k * at) / k for k in (1, 2, 3)) * np.exp(-3 * at) * 0.3)
    return np.concatenate(beats)


SILENT = {
    "silence": lambda: np.zeros(60 * RATE),
    "white noise": lambda: NOISE.standard_normal(60 * RATE) * 0.1,
    "faint noise": lambda: NOISE.standard_normal(60 * RATE) * 0.0005,
    "music-like tones": lambda: _tones(60),
    "hum": lambda: 0.2 * np.sin(2 * np.pi * 50 * np.arange(60 * RATE) / RATE),
}


@pytest.mark.parametrize("name", SILENT)
def test_where_nobody_speaks_there_are_no_words(hear: Hear, name: str) -> None:
    result = hear(SILENT[name]())
    assert text_of(result) == ""
    assert result.quality.score is None
    assert result.warnings == ("No speech was found in a part of the recording.",)


@pytest.mark.parametrize("name", ["silence", "white noise", "music-like tones"])
def test_nor_are_there_any_when_the_model_has_to_hear_it_all(hear: Hear, name: str) -> None:
    result = hear(SILENT[name]()[: 30 * RATE], voice_activity=False)
    assert text_of(result) == ""
    assert result.quality.windows == 2


def test_somebody_who_repeats_himself_is_written_as_often_as_he_spoke(hear: Hear, voice: np.ndarray) -> None:
    once = np.concatenate([voice[: round(SENTENCE_S * RATE)], np.zeros(RATE // 5)])
    result = hear(np.tile(once, 7))
    assert letters(text_of(result)).count("everymorning") == 7


def test_a_fifth_of_a_second_does_no_harm(hear: Hear, voice: np.ndarray) -> None:
    result = hear(voice[3200:6400])
    assert len(text_of(result).split()) <= 2
    check_times(result, 0.2)


@pytest.mark.parametrize("factor", [0.003, 0.001])
def test_very_quiet_speech_is_heard(hear: Hear, voice: np.ndarray, factor: float) -> None:
    assert likeness(text_of(hear(voice * factor, model="base")), ENGLISH) > 0.85


def test_telephone_speech_is_understood(hear: Hear, voice: np.ndarray) -> None:
    form = next(f for f in FORMATS if f.name == "wav 8 kHz mu-law")
    recording = io.BytesIO(encode(voice, RATE, form))
    assert likeness(text_of(hear(recording, duration_s=len(voice) / RATE)), ENGLISH) > 0.9


def test_a_dead_channel_changes_nothing(hear: Hear, voice: np.ndarray) -> None:
    stereo = np.stack([np.zeros_like(voice), voice], axis=1)
    assert likeness(text_of(hear(wav(stereo), duration_s=len(voice) / RATE)), ENGLISH) > 0.95


def test_96_khz(hear: Hear, voice: np.ndarray) -> None:
    form = next(f for f in FORMATS if f.name == "flac 96 kHz")
    recording = io.BytesIO(encode(voice, RATE, form))
    assert likeness(text_of(hear(recording, duration_s=len(voice) / RATE)), ENGLISH) > 0.95


def test_a_header_that_claims_four_times_the_length(hear: Hear, voice: np.ndarray) -> None:
    file = bytearray(wav(voice).getvalue())
    at = file.index(b"data") + 4
    file[at : at + 4] = (8 * len(voice)).to_bytes(4, "little")
    duration = probe(io.BytesIO(bytes(file)), name="a.wav", size_bytes=len(file), etag="").facts.duration_s
    assert duration == pytest.approx(len(voice) / RATE, abs=0.05)
    result = hear(io.BytesIO(bytes(file)), duration_s=duration)
    assert likeness(text_of(result), ENGLISH) > 0.97


def test_a_second_language_is_detected_and_written(transcriber: Transcriber, hear: Hear, spanish: np.ndarray) -> None:
    options = Options(model="base")
    recording = io.BytesIO((AUDIO / "spanish.ogg").read_bytes())
    first = transcriber.detect_language(recording, len(spanish) / RATE, options)
    assert first == transcriber.detect_language(recording, len(spanish) / RATE, options)
    assert first[0] == "es"
    assert first[1] > 0.8
    result = hear(spanish, model="base", language=None)
    assert (result.language, result.language_probability) == ("es", pytest.approx(first[1], abs=0.1))
    for words in ("buenos días", "historia de nuestra ciudad", "muchas gracias"):
        assert letters(words) in letters(text_of(result))


def test_two_languages_in_one_recording(hear: Hear, voice: np.ndarray, spanish: np.ndarray) -> None:
    result = hear(np.concatenate([voice, np.zeros(4 * RATE), spanish]), model="base", language=None)
    assert result.language == "en"
    assert likeness(text_of(result)[: len(ENGLISH)], ENGLISH) > 0.9
    assert "buenosdías" in letters(text_of(result))
    assert set(result.quality.languages) == {"en", "es"}
    assert result.warnings == ("More than one language is spoken: en and es.",)


def test_a_named_language_is_never_switched(hear: Hear, spanish: np.ndarray) -> None:
    result = hear(spanish, model="base", language="es")
    assert {segment.language for segment in result.segments} == {"es"}
    assert result.language_probability is None


def test_translation_is_english(hear: Hear, spanish: np.ndarray) -> None:
    text = text_of(hear(spanish, model="base", language="es", task=Task.TRANSLATE)).lower()
    assert "today we talk about" in text
    assert "museum" in text


def test_english_models_know_their_language(transcriber: Transcriber, voice: np.ndarray) -> None:
    assert transcriber.detect_language(wav(voice), 16.0, Options(model="tiny.en")) == ("en", 1.0)


def test_language_is_told_from_the_first_speech_not_from_the_silence_before(
    transcriber: Transcriber, spanish: np.ndarray
) -> None:
    late = np.concatenate([np.zeros(95 * RATE), spanish])
    code, probability = transcriber.detect_language(wav(late), len(late) / RATE, Options(model="base"))
    assert code == "es"
    assert probability > 0.7
