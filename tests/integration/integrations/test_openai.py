"""OpenAI's own Python client against the real handler, the real adapters and a real socket."""

from __future__ import annotations

from pathlib import Path

import boto3
import httpx
import openai
import pytest

from sotto.entry.openai_form import MAX_FORM_BYTES
from sotto.workflows import transcribe_now
from tests.conftest import ROOT
from tests.examples import OWNER, PRINCIPAL
from tests.integration.integrations.conftest import BUCKET, TABLE, Service, Worker

pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # what the client says of translations
SAMPLE = ROOT / "tests/audio/sample.ogg"
KEY = {"Authorization": f"Bearer {PRINCIPAL.credential}"}


@pytest.fixture
def jobs(cloud: None):
    """The ids of the caller's jobs."""

    def ids() -> list[str]:
        found = boto3.client("dynamodb").query(
            TableName=TABLE,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :jobs)",
            ExpressionAttributeValues={":pk": {"S": f"USER#{OWNER}"}, ":jobs": {"S": "JOB#"}},
        )
        return [row["job_id"]["S"] for row in found["Items"]]

    return ids


def test_a_transcription_in_each_format_is_one_job(service: Service, worker: Worker, jobs) -> None:
    worker.allowed.set()

    def create(**options):
        return service.client.audio.transcriptions.create(file=SAMPLE, model="whisper-1", **options)

    brief = create()
    assert brief.text.startswith("w0 w1 w2")
    assert create(response_format="text").split()[:2] == ["w0", "w1"]
    assert create(response_format="srt").startswith("1\n00:00:00,000 --> ")
    assert create(response_format="vtt").startswith("WEBVTT\n\n")
    verbose = create(response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert (verbose.language, verbose.text) == ("english", brief.text)
    assert verbose.duration == brief.usage.seconds > 10
    assert (verbose.words[1].word, verbose.words[1].start, verbose.words[1].end) == ("w1", 1.0, 1.9)
    (segment,) = verbose.segments
    assert segment.text == brief.text
    assert (segment.avg_logprob, segment.compression_ratio, segment.tokens) == (-0.1, 1.1, [])
    only_words = create(response_format="verbose_json", timestamp_granularities=["word"])
    assert only_words.segments is None
    assert len(jobs()) == 1


def test_a_job_that_outlasts_the_gateway_is_picked_up_by_the_clients_own_retries(
    service: Service, worker: Worker, jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcribe_now, "UNKNOWN_WAIT_S", 1)
    monkeypatch.setenv("SOTTO_ANSWER_WITHIN_S", "0.3")
    answered = service.answered
    monkeypatch.setattr(worker, "allowed", _Once(lambda: len(answered) >= 1))
    found = service.client.audio.transcriptions.create(file=SAMPLE, model="whisper-1")
    assert found.text.startswith("w0 w1")
    assert answered[0] == 503
    assert answered[-1] == 200
    assert len(jobs()) == 1


class _Once:
    """An event that is set once something is so."""

    def __init__(self, so) -> None:
        self._so = so

    def wait(self, _: float) -> bool:
        return self._so()


def test_a_translation_says_what_it_is(service: Service, worker: Worker) -> None:
    worker.allowed.set()
    found = service.client.audio.translations.create(file=SAMPLE, model="whisper-1", response_format="verbose_json")
    assert (found.language, found.task) == ("english", "translate")


def test_speakers_are_asked_for_by_the_format(service: Service, worker: Worker, jobs) -> None:
    worker.allowed.set()

    def create(**options):
        return service.client.audio.transcriptions.create(model="whisper-1", **options)

    plain = create(file=SAMPLE)
    (plain_job,) = jobs()
    diarized = create(file=SAMPLE, response_format="diarized_json")
    assert (diarized.task, diarized.text, diarized.usage.type) == ("transcribe", plain.text, "duration")
    assert {segment.speaker for segment in diarized.segments} == {""}, "this worker tells nobody apart"
    (job_id,) = set(jobs()) - {plain_job}
    again = create(file=b"", response_format="diarized_json", extra_body={"upload_id": job_id})
    assert again.segments == diarized.segments
    with pytest.raises(openai.BadRequestError, match="speakers"):
        create(file=b"", response_format="diarized_json", extra_body={"upload_id": plain_job})
    translation = {"file": SAMPLE.read_bytes()}
    form = {"response_format": "diarized_json"}
    refused = httpx.post(f"{service.url}/audio/translations", files=translation, data=form, headers=KEY)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "response_format")


def test_whoever_does_not_want_to_wait_is_told_where_the_job_is(service: Service, jobs) -> None:
    answer = service.client.audio.transcriptions.with_raw_response.create(
        file=SAMPLE, model="tiny.en", extra_headers={"Prefer": "respond-async"}
    )
    assert answer.status_code == 202
    (job_id,) = jobs()
    assert answer.headers["Location"] == f"/v1/jobs/{job_id}"
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.http_response.json()["job"]["options"]["model"] == "tiny.en"


