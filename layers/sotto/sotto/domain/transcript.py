"""The canonical transcript: the one result from which every format, search and report is made.

Times are seconds from the start of the recording, as floats rounded to milliseconds. Every number was measured:
word times come from the model's cross-attention, probabilities from its softmax. Where nothing was measured the
field is null, never a guess.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sotto.domain.options import Options

SCHEMA = "sotto.transcript/1"
SHORT_BY_S = 2.0
"""What encoders add and players take away is less."""


class Frozen(BaseModel):
    # What was said gets into no message of an error, and so into no log.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Word(Frozen):
    """One spoken word as it is written, punctuation attached, no leading space."""

    id: int | None = Field(
        default=None, description="its number in the transcript, never used again; null in the result of a part"
    )
    text: str
    start: float
    end: float
    probability: float | None = Field(ge=0.0, le=1.0, description="null for an edited word, which no model heard")
    edited: bool = Field(
        default=False, description="a person wrote it: its time is a share of the gap that it fills, not a measurement"
    )

    @model_validator(mode="after")
    def _what_was_heard_was_measured(self) -> Self:
        if (self.probability is None) is not self.edited:
            raise ValueError("a word is edited, or it has a probability")
        return self

    @property
    def heard(self) -> float:
        """The probability of a word that the engine heard; an edited one must not be asked."""
        if self.probability is None:
            raise ValueError(f"word {self.id}: expected one that was heard, found an edited one")
        return self.probability


class Segment(Frozen):
    """A stretch of speech for reading (about a sentence). `words` is empty when word times were not asked for."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    language: str
    average_log_probability: float
    compression_ratio: float
    no_speech_probability: float
    temperature: float = Field(description="0.0 unless the fallback decoded this text")
    edited: bool = Field(
        default=False, description="a person changed words of it; its measures are about the engine's text"
    )
    speaker: str | None = Field(
        default=None, description="who says it, the same name over the whole recording; null when nobody asked"
    )


class Spot(Frozen):
    """A place that a reader should check, and the measured reason."""

    start: float
    end: float
    reason: str


class Quality(Frozen):
    """What was measured about trust in the engine's text. The formulas are in docs/speech.md."""

    score: float | None = Field(description="mean word probability, weighted by time; null without words")
    speech_s: float = Field(description="seconds that the voice activity detector called speech")
    spots: tuple[Spot, ...] = ()
    loops_found: int = Field(
        default=0, description="windows whose first decoding repeated itself and was decoded again"
    )
    windows: int = 0
    windows_decoded_again: int = 0
    windows_dropped: int = Field(default=0, description="windows without speech that yielded text, which was dropped")
    languages: dict[str, float] = Field(default_factory=dict, description="language -> seconds of text")


class EngineFacts(Frozen):
    """What turned sound into text: enough to do it again."""

    engine: Literal["ctranslate2", "torch"]
    model: str
    model_sha256: str
    compute_type: str
    version: str


class Voice(Frozen):
    """One voice of a part, for telling at the join which voices of other parts are the same person's.

    It says something about a body, so it stays in the part's result, which is deleted with the job's work.
    """

    id: int
    seconds: float = Field(gt=0.0, description="how much of the part it was measured in")
    mean: tuple[float, ...] = Field(description="mean of the unit vectors of its windows; itself shorter than 1")


class Turn(Frozen):
    """From the first to the last word that a voice says in a row."""

    start: float
    end: float
    voice: int


class PartTranscript(Frozen):
    """The result of one part, as a worker writes it to work/. `start` and `end` are the cuts it transcribed between."""

    index: int
    start: float
    end: float
    language: str
    language_probability: float | None = Field(description="null when the caller named the language")
    segments: tuple[Segment, ...]
    quality: Quality
    warnings: tuple[str, ...] = ()
    voices: tuple[Voice, ...] = Field(default=(), description="empty unless the job asked for speakers")
    turns: tuple[Turn, ...] = ()
    engine: EngineFacts
    wall_s: float
    cpu_s: float


class RecordingFacts(Frozen):
    """What intake measured about the recording. `duration_s` is decoded time, not the header's claim."""

    name: str
    size_bytes: int
    etag: str
    duration_s: float
    announced_s: float | None = Field(default=None, description="the header's claim; null when it makes none")
    container: str
    codec: str
    sample_rate: int
    channels: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is strange about the recording itself."""
        if self.announced_s is None or self.announced_s - self.duration_s <= SHORT_BY_S:
            return ()
        announced, found = f"{self.announced_s:.0f} s", f"{self.duration_s:.0f} s"
        return (f"The file says that it lasts {announced}, but its sound ends after {found}: it may be cut off.",)


class Transcript(Frozen):
    """transcripts/<owner>/<job>/<attempt>/transcript.json: enough to rebuild its job record (docs/architecture.md)."""

    schema_name: Literal["sotto.transcript/1"] = Field(default="sotto.transcript/1", alias="schema")
    owner: str
    job_id: str
    attempt: int
    version: int = Field(default=1, ge=1, description="1 is the engine's; each edit makes the next")
    next_word_id: int = Field(default=0, ge=0, description="the id that the next new word will have")
    created_at: str
    completed_at: str
    recording: RecordingFacts
    options: Options
    language: str
    language_probability: float | None
    segments: tuple[Segment, ...]
    quality: Quality
    warnings: tuple[str, ...]
    engine: EngineFacts
    parts: int
    engine_wall_s: float
    engine_cpu_s: float

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)
