"""A service for the command to talk to: the public API's shapes over real HTTP, and trouble on demand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from sotto.domain.receipts import Look, ObjectCount, Receipt, RowCount
from tests.fakes.receipts import KeyInMemory
from tests.http_server import HttpServer, Quiet

PART_BYTES = 5
NONE = ObjectCount.of([])
LOOK = Look(
    at="2026-11-22T12:00:00.000Z",
    recordings=ObjectCount.of([("uploads/o/j/talk.wav", "v1")]),
    work=NONE,
    transcripts=NONE,
    exports=NONE,
    rows=RowCount(jobs=1, holds=1),
)
RECEIPT = Receipt(job_id="J", owner="O", requested_at=LOOK.at, looks=(LOOK,), completed_at="2026-11-22T12:00:01.000Z")
TIMINGS = {"created_at": "2026-11-22T10:00:00Z", "uploaded_at": None, "completed_at": None}


class Service(HttpServer):
    """Jobs in memory. `trouble` holds (method, path pattern, status, headers, body) answers that are given first."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.recordings: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.trouble: list[tuple[str, str, int, dict[str, str], bytes]] = []
        self.multipart_above = 100
        self.receipt_key = KeyInMemory()
        self.watch: Callable[[str, str], None] = lambda method, path: None
        self.fate: Callable[[dict[str, Any]], None] = complete
        self.tokens: set[str] = set()
        self.refresh: dict[str, str] = {}
        self.keys: dict[str, dict[str, Any]] = {}
        self.must_change = False
        self.password = "correct horse"
        service = self

        class Answer(Quiet, BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                service.requests.append((self.command, self.path, dict(self.headers.items()), body))
                status, headers, said = service.answer(self.command, self.path, dict(self.headers.items()), body)
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(said))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - http.server's names

        super().__init__(Answer)

    def asked(self, method: str, pattern: str) -> list[tuple[str, str, dict[str, str], bytes]]:
        return [request for request in self.requests if request[0] == method and re.fullmatch(pattern, request[1])]

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.watch(method, path)
        for trouble in self.trouble:
            if trouble[0] == method and re.fullmatch(trouble[1], path):
                self.trouble.remove(trouble)
                return trouble[2:]
        if path.startswith("/bucket/"):
            return self.take(path, headers, body)
        route, _, query = path.removeprefix("/v1").partition("?")
        if route.startswith("/auth/"):
            return self.auth(route, json.loads(body))
        if route == "/receipts/keys":
            return reply(keys=self.receipt_key.keys())
        if headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens | set(self.keys):
            return problem(401, "unauthenticated", "expected a token that holds")
        return self.serve(method, route, query, json.loads(body) if body else {})

    def auth(self, route: str, body: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if route == "/auth/sign-in":
            if body["password"] != self.password:
                return problem(401, "unauthenticated", "expected a known pair")
            return self.session()
        if route == "/auth/refresh":
            if self.refresh.pop(body["refresh_token"], None) is None:
                return problem(401, "unauthenticated", "expected a session that lives")
            return self.session()
        if route == "/auth/password":
            self.password, self.must_change = body["new_password"], False
            return 204, {}, b""
        self.refresh.pop(body["refresh_token"], None)
        return 204, {}, b""

    def session(self) -> tuple[int, dict[str, str], bytes]:
        number = len(self.requests)
        self.tokens.add(f"access-{number}")
        self.refresh[f"refresh-{number}"] = ""
        return reply(
            expires_in=900,
            access_token=f"access-{number}",
            refresh_token=f"refresh-{number}",
            must_change_password=self.must_change,
        )

    def serve(self, method: str, route: str, query: str, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        match method, route.strip("/").split("/"):
            case "POST", ["jobs"]:
                return self.create(body)
            case "GET", ["models"]:
                return reply(models=[], speakers=True, languages={"en": "English"})
            case "GET", ["jobs"]:
                jobs = list(reversed(self.jobs.values()))
                return reply(jobs=jobs, next_cursor="more" if "limit=1" in query and len(jobs) > 1 else None)
            case _, ["jobs", job_id, *_] if job_id not in self.jobs:
                return problem(404, "not_found", f"job {job_id}: expected one of yours")
            case "GET", ["jobs", job_id]:
                return reply(job=self.progressed(job_id))
            case "DELETE", ["jobs", job_id, *_]:
                self.jobs.pop(job_id)
                done = RECEIPT.model_copy(update={"job_id": job_id})
                return reply(receipt=json.loads(done.text), jws=self.receipt_key.sign(done))
            case "GET", ["jobs", job_id, "transcript"]:
                return (
                    200,
                    {},
                    f"{query} of {self.jobs[job_id]['name']}: {len(self.recordings[job_id])} bytes\n".encode(),
                )
            case _, ["jobs", job_id, "upload", what]:
                return self.multipart(method, job_id, what, body)
            case "POST", ["jobs", job_id, verb]:
                self.jobs[job_id]["status"] = {"cancel": "CANCELLED", "retry": "QUEUED"}[verb]
                return reply(job=self.jobs[job_id])
        raise AssertionError(f"{method} {route}")

    def multipart(self, method: str, job_id: str, what: str, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        match method, what:
            case "GET", "parts":
                arrived = self.parts.get(job_id, {}).items()
                return reply(parts=[{"number": n, "etag": str(n), "size_bytes": len(said)} for n, said in arrived])
            case "POST", "parts":
                return reply(parts=[{"number": n, "url": f"{self.url}/bucket/{job_id}/{n}"} for n in body["numbers"]])
            case "POST", "complete":
                assert body["parts"] == [{"number": n, "etag": str(n)} for n in sorted(self.parts[job_id])]
                self.recordings[job_id] = b"".join(self.parts[job_id][n] for n in sorted(self.parts[job_id]))
                return reply(job=self.jobs[job_id])
        raise AssertionError(f"{method} {what}")

    def create(self, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        job_id = f"01JOB{len(self.jobs)}"
        options = {
            "model": "base",
            "task": "transcribe",
            **{k: v for k, v in body.items() if k in ("model", "language")},
        }
        self.jobs[job_id] = {
            "id": job_id,
            "name": body.get("name", "fetched"),
            "status": "AWAITING_UPLOAD",
            "stage": "uploading",
            "size_bytes": body.get("size_bytes", 0),
            "content_type": body.get("content_type", ""),
            "options": options,
            "title": body["title"],
            "tags": body["tags"],
            "progress": {"seconds_done": 0.0, "seconds_total": 0.0, "parts_done": 0, "parts_total": 0},
            "duration_s": None,
            "language": None,
            "attempt": 1,
            "failure": None,
            "timings": dict(TIMINGS),
            "request_id": f"req-{job_id}",
        }
        if "source_url" in body:
            return reply(201, job=self.jobs[job_id], upload=None)
        upload: dict[str, Any] = {
            "kind": "put",
            "url": f"{self.url}/bucket/{job_id}",
            "headers": {"x-must-send": "yes"},
        }
        if body["size_bytes"] > self.multipart_above:
            count = -(-body["size_bytes"] // PART_BYTES)
            upload = {"kind": "multipart", "part_size_bytes": PART_BYTES, "part_count": count}
        return reply(201, job=self.jobs[job_id], upload=upload)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if len(body) < int(headers["Content-Length"]):  # a bucket keeps nothing of an upload that broke off
            return 400, {}, b"<Error/>"
        _, _, job_id, *number = path.split("/")
        if number:
            self.parts.setdefault(job_id, {})[int(number[0])] = body
            return 200, {"ETag": f'"{number[0]}"'}, b""
        if headers.get("x-must-send") != "yes":
            return 403, {}, b"<Error/>"
        self.recordings[job_id] = body
        return 200, {"ETag": '"whole"'}, b""

    def progressed(self, job_id: str) -> dict[str, Any]:
        """A look at a job moves it on: transcribing at the first look, its fate at the second."""
        job = self.jobs[job_id]
        if job["stage"] == "transcribing":
            self.fate(job)
        elif job_id in self.recordings and job["status"] == "AWAITING_UPLOAD":
            progress = {"seconds_done": 1.0, "seconds_total": 2.0, "parts_done": 0, "parts_total": 1}
            job.update(status="PROCESSING", stage="transcribing", progress=progress)
        return job


def complete(job: dict[str, Any]) -> None:
    job.update(status="COMPLETED", stage="done", duration_s=62.4, language="en")


def fail(job: dict[str, Any]) -> None:
    failure = {"code": "recording_damaged", "message": "it ends early", "hint": "Copy it again."}
    job.update(status="FAILED", stage="done", failure=failure)


def reply(status: int = 200, **body: Any) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def problem(status: int, code: str, detail: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    body = {"code": code, "detail": detail, "hint": "A hint.", "status": status, "request_id": "req-9"}
    return status, {"Content-Type": "application/problem+json", **headers}, json.dumps(body).encode()


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own: no test sees or changes the developer's sessions."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying again costs no time in tests."""
    monkeypatch.setattr("sotto.client.patience.FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr("sotto.client.jobs.FIRST_LOOK_S", 0.0)


@pytest.fixture
def local(service: Service, home: Path, tmp_path: Path) -> Service:
    """The service as the stack of this machine: announced, with a credentials file."""
    import os

    credentials, status = tmp_path / "credentials.json", tmp_path / "status.json"
    credentials.write_text(json.dumps({"email": "admin@sotto.localhost", "password": service.password}))
    status.write_text(json.dumps({"pid": os.getpid(), "web_url": service.url, "credentials_file": str(credentials)}))
    announcement = home / ".config" / "sotto" / "local.json"
    announcement.parent.mkdir(parents=True)
    announcement.write_text(json.dumps({"status_file": str(status)}))
    return service


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "Café talk.mp3"
    path.write_bytes(b"sound " * 10)
    return path