def test_an_upload_takes_the_place_of_the_file(service: Service, worker: Worker, jobs) -> None:
    worker.allowed.set()
    service.client.audio.transcriptions.create(file=SAMPLE, model="whisper-1", language="en")
    (job_id,) = jobs()
    again = service.client.audio.transcriptions.create(
        file=b"", model="whisper-1", response_format="text", extra_body={"upload_id": job_id}
    )
    assert again.startswith("w0 w1")
    with pytest.raises(openai.BadRequestError, match="made with"):
        service.client.audio.transcriptions.create(file=b"", model="tiny.en", extra_body={"upload_id": job_id})
    with pytest.raises(openai.BadRequestError, match="task"):
        service.client.audio.translations.create(file=b"", model="whisper-1", extra_body={"upload_id": job_id})
    with pytest.raises(openai.NotFoundError):
        service.client.audio.transcriptions.create(file=b"", model="x", extra_body={"upload_id": "01K0NOTHING"})
    assert service.answered[-3:] == [400, 400, 404], "what cannot help is not tried again"


def test_keywords_and_options_reach_the_job(service: Service, worker: Worker) -> None:
    worker.allowed.set()
    answer = service.client.audio.transcriptions.with_raw_response.create(
        file=SAMPLE,
        model="tiny.en",
        prompt="An interview.",
        temperature=0.2,
        extra_body={"keywords": ["Sotto", "Whisper"], "chunking_strategy": "auto"},
        extra_headers={"Prefer": "respond-async"},
    )
    options = answer.http_response.json()["job"]["options"]
    assert (options["prompt"], options["temperature"], options["hotwords"]) == ("An interview.", 0.2, "Sotto, Whisper")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"model": "large-v3"}, "model"),
        ({"model": "whisper-1", "language": "english"}, "language"),
        ({"model": "whisper-1", "response_format": "pdf"}, "response_format"),
        ({"model": "whisper-1", "known_speaker_names": ["Ann"]}, "known_speaker_names"),
        ({"model": "whisper-1", "stream": True}, "stream"),
        ({"model": "whisper-1", "include": ["logprobs"]}, "include"),
        ({"model": "whisper-1", "temperature": 2}, "temperature"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(service: Service, options: dict, named: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        service.client.audio.transcriptions.create(file=SAMPLE, **options)
    assert refused.value.param == named
    assert refused.value.code == "invalid_input"
    assert refused.value.type == "invalid_request_error"
    assert "expected" in refused.value.message
    assert service.answered == [400]


def test_a_file_that_is_no_recording_is_refused_with_a_hint(service: Service, worker: Worker, tmp_path: Path) -> None:
    worker.allowed.set()
    path = tmp_path / "notes.mp3"
    path.write_text("These are words, not sound. " * 100)
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        service.client.audio.transcriptions.create(file=path, model="whisper-1")
    assert refused.value.code == "not_a_recording"
    assert "Play the file" in refused.value.message


def test_a_form_above_the_limit_names_the_way_around(service: Service, jobs) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        service.client.audio.transcriptions.create(file=b"x" * MAX_FORM_BYTES, model="whisper-1")
    assert refused.value.status_code == 413
    assert str(MAX_FORM_BYTES) in refused.value.message
    assert "upload_id" in refused.value.message
    assert jobs() == []


def test_a_large_form_arrives_byte_for_byte(service: Service, jobs) -> None:
    content = bytes(range(256)) * (4_400_000 // 256)
    service.client.audio.transcriptions.with_raw_response.create(
        file=("talk.wav", content, "audio/wav"), model="whisper-1", extra_headers={"Prefer": "respond-async"}
    )
    (job_id,) = jobs()
    stored = boto3.client("s3").get_object(Bucket=BUCKET, Key=f"uploads/{OWNER}/{job_id}/talk.wav")
    assert stored["Body"].read() == content
    assert stored["ContentType"] == "audio/wav"


@pytest.mark.parametrize(
    ("headers", "body", "message"),
    [
        ({"Content-Type": "application/json"}, b"{}", "multipart/form-data"),
        ({"Content-Type": "multipart/form-data"}, b"--x--", "multipart/form-data that is whole"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\nbroken", "whole"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n\r\n--x--\r\n", "whole"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--\r\n", "file: expected a recording"),
    ],
)
def test_a_broken_form_is_told_so(service: Service, headers: dict[str, str], body: bytes, message: str) -> None:
    answer = httpx.post(f"{service.url}/audio/transcriptions", content=body, headers={**KEY, **headers})
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_one_file_and_no_upload_beside_it(service: Service) -> None:
    url = f"{service.url}/audio/transcriptions"
    two = httpx.post(url, files=[("file", b"a"), ("file", b"b")], headers=KEY)
    assert "one recording" in two.json()["error"]["message"]
    both = httpx.post(url, files={"file": b"a"}, data={"upload_id": "01K0"}, headers=KEY)
    assert "found 'both'" in both.json()["error"]["message"]
    empty = httpx.post(url, files={"file": ("a.wav", b"")}, headers=KEY)
    assert (empty.status_code, empty.json()["error"]["code"]) == (422, "recording_empty")


def test_nobody_gets_in_without_a_key(service: Service) -> None:
    stranger = openai.OpenAI(base_url=service.url, api_key="sk_wrong")
    with stranger, pytest.raises(openai.AuthenticationError) as refused:
        stranger.audio.transcriptions.create(file=SAMPLE, model="whisper-1")
    assert refused.value.code == "unauthenticated"
