"""What a caller may ask of the engine, and which model can honour it.

Checked before the upload, so that nobody uploads an hour of audio to learn of a typing error.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from sotto.domain.errors import InvalidInput
from sotto.domain.languages import LANGUAGES


class Task(StrEnum):
    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"  # into English, which is the only target Whisper has


@dataclass(frozen=True)
class ModelFacts:
    """What the catalogue says of a model. `size_mb` is the CTranslate2 float16 file; `note` helps a person choose."""

    name: str
    multilingual: bool
    translates: bool
    size_mb: int
    note: str


MODELS: dict[str, ModelFacts] = {
    facts.name: facts
    for facts in (
        ModelFacts("tiny.en", multilingual=False, translates=False, size_mb=75, note="English only; fastest"),
        ModelFacts("tiny", multilingual=True, translates=True, size_mb=75, note="fastest, roughest"),
        ModelFacts("base.en", multilingual=False, translates=False, size_mb=145, note="English only; fast"),
        ModelFacts("base", multilingual=True, translates=True, size_mb=145, note="fast; good for clear speech"),
        ModelFacts("small.en", multilingual=False, translates=False, size_mb=484, note="English only; balanced"),
        ModelFacts("small", multilingual=True, translates=True, size_mb=484, note="balanced"),
        ModelFacts(
            "medium.en", multilingual=False, translates=False, size_mb=1530, note="English only; accurate, slow on CPU"
        ),
        ModelFacts("medium", multilingual=True, translates=True, size_mb=1530, note="accurate, slow on CPU"),
        ModelFacts("large-v3", multilingual=True, translates=True, size_mb=3090, note="most accurate; wants a GPU"),
        ModelFacts(
            "large-v3-turbo",
            multilingual=True,
            translates=False,
            size_mb=1620,
            note="near large-v3, much faster; wants a GPU",
        ),
    )
}


SPEAKER_MODEL = "voices"
"""What tells speakers apart. A service that offers it, beside the models that a caller may choose, can do that."""


class Options(BaseModel):
    """The caller's choices for one job. Times in seconds. Immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    model: str = "base"
    language: str | None = Field(default=None, description="ISO 639-1 code, or null to detect it once per recording")
    task: Task = Task.TRANSCRIBE
    word_times: bool = True
    prompt: str | None = Field(default=None, max_length=1000, description="text that sets style and spelling")
    hotwords: str | None = Field(
        default=None, max_length=500, description="names and terms, kept over the whole recording"
    )
    beam_size: int = Field(default=1, ge=1, le=10)
    temperature: float = Field(default=0.0, ge=0.0, le=1.0)
    voice_activity: bool = Field(default=True, description="skip silence; off gives every second to the model")
    voice_activity_threshold: float = Field(default=0.5, gt=0.0, lt=1.0)
    voice_activity_min_silence_s: float = Field(default=0.5, ge=0.1, le=10.0)
    speakers: bool = Field(default=False, description="tell speakers apart; needs word_times")
    max_speakers: int | None = Field(default=None, ge=1, le=20, description="how many people speak at most, if known")


def check_options(options: Options, offered: frozenset[str]) -> Options:
    """Return `options`, or raise InvalidInput for what cannot be honoured. `offered` are this service's models."""
    facts = MODELS.get(options.model)
    if facts is None or options.model not in offered:
        raise InvalidInput(
            "model",
            expected=f"one of {', '.join(sorted(offered & MODELS.keys()))}",
            found=options.model,
            hint="GET /v1/models lists the models.",
        )
    if options.speakers and SPEAKER_MODEL not in offered:
        raise InvalidInput(
            "speakers",
            expected="false, because this service has no model that tells speakers apart",
            found=True,
            hint="GET /v1/models says whether a service can.",
        )
    return check_honoured(options, facts)


def check_honoured(options: Options, facts: ModelFacts) -> Options:
    """Return `options`, or raise InvalidInput for what a model with these `facts` cannot honour."""
    if options.language is not None and options.language not in LANGUAGES:
        raise InvalidInput(
            "language",
            expected="an ISO 639-1 code that Whisper knows (such as en, de, ja) or null",
            found=options.language,
        )
    if not facts.multilingual and options.language not in (None, "en"):
        raise InvalidInput(
            "language", expected=f"en or null, because {facts.name} knows English only", found=options.language
        )
    if options.task is Task.TRANSLATE and not facts.translates:
        raise InvalidInput(
            "task", expected=f"transcribe, because {facts.name} cannot translate", found=options.task.value
        )
    if options.speakers and not options.word_times:
        raise InvalidInput("word_times", expected="true, because speakers are told apart by word", found=False)
    if options.max_speakers is not None and not options.speakers:
        raise InvalidInput("max_speakers", expected="null without speakers", found=options.max_speakers)
    return options
