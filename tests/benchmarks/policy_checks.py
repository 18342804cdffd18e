"""What the policy promises, measured: parts lose nothing, silence stays silent, words stand where they were said, and
what the quality report tells a reader to check is where the errors are."""

from __future__ import annotations

import io
import statistics
import string
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sotto.domain.options import Options
from sotto.domain.parts import plan_parts
from sotto.domain.transcript import PartTranscript, Spot, Word
from sotto.speech.transcriber import Transcriber
from tests.benchmarks.clips import SAMPLE_RATE, Clip, decode
from tests.benchmarks.spoken import VOICES, SpokenWord, speak
from tests.benchmarks.word_errors import compare, edits, matches, normal_words

ONE_PASS_S = 100_000.0
Sound = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Heard:
    """A recording's text and words, over all its parts."""

    text: str
    words: list[Word]
    parts: list[PartTranscript]


def hear(
    transcriber: Transcriber, model: str, sound: Sound, *, part_s: float = ONE_PASS_S, voice_activity: bool = True
) -> Heard:
    """Transcribe `sound` as English in parts of `part_s`, exactly as workers do."""
    recording = io.BytesIO()
    with wave.open(recording, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(sound.astype("<i2").tobytes())
    duration_s = len(sound) / SAMPLE_RATE
    options = Options(model=model, language="en", voice_activity=voice_activity)
    results = [
        transcriber.transcribe_part(
            recording,
            part,
            duration_s,
            options,
            language="en",
            language_probability=None,
            on_progress=lambda _seconds: None,
        )
        for part in plan_parts(duration_s, part_s)
    ]
    segments = [segment for result in results for segment in result.segments]
    return Heard(
        " ".join(segment.text for segment in segments),
        [word for segment in segments for word in segment.words],
        results,
    )


def parts_and_one_pass(
    transcriber: Transcriber, model: str, clips: Sequence[Clip], lengths_s: Sequence[float]
) -> list[dict[str, Any]]:
    """All clips joined into one recording, in one pass and in parts: word errors, and words that changed."""
    pause = np.zeros(SAMPLE_RATE // 2, np.int16)
    sound = np.concatenate([piece for clip in clips for piece in (decode(clip.wav), pause)])
    reference = " ".join(clip.reference for clip in clips)
    whole = hear(transcriber, model, sound)
    rows = []
    for length_s in (ONE_PASS_S, *lengths_s):
        heard = whole if length_s == ONE_PASS_S else hear(transcriber, model, sound, part_s=length_s)
        rows.append(
            {
                "part_s": None if length_s == ONE_PASS_S else length_s,
                "parts": len(heard.parts),
                "seconds": round(len(sound) / SAMPLE_RATE, 1),
                "errors": compare(reference, heard.text).as_dict(),
                "against_one_pass": compare(whole.text, heard.text).as_dict(),
                "words_in_order": _in_order(heard.words, len(sound) / SAMPLE_RATE),
            }
        )
    return rows


def sounds_without_speech(seconds: float = 60.0) -> dict[str, Sound]:
    """Silence, noises, and something like music: nobody speaks in any of them."""
    count = int(seconds * SAMPLE_RATE)
    generator = np.random.default_rng(3)
    white = generator.standard_normal(count)
    spectrum = np.fft.rfft(white)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), count)
    time_s = np.arange(count) / SAMPLE_RATE
    chords = np.zeros(count)
    for beat, root in enumerate(np.resize([220.0, 261.63, 196.0, 174.61], int(seconds * 2))):
        inside = (time_s >= beat / 2) & (time_s < beat / 2 + 0.5)
        envelope = np.exp(-3 * (time_s[inside] - beat / 2))
        chords[inside] = sum(np.sin(2 * np.pi * root * ratio * time_s[inside]) for ratio in (1, 1.25, 1.5)) * envelope
    hum = np.sin(2 * np.pi * 50 * time_s) + 0.3 * np.sin(2 * np.pi * 150 * time_s)
    return {
        "silence": np.zeros(count, np.int16),
        "white noise, quiet": _scaled(white, 0.003),
        "white noise, loud": _scaled(white, 0.1),
        "pink noise": _scaled(pink, 0.1),
        "chords": _scaled(chords, 0.2),
        "mains hum": _scaled(hum, 0.1),
    }


