"""Uploads, waiting and lists on both clients, over the same flows."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from sotto.client import AsyncSotto, Bytes, File, JobEnded, Refused, Sotto
from sotto.client.jobs import Job

SERVICE = "https://sotto.example.org"
PART = 4
RECORDING = b"0123456789"
JOB: dict[str, Any] = {
    "id": "01J",
    "status": "AWAITING_UPLOAD",
    "stage": "uploading",
    "name": "a.wav",
    "content_type": "audio/x-wav",
    "size_bytes": 10,
    "options": {},
    "attempt": 1,
    "timings": {"created_at": "now"},
    "request_id": "r1",
    "progress": {"seconds_done": 0, "seconds_total": 0, "parts_done": 0, "parts_total": 0},
}


class Service:
    """One job, sent in parts to a bucket that loses a part once, ended as `fate` says at look `ends_at_look`."""

    def __init__(self, fate: str = "COMPLETED") -> None:
        self.fate, self.parts, self.looks = fate, dict[int, bytes](), 0
        self.ends_at_look, self.unchanged = 2, 0
        self.refuse_parts, self.deleted, self.lost = False, False, False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        match request.method, request.url.path.removeprefix("/v1").strip("/").split("/"):
            case "PUT", ["part", number]:
                assert "authorization" not in request.headers, "the bucket is not told who is asking"
                return self.take(int(number), request)
            case "POST", ["jobs"]:
                upload = {"kind": "multipart", "part_size_bytes": PART, "part_count": 3, "expires_at": "later"}
                return httpx.Response(201, json={"job": JOB, "upload": upload})
            case "POST", ["jobs", _, "upload", "parts"]:
                numbers = json.loads(request.content)["numbers"]
                signed = [{"number": n, "url": f"https://bucket.example.org/part/{n}"} for n in numbers]
                return httpx.Response(200, json={"parts": signed})
            case "GET", ["jobs", _, "upload", "parts"]:
                found = [{"number": n, "etag": str(n), "size_bytes": len(b)} for n, b in self.parts.items()]
                return httpx.Response(200, json={"parts": found})
            case "POST", ["jobs", _, "upload", "complete"]:
                assert json.loads(request.content)["parts"] == [{"number": n, "etag": str(n)} for n in (1, 2, 3)]
                return httpx.Response(200, json={"job": JOB})
            case "DELETE", ["jobs", _]:
                self.deleted = True
                return httpx.Response(200, json={"receipt": {}, "jws": "a.b.c"})
            case "GET", ["jobs", _]:
                self.looks += 1
                ended = {"status": self.fate, "failure": {"code": "no_audio_track", "message": "m", "hint": "h"}}
                over = self.looks >= self.ends_at_look
                tag = '"over"' if over else '"begun"'
                if request.headers.get("if-none-match") == tag:
                    self.unchanged += 1
                    return httpx.Response(304, headers={"ETag": tag})
                return httpx.Response(200, json={"job": {**JOB, **(ended if over else {})}}, headers={"ETag": tag})
        raise AssertionError(request)

    def take(self, number: int, request: httpx.Request) -> httpx.Response:
        if self.refuse_parts:
            return httpx.Response(400)
        if number == 2 and not self.lost:
            self.lost = True
            raise httpx.WriteError("lost", request=request)
        self.parts[number] = request.read()
        return httpx.Response(200, headers={"ETag": f'"{number}"'})


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sotto.client.patience.FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr("sotto.client.jobs.FIRST_LOOK_S", 0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "a.wav"
    found.write_bytes(RECORDING)
    return found


def waiting(service: Service) -> Sotto:
    return Sotto(SERVICE, key="k", http=httpx.Client(transport=httpx.MockTransport(service)))


def awaited(service: Service) -> AsyncSotto:
    async def handle(request: httpx.Request) -> httpx.Response:
        await request.aread()
        return service(request)

    return AsyncSotto(SERVICE, key="k", http=httpx.AsyncClient(transport=httpx.MockTransport(handle)))


def test_a_recording_goes_in_parts_and_becomes_a_job(path: Path) -> None:
    service, sent, seen = Service(), list[int](), list[Job]()
    with waiting(service) as client:
        job = client.transcribe(path, {"model": "tiny"}, advance=sent.append, progress=seen.append)
    assert (job.status, [one.status for one in seen]) == ("COMPLETED", ["AWAITING_UPLOAD"])
    assert service.parts == {1: b"0123", 2: b"4567", 3: b"89"}
    assert sum(sent) == len(RECORDING), "what was lost is taken back"


def test_the_same_awaited(path: Path) -> None:
    service, sent = Service(), list[int]()

    async def call() -> Job:
        async with awaited(service) as client:
            return await client.transcribe(File(path), advance=sent.append)

    assert asyncio.run(call()).status == "COMPLETED"
    assert b"".join(service.parts[n] for n in (1, 2, 3)) == RECORDING
    assert sum(sent) == len(RECORDING)


def test_a_job_without_transcript_is_an_error(path: Path) -> None:
    with waiting(Service("FAILED")) as client, pytest.raises(JobEnded) as told:
        client.transcribe(path)
    error = told.value
    assert (error.code, error.job_id, error.job_status, error.request_id) == ("no_audio_track", "01J", "FAILED", "r1")


def test_who_waits_is_told_of_the_job_at_each_look_and_sent_it_when_it_has_changed() -> None:
    service, seen = Service(), list[str]()
    service.ends_at_look = 4
    with waiting(service) as client:
        job = client.wait("01J", lambda one: seen.append(one.status))
    assert (job.status, seen) == ("COMPLETED", ["AWAITING_UPLOAD"] * 3)
    assert (service.looks, service.unchanged) == (4, 2)


def test_only_what_is_missing_is_sent_again() -> None:
    service, recording = Service(), Bytes("a.wav", RECORDING)
    service.parts = {1: b"0123", 3: b"8"}  # the third was cut off
    with waiting(service) as client:
        accepted = client.announce(recording)
        sent: list[int] = []
        client.upload(accepted, recording, sent.append, resume=True)
    assert service.parts == {1: b"0123", 2: b"4567", 3: b"89"}
    assert sent[0] == 4, "what has arrived counts as sent"


def test_a_recording_that_the_bucket_refuses_leaves_no_job() -> None:
    service = Service()
    service.refuse_parts = True
    with waiting(service) as client, pytest.raises(Refused, match="status 400"):
        client.submit(Bytes("a.wav", RECORDING))
    assert service.deleted


def test_a_file_that_shrinks_is_not_padded(path: Path) -> None:
    service = Service()
    with waiting(service) as client:
        accepted = client.announce(File(path))

        class Shrunk(File):
            @property
            def size_bytes(self) -> int:
                return len(RECORDING)

        path.write_bytes(b"0")
        with pytest.raises(Refused) as told:
            client.upload(accepted, Shrunk(path))
    assert told.value.code == "recording_replaced"


def pages(request: httpx.Request) -> httpx.Response:
    """Five jobs, two a page."""
    start = int(request.url.params.get("cursor", 0))
    limit = int(request.url.params.get("limit", 2))
    found = [{**JOB, "id": str(n)} for n in range(start, min(5, start + limit))]
    return httpx.Response(200, json={"jobs": found, "next_cursor": str(start + limit) if start + limit < 5 else None})


def test_lists_are_read_to_their_end_and_page_by_page() -> None:
    with Sotto(SERVICE, key="k", http=httpx.Client(transport=httpx.MockTransport(pages))) as client:
        assert [job.id for job in client.list_jobs()] == list("01234")
        page = client.list_jobs().page(limit=3, cursor="1")
        assert ([job.id for job in page.items], page.next_cursor) == (list("123"), "4")

    async def call() -> list[str]:
        http = httpx.AsyncClient(transport=httpx.MockTransport(pages))
        async with AsyncSotto(SERVICE, key="k", http=http) as client:
            return [job.id async for job in client.list_jobs()]

    assert asyncio.run(call()) == list("01234")


def test_a_large_transcript_is_fetched_where_it_lies_without_the_token() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "bucket.example.org":
            assert "authorization" not in request.headers
            return httpx.Response(200, content=b"words")
        assert dict(request.url.params) == {"format": "txt", "timestamps": "true"}
        return httpx.Response(303, headers={"Location": "https://bucket.example.org/t?signed"})

    with Sotto(SERVICE, key="k", http=httpx.Client(transport=httpx.MockTransport(answer))) as client:
        assert client.get_transcript("01J", timestamps=True) == b"words"


def test_an_id_never_reaches_another_route() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(204)

    with Sotto(SERVICE, key="k", http=httpx.Client(transport=httpx.MockTransport(answer))) as client:
        client.revoke_key("../users/01U?x=1")
    assert asked == ["/v1/keys/..%2Fusers%2F01U%3Fx%3D1"]
