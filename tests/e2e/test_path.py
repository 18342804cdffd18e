"""A real recording through the whole service: plain HTTP in, real words out, in every format."""

from __future__ import annotations

import itertools
import json
import urllib.parse
from pathlib import Path
from typing import Any

import boto3
import httpx
import numpy as np
import pytest

from tests.e2e.caller import Caller, word_errors
from tests.recordings import FORMS, RATE, SAMPLE_TEXT, SMALL_FLAC, SMALL_MP3, Format, sample, write

pytestmark = pytest.mark.e2e

MAX_ERRORS = 3  # words of 54: lossy codecs cost a small model a word or two


UPLOADED = ("wav", "mp3", "m4a index last", "m4a index first", "flac", "ogg opus", "webm", "mp4 video")


@pytest.mark.parametrize("form", UPLOADED)
def test_every_format_becomes_its_words(caller: Caller, tmp_path: Path, form: str) -> None:
    made = FORMS[form]
    path = write(tmp_path / f"Café talk + Q&A 🎤.{made.extension}", sample(), made)
    job = caller.wait(caller.submit(path, made.content_type)["id"])
    assert job["status"] == "COMPLETED", job["failure"]
    assert word_errors(SAMPLE_TEXT, caller.transcript(job["id"], "txt")) <= MAX_ERRORS
    assert job["duration_s"] == pytest.approx(len(sample()) / RATE, abs=0.1)
    assert job["progress"]["seconds_done"] == pytest.approx(job["duration_s"], abs=0.01)


def test_a_transcript_has_true_times_in_every_format(caller: Caller, tmp_path: Path) -> None:
    job = caller.wait(caller.submit(write(tmp_path / "talk.flac", sample(), SMALL_FLAC), "audio/flac")["id"])
    canonical = json.loads(caller.transcript(job["id"], "json"))
    words = [word for segment in canonical["segments"] for word in segment["words"]]
    assert len(words) == len(SAMPLE_TEXT.split())
    for before, after in itertools.pairwise(words):
        assert before["start"] <= before["end"] <= after["end"]
        assert before["start"] <= after["start"]
    assert words[-1]["end"] <= job["duration_s"]
    assert all(0 < word["probability"] <= 1 for word in words)
    assert canonical["engine"]["model"] == "tiny.en"
    assert len(canonical["engine"]["model_sha256"]) == 64
    assert caller.transcript(job["id"], "srt").startswith("1\n00:00:0")
    captions = caller.transcript(job["id"], "vtt")
    assert captions.startswith("WEBVTT\n")
    assert "\n\n00:00:0" in captions


def test_an_upload_with_plain_curl_ends_in_the_bucket(caller: Caller, stack: Any, tmp_path: Path, s3: Any) -> None:
    path = write(tmp_path / "talk.mp3", sample(), SMALL_MP3)
    accepted = caller.create(path.name, path.read_bytes(), "audio/mpeg")
    answer = httpx.put(accepted["upload"]["url"], content=path.read_bytes(), headers={"Content-Type": "audio/mpeg"})
    assert answer.status_code == 200, answer.text
    job = caller.wait(accepted["job"]["id"])
    owner = urllib.parse.urlsplit(accepted["upload"]["url"]).path.split("/uploads/")[1].split("/")[0]
    for extension in ("json", "txt", "srt", "vtt"):
        key = f"transcripts/{owner}/{job['id']}/1/transcript.{extension}"
        assert s3.get_object(Bucket=stack["bucket"], Key=key)["Body"].read()


