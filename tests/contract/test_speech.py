"""The engine: what a worker relies on, asked of the counting fake and of Whisper alike."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import pairwise

import pytest

from sotto.adapters.av_probe import probe
from sotto.domain.options import Options
from sotto.domain.parts import plan_parts
from sotto.domain.transcript import PartTranscript
from sotto.speech.loading import ModelLoader
from sotto.speech.model_sources import from_hub, from_packages
from sotto.speech.transcriber import Transcriber
from sotto.workflows.ports import Speech
from tests.conftest import ROOT
from tests.fakes.speech import CountingSpeech
from tests.recordings import SAMPLE

CONTENT = SAMPLE.read_bytes()
DURATION_S = probe(io.BytesIO(CONTENT), name=SAMPLE.name, size_bytes=len(CONTENT), etag="").facts.duration_s
(WHOLE,) = plan_parts(DURATION_S, 240.0)


@pytest.fixture(scope="module")
def whisper() -> Transcriber:
    return Transcriber(ModelLoader(ROOT / ".models", (from_packages, from_hub)))


@pytest.fixture(params=["fake", pytest.param("whisper", marks=pytest.mark.speech)])
def speech(request: pytest.FixtureRequest) -> Speech:
    return CountingSpeech() if request.param == "fake" else request.getfixturevalue("whisper")


class Stopped(Exception):
    """What a worker raises that has lost its lease, or whose job was cancelled."""


def transcribed(speech: Speech, on_progress: Callable[[float], None] = lambda _: None) -> PartTranscript:
    return speech.transcribe_part(
        io.BytesIO(CONTENT),
        WHOLE,
        DURATION_S,
        Options(model="tiny.en", language="en"),
        language="en",
        language_probability=None,
        on_progress=on_progress,
    )


def test_a_part_says_which_it_is_and_has_its_words_in_order_within(speech: Speech) -> None:
    part = transcribed(speech)
    assert (part.index, part.start, part.language, part.language_probability) == (0, 0.0, "en", None)
    assert part.end == pytest.approx(DURATION_S, abs=0.01)
    words = [word for segment in part.segments for word in segment.words]
    assert words
    assert all(one.start <= one.end and one.end <= part.end + 0.9 for one in words)
    assert all(before.start <= after.start for before, after in pairwise(words))
    assert all(0 < one.probability <= 1 for one in words)
    assert len(part.engine.model_sha256) == 64
    assert part.wall_s > 0


def test_progress_grows_and_stays_within_the_part(speech: Speech) -> None:
    seen: list[float] = []
    transcribed(speech, seen.append)
    assert seen
    assert seen == sorted(seen)
    assert 0 <= seen[0] <= seen[-1] <= DURATION_S + 0.01


def test_a_worker_that_must_stop_is_heard(speech: Speech) -> None:
    def stop(_: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        transcribed(speech, stop)


def test_a_language_has_a_code_and_a_probability(speech: Speech) -> None:
    options = Options(model="base")
    language, probability = speech.detect_language(io.BytesIO(CONTENT), DURATION_S, options)
    assert language == "en"
    assert 0 < probability <= 1
    assert speech.detect_language(io.BytesIO(CONTENT), DURATION_S, options) == (language, probability)
