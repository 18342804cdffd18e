"""The edge between a real client and a real API: files, headers, streams, and an API that is gone."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from infra.local.edge import create_app
from infra.local.ports import LOOPBACK, choose

STORAGE = "http://127.0.0.1:4566"


class Site:
    """The edge in front of a small API, both on loopback ports, in one event loop."""

    def __init__(self, dist: Path) -> None:
        self.dist, self.port, self.api_port = dist, choose(), choose()
        self.origin = f"http://{LOOPBACK}:{self.port}"
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.inside: list[str] = []
        self.most_inside = 0
        self.release = threading.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.raw_path, dict(request.headers), await request.read()))
        if request.path.endswith("/held"):
            self.inside.append(request.path)
            self.most_inside = max(self.most_inside, len(self.inside))
            await asyncio.to_thread(self.release.wait, 20)
            self.inside.remove(request.path)
            return web.json_response({})
        if request.path.endswith("/slow"):
            response = web.StreamResponse()
            await response.prepare(request)
            for piece in (b"one ", b"two ", b"three"):
                await response.write(piece)
                await asyncio.sleep(0)
            return response
        if request.path.endswith("/broken"):
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"half")
            assert request.transport is not None
            request.transport.abort()
            return response
        headers = {"x-amzn-requestid": "req-1", "Retry-After": "7", "Connection": "x-private", "Set-Cookie": "a=1"}
        return web.json_response({"path": request.path}, status=429, headers=headers)

    async def serve(self, started: Any, stopped: asyncio.Event) -> None:
        api = web.Application(client_max_size=10_000_000)
        api.router.add_route("*", r"/{path:[\s\S]*}", self.answer)
        upstream = f"http://{LOOPBACK}:{self.api_port}/restapis/abc/v1/_user_request_"
        edge = create_app(
            origin=self.origin, upstream=upstream, storage=STORAGE, dist=self.dist, state=self.dist, at_once=5
        )
        runners = []
        for app, port in ((api, self.api_port), (edge, self.port)):
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
            await runner.setup()
            await web.TCPSite(runner, LOOPBACK, port).start()
            runners.append(runner)
        self.api_runner = runners[0]
        started()
        await stopped.wait()
        for runner in runners:
            await runner.cleanup()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Sotto</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "app-1a2b.js").write_text("1")
    (tmp_path / "secret.txt").write_text("not yours")
    return folder


@pytest.fixture
def site(dist: Path) -> Iterator[Site]:
    site, ready = Site(dist), threading.Event()
    loop = asyncio.new_event_loop()
    stopped = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(site.serve(ready.set, stopped)))
    thread.start()
    assert ready.wait(10)
    site.loop = loop  # type: ignore[attr-defined]
    yield site
    loop.call_soon_threadsafe(stopped.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def http(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.origin, timeout=10) as client:
        yield client


def test_pages_are_the_start_page_and_files_are_files(http: httpx.Client) -> None:
    for page in ("/", "/index.html", "/jobs/01ABC", "/settings"):
        answer = http.get(page)
        assert (answer.status_code, answer.text) == (200, "<title>Sotto</title>"), page
        assert answer.headers["cache-control"] == "no-cache"
    icon = http.get("/favicon.svg")
    assert (icon.text, icon.headers["cache-control"], icon.headers["content-type"]) == (
        "<svg/>",
        "no-cache",
        "image/svg+xml",
    )
    script = http.get("/assets/app-1a2b.js")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "javascript" in script.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["/assets/gone.js", "/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/a.php"]
)
def test_what_is_not_there_and_what_is_outside_look_the_same(site: Site, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{site.port}\r\nConnection: close\r\n\r\n".encode()
    import socket

    with socket.create_connection((LOOPBACK, site.port), timeout=10) as raw:
        raw.sendall(request)
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404"), answer
    assert b"not yours" not in answer


def test_every_answer_carries_the_security_headers(http: httpx.Client) -> None:
    for path in ("/", "/v1/jobs", "/assets/gone.js"):
        headers = http.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["connect-src"] == policy["media-src"] == f"'self' {STORAGE}"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["permissions-policy"] == "camera=(), geolocation=(), microphone=()"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        assert "strict-transport-security" not in headers, "must not be sent without TLS"
        assert "server" not in headers


def test_a_request_is_handed_on_as_it_came(http: httpx.Client, site: Site) -> None:
    answer = http.post(
        "/v1/jobs/a%2Fb?limit=1&cursor=x%3D%3D",
        content=b'{"name": "Caf\xc3\xa9"}',
        headers={"Authorization": "Bearer t", "X-Forwarded-For": "203.0.113.9", "Keep-Alive": "timeout=5"},
    )
    method, path, headers, body = site.seen[-1]
    assert (method, body) == ("POST", b'{"name": "Caf\xc3\xa9"}')
    assert path == "/restapis/abc/v1/_user_request_/jobs/a%2Fb?limit=1&cursor=x%3D%3D"
    assert headers["Authorization"] == "Bearer t"
    assert headers["X-Forwarded-For"] == "203.0.113.9, 127.0.0.1"
    assert headers["X-Forwarded-Host"] == f"{LOOPBACK}:{site.port}"
    assert "Keep-Alive" not in headers
    assert answer.status_code == 429
    assert answer.json()["path"].endswith("/jobs/a/b")
    assert answer.headers["x-request-id"] == answer.headers["x-amzn-requestid"] == "req-1"
    assert (answer.headers["retry-after"], answer.headers["set-cookie"]) == ("7", "a=1")


def test_a_path_with_a_line_feed_is_the_apis_matter_too(http: httpx.Client, site: Site) -> None:
    assert http.get("/v1/jobs/a%0Ab").status_code == 429
    assert site.seen[-1][1].endswith("/jobs/a%0Ab")


def test_an_api_key_becomes_a_bearer_key(http: httpx.Client, site: Site) -> None:
    http.get("/v1/jobs", headers={"X-API-Key": "sk_1"})
    assert site.seen[-1][2]["Authorization"] == "Bearer sk_1"


def test_bodies_are_streamed(http: httpx.Client, site: Site) -> None:
    assert http.get("/v1/slow").text == "one two three"
    big = b"x" * 3_000_000
    http.put("/v1/upload", content=(big[i : i + 65536] for i in range(0, len(big), 65536)))
    assert site.seen[-1][3] == big


def test_half_an_answer_does_not_look_whole(http: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/v1/broken")
    assert http.get("/v1/slow").status_code == 200


def test_an_api_that_is_gone_is_told_in_our_words(
    http: httpx.Client, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run_coroutine_threadsafe(site.api_runner.cleanup(), site.loop).result(10)  # type: ignore[attr-defined]
    answer = http.get("/v1/jobs", headers={"X-Request-Id": "mine"})
    assert (answer.status_code, answer.headers["content-type"]) == (502, "application/problem+json")
    problem = answer.json()
    assert (problem["code"], problem["type"], problem["status"]) == ("unavailable", "urn:sotto:error:unavailable", 502)
    assert problem["request_id"] == answer.headers["x-request-id"] == "mine"
    assert problem["hint"]
    assert answer.headers["retry-after"] == "1"
    drawn = [http.get("/v1/jobs").json()["request_id"] for _ in range(2)]
    assert len({*drawn}) == 2, "who names none is given one"
    assert all(one in caplog.text for one in drawn)


def test_no_job_is_taken_while_the_disk_is_nearly_full(
    http: httpx.Client, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(site.dist)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=10 << 20))
    for path in ("/v1/jobs", "/v1/jobs/batch", "/v1/audio/transcriptions"):
        answer = http.post(path, json={})
        assert (answer.status_code, answer.json()["code"]) == (503, "disk_full"), path
        assert "disk" in answer.json()["detail"]
    assert site.seen == []
    assert http.get("/v1/jobs").status_code == 429, "everything else is answered"


def test_other_hosts_are_not_served(http: httpx.Client, site: Site) -> None:
    moved = http.get("/jobs/1?x=2", headers={"Host": f"localhost:{site.port}"})
    assert (moved.status_code, moved.headers["location"]) == (307, f"{site.origin}/jobs/1?x=2")
    for host in ("evil.example", f"evil.example:{site.port}"):
        assert http.get("/v1/jobs", headers={"Host": host}).status_code == 421
    assert http.post("/v1/jobs", headers={"Host": f"localhost:{site.port}"}).status_code == 421
    assert site.seen == []


def test_a_web_app_that_is_not_built_says_how(http: httpx.Client, dist: Path) -> None:
    (dist / "index.html").unlink()
    answer = http.get("/")
    assert answer.status_code == 503
    assert "make build" in answer.text


def test_calls_wait_for_a_place_and_those_that_last_have_places_of_their_own(site: Site) -> None:
    def ask(path: str) -> int:
        return httpx.get(f"{site.origin}/v1/{path}/held", timeout=30).status_code

    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(ask, "jobs") for _ in range(8)] + [pool.submit(ask, "audio/x") for _ in range(4)]
        deadline = time.monotonic() + 20
        while len(site.inside) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert sorted(path.split("/")[-2] for path in list(site.inside)) == ["jobs", "jobs", "jobs", "x", "x"]
        site.release.set()
        assert [call.result() for call in calls] == [200] * 12
    assert site.most_inside == 5