def test_a_long_recording_is_cut_and_joined_without_losing_a_word(caller: Caller, tmp_path: Path) -> None:
    repeats = 40  # about 11 minutes: three parts
    pause = np.zeros(RATE // 2, np.float32)
    long = np.concatenate([piece for _ in range(repeats) for piece in (sample(), pause)])
    job = caller.submit(write(tmp_path / "long.mp3", long, SMALL_MP3), "audio/mpeg")
    seen = []
    while (now := caller.job(job["id"]))["status"] not in ("COMPLETED", "FAILED"):
        seen.append(now["progress"]["seconds_done"])
    assert now["status"] == "COMPLETED", now["failure"]
    assert now["progress"]["parts_total"] == 3
    assert seen == sorted(seen)
    assert len(set(seen)) > 3, "progress was never seen between nothing and everything"
    text = caller.transcript(job["id"], "txt")
    assert word_errors(" ".join([SAMPLE_TEXT] * repeats), text) <= 0.03 * repeats * len(SAMPLE_TEXT.split())


def test_a_multipart_upload_can_be_resumed(caller: Caller, tmp_path: Path) -> None:
    studio = Format("wav", "wav", "pcm_s16le", rate=96_000)
    path = write(tmp_path / "talk.wav", np.stack([sample(), sample()], axis=1), studio)
    content = _wav_of(101 * 1024 * 1024, path.read_bytes())  # multipart is for large files: silence follows the words
    accepted = caller.create("talk.wav", content, "audio/wav")
    upload, job_id = accepted["upload"], accepted["job"]["id"]
    assert upload["kind"] == "multipart"
    numbers = list(range(1, upload["part_count"] + 1))
    signed = caller.http.post(f"jobs/{job_id}/upload/parts", json={"numbers": numbers}).json()["parts"]
    size = upload["part_size_bytes"]
    assert httpx.put(signed[0]["url"], content=content[: size + 1], timeout=60).status_code == 403
    etags = {}
    for part in [*signed[:3], *signed[2:]]:  # the third is sent twice, as after a broken connection
        number = part["number"]
        answer = httpx.put(part["url"], content=content[(number - 1) * size : number * size], timeout=60)
        etags[number] = answer.headers["ETag"].strip('"')
    arrived = caller.http.get(f"jobs/{job_id}/upload/parts").json()["parts"]
    assert {part["number"]: part["etag"] for part in arrived} == etags
    parts = [{"number": number, "etag": etag} for number, etag in etags.items()]
    assert caller.http.post(f"jobs/{job_id}/upload/complete", json={"parts": parts}).status_code == 200
    job = caller.wait(job_id, patience_s=300)
    assert job["status"] == "COMPLETED", job["failure"]
    assert word_errors(SAMPLE_TEXT, caller.transcript(job_id, "txt")) <= MAX_ERRORS


def test_a_deleted_job_leaves_nothing_behind(caller: Caller, stack: Any, tmp_path: Path, s3: Any) -> None:
    path = write(tmp_path / "talk.ogg", sample(), FORMS["ogg opus"])
    job_id = caller.wait(caller.submit(path, "audio/ogg")["id"])["id"]
    assert _keys_of(s3, stack["bucket"], job_id)
    assert caller.http.delete(f"jobs/{job_id}").json()["receipt"]["job_id"] == job_id
    assert caller.http.get(f"jobs/{job_id}").status_code == 404
    assert _keys_of(s3, stack["bucket"], job_id) == []


def test_jobs_are_listed_page_by_page(caller: Caller) -> None:
    mine = [caller.create(f"{n}.wav", b"x", "audio/wav")["job"]["id"] for n in range(3)]
    seen: list[str] = []
    cursor: str | None = None
    while len(seen) < 3:
        page = caller.http.get("jobs", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        seen += [job["id"] for job in page["jobs"]]
        cursor = page["next_cursor"]
    assert seen == mine[::-1]


def test_the_recording_plays_from_a_signed_url(caller: Caller, tmp_path: Path) -> None:
    path = write(tmp_path / "Café 🎤.ogg", sample(), FORMS["ogg opus"])
    job_id = caller.wait(caller.submit(path, "audio/ogg")["id"])["id"]
    url = caller.http.get(f"jobs/{job_id}/recording").json()["url"]
    answer = httpx.get(url, headers={"Range": "bytes=0-99"})
    assert answer.status_code in (200, 206)  # the emulator answers a range of a named version with the whole object
    assert answer.content[:100] == path.read_bytes()[:100]


def _keys_of(s3: Any, bucket: str, job_id: str) -> list[str]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    found = [item["Key"] for page in pages for kind in ("Versions", "DeleteMarkers") for item in page.get(kind, [])]
    return [key for key in found if job_id in key]


def _wav_of(size: int, short: bytes) -> bytes:
    """The WAV `short`, lengthened with silence to `size` bytes, with a header that says so."""
    header, rest = short[:4] + (size - 8).to_bytes(4, "little") + short[8:], size - len(short)
    data = header.index(b"data") + 4
    length = int.from_bytes(header[data : data + 4], "little") + rest
    return header[:data] + length.to_bytes(4, "little") + header[data + 4 :] + bytes(rest)


@pytest.fixture
def s3(stack: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=stack["endpoint_url"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
