"""The routes of functions/audio, which follow OpenAI's API."""

from __future__ import annotations

from sotto.domain.errors import (
    MinutesUsedUp,
    NotFound,
    RecordingRejected,
    SottoError,
    TooLarge,
    Unavailable,
    WrongState,
    every_error,
)
from sotto.domain.renderings import CONTENT_TYPES
from sotto.entry.job_shapes import JobAnswer
from sotto.entry.openai_answers import DiarizedAnswer, TranscriptionAnswer, VerboseAnswer
from sotto.entry.openai_form import TranscriptionForm
from sotto.entry.openai_shapes import FORMATS
from sotto.entry.openapi.route import JSON, TEXT, Door, Reply, Route

_JOB = {"X-Sotto-Job": "the job's id"}
_TEXTS = {CONTENT_TYPES[one]: TEXT for one in FORMATS.values()}
_TRANSLATED = Reply("The transcript.", {JSON: (TranscriptionAnswer, VerboseAnswer), **_TEXTS}, _JOB)
_TRANSCRIBED = Reply("The transcript.", {JSON: (TranscriptionAnswer, VerboseAnswer, DiarizedAnswer), **_TEXTS}, _JOB)
_LATER = {
    202: Reply(
        "The job, for who sent `Prefer: respond-async`.",
        {JSON: JobAnswer},
        {
            "Location": "path of the job",
            "Preference-Applied": "respond-async",
            "Retry-After": "seconds until the transcript is probably there",
        },
    ),
}
# Why a job failed is why the request that waits for it fails.
_ENDINGS = tuple(one for one in every_error() if issubclass(one, (RecordingRejected, MinutesUsedUp, Unavailable)))
_ERRORS: tuple[type[SottoError], ...] = (NotFound, WrongState, TooLarge, *_ENDINGS)
_HEADERS = {"Prefer": "`respond-async` to be answered before the transcript is there (RFC 7240)"}

AUDIO = Door(
    "audio",
    "OpenAI-compatible",
    "For programs that use an OpenAI client. Errors have OpenAI's shape, with our codes.",
    (
        Route(
            "POST",
            "/audio/transcriptions",
            "transcribe",
            "A transcript in the language that was spoken.",
            {200: _TRANSCRIBED, **_LATER},
            form=TranscriptionForm,
            headers=_HEADERS,
            errors=_ERRORS,
        ),
        Route(
            "POST",
            "/audio/translations",
            "translate",
            "A transcript in English.",
            {200: _TRANSLATED, **_LATER},
            form=TranscriptionForm,
            headers=_HEADERS,
            errors=_ERRORS,
        ),
    ),
    like_openai=True,
)
