"""OpenAI's answers, made from the canonical transcript: what its clients read, and nothing that was not measured.

`seek` is null and `tokens` is empty, because a joined transcript has neither.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from sotto.domain.errors import LimitReached, Rejected, SottoError, TooLarge, Unavailable
from sotto.domain.job import Job
from sotto.domain.languages import LANGUAGES
from sotto.domain.options import Task
from sotto.domain.renderings import CONTENT_TYPES, render
from sotto.domain.transcript import Segment, Transcript
from sotto.entry.openai_form import TranscriptionForm
from sotto.workflows.read_transcript import MAX_ANSWER_BYTES

FORMATS = {"text": "txt", "srt": "srt", "vtt": "vtt"}
"""OpenAI's name of a format -> the rendering."""
_TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}


def transcription(job: Job, transcript: Transcript, form: TranscriptionForm) -> Response[str]:
    """The transcript in the format that the form names."""
    headers = {"Cache-Control": "no-store", "X-Sotto-Job": job.id}
    if form.response_format in FORMATS:
        extension = FORMATS[form.response_format]
        body, content_type = render(transcript, extension).decode(), CONTENT_TYPES[extension]
    else:
        brief = form.response_format == "json"
        shape = _brief(transcript) if brief else _verbose(transcript, set(form.timestamp_granularities))
        body, content_type = json.dumps(shape, ensure_ascii=False), "application/json"
    if len(body.encode()) > MAX_ANSWER_BYTES:
        raise TooLarge(
            f"answer: expected at most {MAX_ANSWER_BYTES} bytes, found more",
            hint=f"GET /v1/jobs/{job.id}/transcript has every format, however long.",
        )
    return Response(status_code=HTTPStatus.OK, content_type=content_type, body=body, headers=headers)


def refusal(error: SottoError, request: str) -> Response[str]:
    """`error` as OpenAI's clients show it. They retry 409 and 5xx unless told not to, so only what may help is."""
    again = not isinstance(error, Rejected) or isinstance(error, LimitReached)
    headers = {"X-Request-Id": request, "Cache-Control": "no-store", "X-Should-Retry": str(again).lower()}
    if isinstance(error, (LimitReached, Unavailable)):
        headers["Retry-After"] = str(error.retry_after_s)
    kind = _TYPES.get(HTTPStatus(error.status), "invalid_request_error" if error.status < 500 else "server_error")
    body = {
        "error": {
            "message": f"{error.message}. {error.hint}",
            "type": kind,
            "param": getattr(error, "key", None),
            "code": error.code,
            "request_id": request,
        }
    }
    return Response(status_code=error.status, content_type="application/json", body=json.dumps(body), headers=headers)


def _brief(transcript: Transcript) -> dict[str, Any]:
    return {"text": transcript.text, "usage": _usage(transcript)}


def _verbose(transcript: Transcript, granularities: set[str]) -> dict[str, Any]:
    translated = transcript.options.task is Task.TRANSLATE
    shape: dict[str, Any] = {
        "task": transcript.options.task.value,
        "language": LANGUAGES["en" if translated else transcript.language].lower(),
        "duration": transcript.recording.duration_s,
        "text": transcript.text,
        "usage": _usage(transcript),
    }
    if "segment" in granularities:
        shape["segments"] = [_segment(number, one) for number, one in enumerate(transcript.segments)]
    if "word" in granularities:
        words = (word for segment in transcript.segments for word in segment.words)
        shape["words"] = [{"word": word.text, "start": word.start, "end": word.end} for word in words]
    return shape


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    return {
        "id": number,
        "seek": None,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": [],
        "temperature": segment.temperature,
        "avg_logprob": segment.average_log_probability,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": segment.no_speech_probability,
    }


def _usage(transcript: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": transcript.recording.duration_s}
