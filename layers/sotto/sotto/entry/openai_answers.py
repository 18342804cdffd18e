"""The JSON that OpenAI's clients read from the two audio routes; nothing in it was invented.

`seek` is null and `tokens` is empty, because a joined transcript has neither.
"""

from __future__ import annotations

from collections.abc import Collection
from string import ascii_uppercase
from typing import Literal

from pydantic import ConfigDict, Field

from sotto.domain.languages import LANGUAGES
from sotto.domain.options import Task
from sotto.domain.transcript import Segment, Transcript, Word
from sotto.entry.job_shapes import Shape


class DurationUsage(Shape):
    type: Literal["duration"]
    seconds: float

    @classmethod
    def of(cls, transcript: Transcript) -> DurationUsage:
        return cls(type="duration", seconds=transcript.recording.duration_s)


class TranscriptionAnswer(Shape):
    """`response_format` json."""

    text: str
    usage: DurationUsage

    @classmethod
    def of(cls, transcript: Transcript) -> TranscriptionAnswer:
        return cls(text=transcript.text, usage=DurationUsage.of(transcript))


class VerboseSegment(Shape):
    id: int
    seek: None
    start: float
    end: float
    text: str
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float

    @classmethod
    def of(cls, number: int, segment: Segment) -> VerboseSegment:
        return cls(
            id=number,
            seek=None,
            start=segment.start,
            end=segment.end,
            text=segment.text,
            tokens=[],
            temperature=segment.temperature,
            avg_logprob=segment.average_log_probability,
            compression_ratio=segment.compression_ratio,
            no_speech_prob=segment.no_speech_probability,
        )


class VerboseWord(Shape):
    word: str
    start: float
    end: float

    @classmethod
    def of(cls, word: Word) -> VerboseWord:
        return cls(word=word.text, start=word.start, end=word.end)


class VerboseAnswer(Shape):
    """`response_format` verbose_json. `segments` and `words` are there when they were asked for."""

    # What was not asked for is left out of the answer, not null, as OpenAI does it.
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"required": ["task", "language", "duration", "text", "usage"]}
    )

    task: Task
    language: str
    duration: float
    text: str
    usage: DurationUsage
    segments: list[VerboseSegment] = Field(default=[])
    words: list[VerboseWord] = Field(default=[])

    @classmethod
    def of(cls, transcript: Transcript, granularities: Collection[str]) -> VerboseAnswer:
        translated = transcript.options.task is Task.TRANSLATE
        answer = cls(
            task=transcript.options.task,
            language=LANGUAGES["en" if translated else transcript.language].lower(),
            duration=transcript.recording.duration_s,
            text=transcript.text,
            usage=DurationUsage.of(transcript),
        )
        if "segment" in granularities:
            answer.segments = [VerboseSegment.of(number, one) for number, one in enumerate(transcript.segments)]
        if "word" in granularities:
            answer.words = [VerboseWord.of(word) for segment in transcript.segments for word in segment.words]
        return answer


class DiarizedSegment(Shape):
    """`speaker` is A, B, ... in order of appearance, whatever its name by now; empty where nobody was told apart."""

    type: Literal["transcript.text.segment"]
    id: str
    start: float
    end: float
    text: str
    speaker: str


class DiarizedAnswer(Shape):
    """`response_format` diarized_json."""

    task: Literal["transcribe"]
    duration: float
    text: str
    segments: list[DiarizedSegment]
    usage: DurationUsage

    @classmethod
    def of(cls, transcript: Transcript) -> DiarizedAnswer:
        letters: dict[str | None, str] = {None: ""}
        for segment in transcript.segments:
            letters.setdefault(segment.speaker, _letter(len(letters) - 1))
        return cls(
            task="transcribe",
            duration=transcript.recording.duration_s,
            text=transcript.text,
            segments=[
                DiarizedSegment(
                    type="transcript.text.segment",
                    id=f"seg_{number}",
                    start=one.start,
                    end=one.end,
                    text=one.text,
                    speaker=letters[one.speaker],
                )
                for number, one in enumerate(transcript.segments)
            ],
            usage=DurationUsage.of(transcript),
        )


def _letter(number: int) -> str:
    """A to Z, then AA, AB, ..."""
    before, last = divmod(number, len(ascii_uppercase))
    return (_letter(before - 1) if before else "") + ascii_uppercase[last]


class OpenAiProblem(Shape):
    """`param` names the wrong field; `code` is one of ours (docs/api/errors.md)."""

    message: str
    type: str
    param: str | None
    code: str
    request_id: str


class OpenAiError(Shape):
    error: OpenAiProblem
