"""Transcribes a part of a recording: what a worker, the container and `sotto speech` all call.

A part is read in three pieces: the boundary window at its head, the one at its tail (both exactly as the neighbours
read them, so that all choose the same cuts), and the audio between the two cuts. Memory is bounded by the part.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, Protocol

from sotto.domain.errors import ModelUnavailable
from sotto.domain.options import Options
from sotto.domain.parts import Boundary, Part, Span, choose_cut
from sotto.domain.transcript import PartTranscript, Word
from sotto.speech.audio import read_span
from sotto.speech.decoding import Decoded, Decoder
from sotto.speech.engine import SAMPLE_RATE, WINDOW_S, Engine, Samples
from sotto.speech.quality_report import quality_report
from sotto.speech.segments import build_segments
from sotto.speech.tokens import Tokens
from sotto.speech.voice_activity import VAD_FRAME_S, Probabilities, VoiceActivity, speech_spans
from sotto.speech.voice_encoder import VoiceEncoder
from sotto.speech.voices import Heard, tell_apart
from sotto.speech.windows import CUT_SILENCE_S, Window, speech_windows

logger = logging.getLogger(__name__)

DETECT_STRIDE_S = 60.0
DETECT_WITHIN_S = 900.0
"""How far into the recording the first speech is looked for before its language is told from its beginning."""


@dataclass(frozen=True)
class LoadedModel:
    """An engine with its model, and the vocabulary that goes with it."""

    engine: Engine
    tokens: Tokens


class Models(Protocol):
    """Where models come from (loading.py)."""

    def __call__(self, name: str) -> LoadedModel:
        """The model called `name`. Raises ModelUnavailable."""
        ...

    def voices(self) -> VoiceEncoder:
        """What tells speakers apart. Raises ModelUnavailable."""
        ...


class Transcriber:
    """`load` is asked when something is first needed, and should remember its answers."""

    def __init__(self, load: Models) -> None:
        self._load = load
        self._voice = VoiceActivity()

    def load(self, model: str) -> LoadedModel:
        """Have the model ready (readiness, warm-up). Raises ModelUnavailable."""
        return self._load(model)

    def detect_language(self, recording: BinaryIO, duration_s: float, options: Options) -> tuple[str, float]:
        """Language code and probability, from the first speech in the recording: the same whoever asks."""
        model = self._load(options.model)
        if not model.engine.multilingual:
            return "en", 1.0
        audio = self._first_speech(recording, duration_s, options)
        encoded = model.engine.encode(model.engine.features([audio], round(WINDOW_S * 100)))
        row = model.engine.detect_language(encoded)[0]
        code = max(row, key=row.__getitem__)
        return code, round(float(row[code]), 4)

    def transcribe_part(
        self,
        recording: BinaryIO,
        part: Part,
        duration_s: float,
        options: Options,
        *,
        language: str | None,
        language_probability: float | None,
        on_progress: Callable[[float], None],
    ) -> PartTranscript:
        """Transcribe from cut to cut. `language` None detects it from the head of the recording.

        `on_progress` gets the seconds of this part that are done; what it raises ends the work.
        Raises RecordingDamaged, NoAudioTrack, ModelUnavailable, and whatever the recording's reader raises.
        """
        wall, cpu = time.monotonic(), time.process_time()
        model = self._load(options.model)
        if language is None:
            language, language_probability = self.detect_language(recording, duration_s, options)
        start = self._cut(recording, part.head) if part.head else 0.0
        end = self._cut(recording, part.tail) if part.tail else round(duration_s, 3)
        audio = read_span(recording, start, end, part.head.anchor if part.head else None)
        speech = self._voice.probabilities(audio)
        spans, windows = self._windows(audio, speech, options)
        decoder = Decoder(model.engine, model.tokens, options, language, switching=options.language is None)
        on_progress(0.0)
        results = decoder.decode(audio, windows, speech, lambda share: on_progress(round(share * (end - start), 3)))
        kept = [one for one in results if not one.silent]
        dropped = [one for one in results if one.silent and one.text.strip()]
        segments = build_segments(kept, start, end)
        words = [word for segment in segments for word in segment.words]
        quality = quality_report(segments, words, kept, dropped, spans, start)
        heard, untold = self._speakers(audio, speech, words, start) if options.speakers else (Heard((), ()), ())
        if not options.word_times:
            segments = [segment.model_copy(update={"words": ()}) for segment in segments]
        on_progress(round(end - start, 3))
        return PartTranscript(
            index=part.index,
            start=start,
            end=end,
            language=language,
            language_probability=language_probability,
            segments=tuple(segments),
            quality=quality,
            warnings=(*_warnings(kept, language), *untold),
            voices=heard.voices,
            turns=heard.turns,
            engine=model.engine.facts,
            wall_s=round(time.monotonic() - wall, 3),
            cpu_s=round(time.process_time() - cpu, 3),
        )

    def _speakers(
        self, audio: Samples, speech: Probabilities, words: list[Word], offset_s: float
    ) -> tuple[Heard, tuple[str, ...]]:
        """Who speaks. Whatever fails here, the transcript is whole all the same, and a warning says why."""
        try:
            return tell_apart(audio, speech, words, offset_s, self._load.voices()), ()
        except ModelUnavailable:
            return Heard((), ()), ("Speakers could not be told apart: the model for it is not available.",)
        except Exception:  # optional: nobody loses his words for it
            logger.exception("speakers not told apart")
            return Heard((), ()), ("Speakers could not be told apart: something went wrong.",)

    def _cut(self, recording: BinaryIO, boundary: Boundary) -> float:
        """Where the neighbours cut too. The caller's detection threshold has no say in it."""
        audio = read_span(recording, boundary.window_start, boundary.window_end, boundary.anchor)
        return choose_cut(boundary, self._voice.probabilities(audio).tolist(), VAD_FRAME_S)

    @staticmethod
    def _windows(audio: Samples, speech: Probabilities, options: Options) -> tuple[list[Span], list[Window]]:
        """Where speech is, and the windows that the model gets to hear."""
        if not options.voice_activity:
            everything = [Span(0.0, len(audio) / SAMPLE_RATE)] if len(audio) else []
            return everything, speech_windows(everything, (), speech)
        threshold = options.voice_activity_threshold
        spans = speech_spans(speech, threshold, options.voice_activity_min_silence_s)
        fine = speech_spans(speech, threshold, CUT_SILENCE_S)
        pauses = [Span(before.end, after.start) for before, after in pairwise(fine)]
        return spans, speech_windows(spans, pauses, speech)

    def _first_speech(self, recording: BinaryIO, duration_s: float, options: Options) -> Samples:
        """Up to 30 s from the first speech on; the recording's beginning when there is none within reason."""
        at = 0.0
        while at < min(duration_s, DETECT_WITHIN_S):
            audio = read_span(recording, at, min(at + DETECT_STRIDE_S + WINDOW_S, duration_s))
            speech = self._voice.probabilities(audio)
            spans = speech_spans(speech, options.voice_activity_threshold, options.voice_activity_min_silence_s)
            if spans and spans[0].start < DETECT_STRIDE_S:
                first = max(0, round((spans[0].start - 0.2) * SAMPLE_RATE))
                return audio[first : first + round(WINDOW_S * SAMPLE_RATE)]
            at += DETECT_STRIDE_S
        return read_span(recording, 0.0, min(WINDOW_S, duration_s))


def _warnings(kept: list[Decoded], language: str) -> tuple[str, ...]:
    others = sorted({one.language for one in kept if one.language != language})
    found = []
    if others:
        found.append(f"More than one language is spoken: {language} and {', '.join(others)}.")
    if not any(one.text.strip() for one in kept):
        found.append("No speech was found in a part of the recording.")
    return tuple(found)
