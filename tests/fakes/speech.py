"""An engine that says one known word a second, so that joins and crashes can be checked to the word."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from sotto.domain.options import Options
from sotto.domain.parts import Part
from sotto.domain.transcript import EngineFacts, PartTranscript, Quality, Segment, Word


def cut_of(part: Part, duration_s: float) -> tuple[float, float]:
    """The nominal cuts of a part: where this engine starts and ends."""
    return (part.head.at if part.head else 0.0), (part.tail.at if part.tail else duration_s)


class CountingSpeech:
    """Implements workflows.ports.Speech: the word at second 7 is `w7`."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.detections = 0
        self.before_progress: Callable[[], None] = lambda: None
        self.error: Exception | None = None

    def detect_language(self, recording: BinaryIO, duration_s: float, options: Options) -> tuple[str, float]:
        self.detections += 1
        return "en", 0.99

    def transcribe_part(
        self,
        recording: BinaryIO,
        part: Part,
        duration_s: float,
        options: Options,
        *,
        language: str,
        language_probability: float | None,
        on_progress: Callable[[float], None],
    ) -> PartTranscript:
        self.calls.append(part.index)
        if self.error:
            raise self.error
        start, end = cut_of(part, duration_s)
        self.before_progress()
        on_progress((end - start) / 2)
        seconds = range(int(start), int(end))
        words = tuple(Word(text=f"w{n}", start=n, end=n + 0.9, probability=0.9) for n in seconds)
        segment = Segment(
            start=float(seconds[0]),
            end=seconds[-1] + 0.9,
            text=" ".join(word.text for word in words),
            words=words,
            language=language,
            average_log_probability=-0.1,
            compression_ratio=1.1,
            no_speech_probability=0.01,
            temperature=0.0,
        )
        return PartTranscript(
            index=part.index,
            start=start,
            end=end,
            language=language,
            language_probability=language_probability,
            segments=(segment,),
            quality=Quality(score=0.9, speech_s=end - start, windows=1),
            engine=EngineFacts(
                engine="ctranslate2", model="tiny.en", model_sha256="0" * 64, compute_type="int8", version="0"
            ),
            wall_s=0.1,
            cpu_s=0.1,
        )
