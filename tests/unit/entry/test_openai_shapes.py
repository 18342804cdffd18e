"""OpenAI's shapes, where its client in tests/integration/integrations cannot see the difference."""

from __future__ import annotations

import json

import openai
import pytest
from openai.types.audio.transcription_diarized import TranscriptionDiarized

from sotto.domain.errors import (
    Failure,
    Forbidden,
    InvalidInput,
    LimitReached,
    NotARecording,
    NotFound,
    PartFailedRepeatedly,
    SottoError,
    StillTranscribing,
    TooLarge,
    Unauthenticated,
    WrongState,
    error_of,
)
from sotto.domain.options import SPEAKER_MODEL
from sotto.entry import openai_shapes
from sotto.entry.job_shapes import ModelsAnswer
from sotto.entry.openai_form import TranscriptionForm, wants_no_wait
from tests.examples import QUEUED
from tests.unit.domain.test_renderings import TRANSCRIPT


def test_the_models_have_both_shapes() -> None:
    answer = json.loads(ModelsAnswer.of(frozenset({"base", "large-v3"}), "base").model_dump_json())
    assert [one["name"] for one in answer["models"]] == ["base", "large-v3"]
    assert answer["speakers"] is False
    assert ModelsAnswer.of(frozenset({"base", SPEAKER_MODEL}), "base").speakers
    assert answer["object"] == "list"
    found = [openai.types.Model.model_validate(one) for one in answer["data"]]
    assert [(one.id, one.owned_by) for one in found] == [("base", "openai-whisper"), ("large-v3", "openai-whisper")]
    assert found[0].created < found[1].created


@pytest.mark.parametrize(
    ("error", "kind", "again"),
    [
        (InvalidInput("model", expected="one", found="two"), "invalid_request_error", "false"),
        (Unauthenticated("expected a key"), "authentication_error", "false"),
        (Forbidden("expected a scope"), "permission_error", "false"),
        (NotFound("expected a job"), "not_found_error", "false"),
        (WrongState("expected COMPLETED"), "invalid_request_error", "false"),
        (LimitReached("too many", retry_after_s=7), "rate_limit_error", "true"),
        (StillTranscribing("not yet", retry_after_s=9), "server_error", "true"),
        (SottoError("unknown"), "server_error", "true"),
    ],
)
def test_a_refusal_says_whether_another_try_may_help(error: SottoError, kind: str, again: str) -> None:
    answer = openai_shapes.refusal(error, "request-1")
    body = json.loads(answer.body or "")["error"]
    assert (answer.status_code, body["type"], body["code"]) == (error.status, kind, error.code)
    assert answer.headers["X-Should-Retry"] == again
    assert answer.headers.get("Retry-After") == (str(error.retry_after_s) if hasattr(error, "retry_after_s") else None)


def test_an_answer_that_lambda_would_not_pass_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_shapes, "MAX_ANSWER_BYTES", 10)
    with pytest.raises(TooLarge) as refused:
        openai_shapes.transcription(QUEUED, TRANSCRIPT, TranscriptionForm())
    assert f"/v1/jobs/{QUEUED.id}/transcript" in refused.value.hint


def test_speakers_are_letters_in_order_of_appearance() -> None:
    speakers = ["Ann", None, *(f"Speaker {number}" for number in range(2, 29)), "Ann"]
    segments = tuple(TRANSCRIPT.segments[0].model_copy(update={"speaker": name}) for name in speakers)
    transcript = TRANSCRIPT.model_copy(update={"segments": segments})
    answer = openai_shapes.transcription(QUEUED, transcript, TranscriptionForm(response_format="diarized_json"))
    found = TranscriptionDiarized.model_validate_json(answer.body or "", strict=True)
    letters = [segment.speaker for segment in found.segments]
    assert letters[:4] == ["A", "", "B", "C"]
    assert letters[-4:] == ["Z", "AA", "AB", "A"]
    assert len({segment.id for segment in found.segments}) == len(speakers)


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [("respond-async", True), ("wait=10, Respond-Async ; x=1", True), ("", False), ("respond-asynchronously", False)],
)
def test_the_header_prefer(prefer: str, expected: bool) -> None:
    assert wants_no_wait(prefer) is expected


@pytest.mark.parametrize("error", [NotARecording("expected sound"), PartFailedRepeatedly("expected a result")])
def test_a_jobs_failure_becomes_the_error_that_it_was(error: SottoError) -> None:
    again = error_of(error.failure)
    assert (type(again), again.message, again.hint, again.status) == (
        type(error),
        error.message,
        error.hint,
        error.status,
    )


def test_a_failure_that_nobody_knows_is_the_services_own() -> None:
    again = error_of(Failure("from_an_older_version", "expected, found", "hint"))
    assert (again.status, again.message) == (500, "expected, found")
