"""Each format from one canonical transcript."""

from __future__ import annotations

import json

import pytest

from sotto.domain.errors import InvalidInput
from sotto.domain.options import Options
from sotto.domain.renderings import CONTENT_TYPES, STORED_FORMATS, render
from sotto.domain.transcript import EngineFacts, Quality, Transcript
from tests.examples import FACTS, JOB_ID, NOW, OWNER
from tests.unit.domain.test_captions import segment

TRANSCRIPT = Transcript(
    owner=OWNER,
    job_id=JOB_ID,
    attempt=1,
    created_at=NOW,
    completed_at=NOW,
    recording=FACTS,
    options=Options(),
    language="en",
    language_probability=0.9,
    segments=(segment(["Tom", "&", "Jerry", "-->", "<home>."]), segment(["Later."], step=4000.0)),
    quality=Quality(score=0.9, speech_s=2.0),
    warnings=(),
    engine=EngineFacts(engine="ctranslate2", model="base", model_sha256="0", compute_type="int8", version="4"),
    parts=1,
    engine_wall_s=1.0,
    engine_cpu_s=1.0,
)


def test_text_has_a_line_a_segment() -> None:
    assert render(TRANSCRIPT, "txt") == "Tom & Jerry --> <home>.\nLater.\n"


def test_subrip() -> None:
    assert render(TRANSCRIPT, "srt") == (
        "1\n00:00:00,000 --> 00:00:01,960\nTom & Jerry --> <home>.\n\n2\n00:00:00,000 --> 01:00:00,000\nLater.\n"
    )


def test_webvtt_escapes_what_would_be_markup() -> None:
    assert render(TRANSCRIPT, "vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.960\nTom &amp; Jerry --&gt; &lt;home>.\n\n"
        "00:00:00.000 --> 01:00:00.000\nLater.\n"
    )


def test_json_is_canonical_and_reads_back() -> None:
    text = render(TRANSCRIPT, "json")
    assert json.loads(text)["schema"] == "sotto.transcript/1"
    assert Transcript.model_validate_json(text) == TRANSCRIPT


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InvalidInput, match="format: expected one of json, txt, srt, vtt, found 'exe'"):
        render(TRANSCRIPT, "exe")


def test_every_stored_format_has_a_content_type() -> None:
    assert set(STORED_FORMATS) <= set(CONTENT_TYPES)
