"""OpenAI's own Python client, unchanged but for address and key, against the whole stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import openai
import pytest

from sotto.entry.openai_form import MAX_FORM_BYTES
from tests.conftest import ROOT
from tests.e2e.caller import Caller, word_errors, words
from tests.recordings import SMALL_FLAC, Format, encode, two_people

pytestmark = pytest.mark.e2e

SAMPLE = ROOT / "tests/audio/sample.ogg"
TEXT = json.loads((ROOT / "tests/audio/manifest.json").read_text())[0]["reference"]
RATE = 48_000
SMALL = Format("small", "ogg", "libopus", rate=RATE, layout="mono", bit_rate=24_000)
MAX_ERRORS = 5


@pytest.fixture
def client(caller: Caller, stack: Any) -> Iterator[openai.OpenAI]:
    """Retries more often than its own default of two: the machine of the tests is slow, not the service."""
    token = str(caller.http.headers["Authorization"]).removeprefix("Bearer ")
    with openai.OpenAI(base_url=stack.api_url, api_key=token, max_retries=20) as found:
        yield found


def repeated(times: int) -> bytes:
    """The sample `times` over with pauses, small enough for a form."""
    with av.open(SAMPLE) as container:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    once = np.concatenate([frame.to_ndarray().ravel() for frame in frames] + [np.zeros(RATE // 2, np.float32)])
    return encode(np.tile(once, times), RATE, SMALL)


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    models = {model.id: model for model in client.models.list()}
    assert models["tiny.en"].object == "model"


def test_a_file_becomes_its_words_in_each_format(client: openai.OpenAI) -> None:
    def create(**options: Any) -> Any:
        return client.audio.transcriptions.create(file=SAMPLE, model="tiny.en", **options)

    brief = create()
    assert word_errors(TEXT, brief.text) <= MAX_ERRORS
    verbose = create(response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert verbose.language == "english"
    assert len(verbose.words) == len(brief.text.split())
    assert all(one.start <= one.end <= verbose.duration for one in verbose.words)
    assert words(create(response_format="text")) == words(brief.text)
    assert create(response_format="srt").startswith("1\n00:00:0")
    assert create(response_format="vtt").startswith("WEBVTT")


def test_who_says_what_is_told_by_letters(client: openai.OpenAI) -> None:
    sound, first_change, second_change = two_people()
    found = client.audio.transcriptions.create(
        file=("two.flac", encode(sound, 16_000, SMALL_FLAC)),
        model="tiny.en",
        response_format="diarized_json",
        chunking_strategy="auto",
    )
    assert (found.task, found.duration) == ("transcribe", pytest.approx(len(sound) / 16_000, abs=0.1))
    for segment in found.segments:
        middle = (segment.start + segment.end) / 2
        assert segment.speaker == ("B" if first_change < middle < second_change else "A")
    assert words(" ".join(segment.text for segment in found.segments)) == words(found.text)


def test_a_recording_that_outlasts_the_gateway_is_one_job(client: openai.OpenAI, caller: Caller) -> None:
    times = 60
    content = repeated(times)
    assert len(content) < MAX_FORM_BYTES
    before = len(caller.http.get("jobs", params={"limit": 100}).json()["jobs"])
    answer = client.audio.transcriptions.with_raw_response.create(file=("long.ogg", content), model="tiny.en")
    assert answer.retries_taken >= 1, "the recording was too short to outlast a request"
    text = answer.parse().text
    assert word_errors(" ".join([TEXT] * times), text) <= 0.05 * times * len(TEXT.split())
    assert len(caller.http.get("jobs", params={"limit": 100}).json()["jobs"]) == before + 1


def test_a_refusal_is_shown_in_our_words(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="expected") as refused:
        client.audio.transcriptions.create(file=SAMPLE, model="tiny.en", language="xx")
    assert (refused.value.code, refused.value.param) == ("invalid_input", "language")
    with pytest.raises(openai.APIStatusError, match="upload_id") as large:
        client.audio.transcriptions.create(file=b"x" * MAX_FORM_BYTES, model="tiny.en")
    assert large.value.status_code == 413
