"""OpenAI's answers and refusals over HTTP; entry/openai_answers.py has the JSON of a transcript."""

from __future__ import annotations

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from sotto.domain.errors import LimitReached, Rejected, SottoError, TooLarge, Unavailable
from sotto.domain.job import Job
from sotto.domain.renderings import CONTENT_TYPES, render
from sotto.domain.transcript import Transcript
from sotto.entry.openai_answers import (
    DiarizedAnswer,
    OpenAiError,
    OpenAiProblem,
    TranscriptionAnswer,
    VerboseAnswer,
)
from sotto.entry.openai_form import DIARIZED, TranscriptionForm
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
        body, content_type = _shape(transcript, form).model_dump_json(exclude_unset=True), "application/json"
    if len(body.encode()) > MAX_ANSWER_BYTES:
        raise TooLarge(
            f"answer: expected at most {MAX_ANSWER_BYTES} bytes, found more",
            hint=f"GET /v1/jobs/{job.id}/transcript has every format, however long.",
        )
    return Response(status_code=HTTPStatus.OK, content_type=content_type, body=body, headers=headers)


def _shape(transcript: Transcript, form: TranscriptionForm) -> TranscriptionAnswer | VerboseAnswer | DiarizedAnswer:
    if form.response_format == DIARIZED:
        return DiarizedAnswer.of(transcript)
    if form.response_format == "verbose_json":
        return VerboseAnswer.of(transcript, form.timestamp_granularities)
    return TranscriptionAnswer.of(transcript)


def refusal(error: SottoError, request: str) -> Response[str]:
    """`error` as OpenAI's clients show it. They retry 409 and 5xx unless told not to, so only what may help is."""
    again = not isinstance(error, Rejected) or isinstance(error, LimitReached)
    headers = {"X-Request-Id": request, "Cache-Control": "no-store", "X-Should-Retry": str(again).lower()}
    if isinstance(error, (LimitReached, Unavailable)):
        headers["Retry-After"] = str(error.retry_after_s)
    kind = _TYPES.get(HTTPStatus(error.status), "invalid_request_error" if error.status < 500 else "server_error")
    body = OpenAiError(
        error=OpenAiProblem(
            message=f"{error.message}. {error.hint}",
            type=kind,
            param=getattr(error, "key", None),
            code=error.code,
            request_id=request,
        )
    ).model_dump_json()
    return Response(status_code=error.status, content_type="application/json", body=body, headers=headers)
