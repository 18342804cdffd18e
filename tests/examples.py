"""Examples that several suites start from."""

from __future__ import annotations

from dataclasses import replace

from sotto.domain.identity import ROLE_SCOPES, Principal, Role
from sotto.domain.job import Job, JobStatus, Progress, RecordingRef, Timings
from sotto.domain.options import Options
from sotto.domain.transcript import RecordingFacts

OWNER = "01K0USER0000000000000000AA"
JOB_ID = "01K0JOB00000000000000000AA"
NOW = "2026-11-22T12:00:00.000Z"

NEW = Job(
    owner=OWNER,
    id=JOB_ID,
    name="talk.wav",
    content_type="audio/wav",
    size_bytes=1000,
    sha256="0" * 64,
    options=Options(model="tiny.en"),
    status=JobStatus.AWAITING_UPLOAD,
    timings=Timings(created_at=NOW),
    request_id="request-1",
    upload_expires_at="2026-11-22T13:00:00.000Z",
)
RECORDING = RecordingRef(key=f"uploads/{OWNER}/{JOB_ID}/talk.wav", version_id="1", etag="abc", size_bytes=1000)
FACTS = RecordingFacts(
    name="talk.wav",
    size_bytes=1000,
    etag="abc",
    duration_s=500.0,
    container="wav",
    codec="pcm_s16le",
    sample_rate=16000,
    channels=1,
)
QUEUED = replace(
    NEW,
    status=JobStatus.QUEUED,
    recording=RECORDING,
    facts=FACTS,
    progress=Progress(seconds_total=500.0, parts_total=2),
)
PRINCIPAL = Principal(OWNER, Role.USER, ROLE_SCOPES[Role.USER], "token")