def without_speech(transcriber: Transcriber, model: str) -> list[dict[str, Any]]:
    """The words found where there are none, with and without voice activity detection."""
    rows = []
    for name, sound in sounds_without_speech().items():
        for voice_activity in (True, False):
            heard = hear(transcriber, model, sound, voice_activity=voice_activity)
            rows.append(
                {
                    "sound": name,
                    "voice_activity": voice_activity,
                    "words": len(heard.text.split()),
                    "text": heard.text[:200],
                    "windows_dropped": sum(part.quality.windows_dropped for part in heard.parts),
                }
            )
    return rows


def word_times(transcriber: Transcriber, model: str) -> list[dict[str, Any]]:
    """Errors of word starts and ends against what flite synthesised, by voice."""
    rows = []
    for voice in VOICES:
        sound, truth = speak(voice)
        heard = hear(transcriber, model, sound)
        rows.append({"voice": voice, **time_errors(truth, heard.words, len(sound) / SAMPLE_RATE)})
    return rows


def time_errors(truth: Sequence[SpokenWord], found: Sequence[Word], length_s: float) -> dict[str, Any]:
    """Milliseconds between true and found times of the words that were recognised."""
    pairs = matches([_bare(word.text) for word in truth], [_bare(word.text) for word in found])
    starts = [abs(truth[i].start - found[j].start) * 1000 for i, j in pairs]
    ends = [abs(truth[i].end - found[j].end) * 1000 for i, j in pairs]
    return {
        "words": len(truth),
        "matched": len(pairs),
        "start_ms": _spread(starts),
        "end_ms": _spread(ends),
        "in_order": _in_order(found, length_s),
    }


@dataclass
class Flagged:
    """How many errors and how many words of a text lie in the spots of its quality report."""

    errors: int = 0
    errors_in_spots: int = 0
    words: int = 0
    words_in_spots: int = 0

    def add(self, reference: str, words: Sequence[Word], spots: Sequence[Spot]) -> None:
        """Count a transcript's `words` against what was said. A lost word shows in the words beside it."""
        inside = [any(spot.start <= word.start and word.end <= spot.end for spot in spots) for word in words]
        owners = [(i, normal) for i, word in enumerate(words) for normal in normal_words(word.text)]
        expected, found = normal_words(reference), [normal for _, normal in owners]
        last = 0
        for i, j in edits(expected, found):
            last = owners[j][0] if j is not None else last
            if i is not None and j is not None and expected[i] == found[j]:
                continue
            near = (last, min(last + 1, len(words) - 1)) if j is None else (last,)
            self.errors += 1
            self.errors_in_spots += any(inside[place] for place in near)
        self.words += len(words)
        self.words_in_spots += sum(inside)


def spots_and_errors(
    transcriber: Transcriber, model: str, clips: Sequence[Clip], noises: Sequence[float]
) -> list[dict[str, Any]]:
    """Each clip with white noise of each share of its loudness: whether the report's spots hold its errors."""
    rows = []
    for noise in noises:
        generator, flagged = np.random.default_rng(8), Flagged()
        for clip in clips:
            sound = decode(clip.wav).astype(np.float64)
            sound += generator.standard_normal(len(sound)) * sound.std() * noise
            (part,) = hear(transcriber, model, sound.clip(-32768, 32767).astype(np.int16)).parts
            words = [word for segment in part.segments for word in segment.words]
            flagged.add(clip.reference, words, part.quality.spots)
        rows.append({"noise": noise, **asdict(flagged)})
    return rows


def _spread(errors: Sequence[float]) -> dict[str, float]:
    ordered = sorted(errors)
    return {
        "median": round(statistics.median(ordered), 1),
        "mean": round(statistics.fmean(ordered), 1),
        "p90": round(ordered[int(0.9 * (len(ordered) - 1))], 1),
        "most": round(ordered[-1], 1),
    }


def _in_order(words: Sequence[Word], length_s: float) -> bool:
    times = [moment for word in words for moment in (word.start, word.end)]
    return times == sorted(times) and all(0 <= moment <= length_s for moment in times)


def _bare(word: str) -> str:
    return word.strip().lower().strip(string.punctuation)


def _scaled(samples: npt.NDArray[np.float64], loudness: float) -> Sound:
    return (samples / np.abs(samples).max() * loudness * 32767).astype(np.int16)
