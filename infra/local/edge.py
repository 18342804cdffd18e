"""The laptop's CloudFront: the static web app and `/v1` on one origin, so that the browser needs no CORS for the API.

Files come from web/dist, with the same cache rules and security headers as on AWS. `/v1/*` is handed on to the REST
API of the emulator, both bodies streamed. Recordings do not pass here: the browser sends them to the bucket by
presigned URL, which is why the storage's origin is in the content security policy.

Requests wait here for a place, because each concurrent call of a function is a process of its own in the emulator: two
hundred callers at once would otherwise start two hundred processes, which is slower for all than one after the other.

New jobs are refused while the disk is nearly full, because the emulator would take recordings that it cannot keep.

Only requests for this origin are answered. A page elsewhere could otherwise point its own name at 127.0.0.1 and read
what we serve (DNS rebinding); `localhost` is sent to the one origin that the bucket's CORS rule knows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, hdrs, web
from multidict import CIMultiDict
from yarl import URL

from infra.local.room import is_nearly_full
from sotto.domain.errors import DiskFull, Unavailable

LOOPBACK = "127.0.0.1"
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
     "upgrade", "host"}
)  # fmt: skip
UPSTREAM_WITHIN_S = 35  # the gateway itself gives up after 29
PLACE_WITHIN_S = 60
WAITING_CALLS_AT_ONCE = 2
"""Calls of /v1/audio last as long as their transcription; this machine works on two parts at once."""
MAKES_A_JOB = re.compile(r"/v1/(jobs|jobs/batch|audio/\w+)")
IMMUTABLE = "public, max-age=31536000, immutable"
REQUEST_ID = "x-amzn-requestid"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

UPSTREAM = web.AppKey("upstream", str)
DIST = web.AppKey("dist", Path)
STATE = web.AppKey("state", Path)
CLIENT = web.AppKey("client", ClientSession)
PLACES = web.AppKey("places", tuple[asyncio.Semaphore, asyncio.Semaphore])
"""For calls that wait for a transcription, and for all others."""


def security_headers(storage: str) -> dict[str, str]:
    """What every answer carries. `storage` is the origin that uploads go to and recordings play from.

    docs/web.md asks every host for the same, and for Strict-Transport-Security, which has no place here: it must not
    be sent without TLS (RFC 6797, 7.2), and this edge never leaves the machine.
    """
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self' {storage}",
        "media-src": f"'self' {storage}",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }


def create_app(*, origin: str, upstream: str, storage: str, dist: Path, state: Path, at_once: int) -> web.Application:
    """`origin` is ours (http://127.0.0.1:8080), `upstream` the REST API's stage, `dist` the built web app.

    `state` is the folder on whose disk the emulator keeps everything, `at_once` how many calls the API gets at a time.
    """
    headers = security_headers(storage)
    host = origin.removeprefix("http://")

    @web.middleware
    async def only_this_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host != host:
            if request.host == host.replace(LOOPBACK, "localhost") and request.method in ("GET", "HEAD"):
                raise web.HTTPTemporaryRedirect(origin + request.path_qs)
            return web.Response(status=421, text=f"This is {origin}.\n")
        return await handler(request)

    async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers.pop(hdrs.SERVER, None)

    async def client(app: web.Application) -> None:
        # A new connection each time costs 0.1 ms here, and none is stale after the emulator was started again.
        app[CLIENT] = ClientSession(
            connector=TCPConnector(force_close=True, limit=0),
            timeout=ClientTimeout(total=UPSTREAM_WITHIN_S),
            auto_decompress=False,
        )

    async def close(app: web.Application) -> None:
        await app[CLIENT].close()

    app = web.Application(middlewares=[only_this_origin])
    app[UPSTREAM], app[DIST], app[STATE] = upstream.rstrip("/"), dist.resolve(), state
    others = max(1, at_once - WAITING_CALLS_AT_ONCE)
    app[PLACES] = asyncio.Semaphore(WAITING_CALLS_AT_ONCE), asyncio.Semaphore(others)
    app.on_startup.append(client)
    app.on_cleanup.append(close)
    app.on_response_prepare.append(add_headers)
    app.router.add_route("*", r"/v1{tail:/[\s\S]*}", hand_on)
    app.router.add_get(r"/{path:[\s\S]*}", serve_file)
    return app


async def hand_on(request: web.Request) -> web.StreamResponse:
    """Pass the request to the API once it has a place there, and its answer back."""
    waiting, others = request.app[PLACES]
    places = waiting if request.path.startswith("/v1/audio/") else others
    try:
        async with asyncio.timeout(PLACE_WITHIN_S):
            await places.acquire()
    except TimeoutError:
        return _problem(request, Unavailable, Unavailable.status, "This machine is busy with earlier requests.")
    try:
        return await _pass(request)
    finally:
        places.release()


async def _pass(request: web.Request) -> web.StreamResponse:
    """Pass the request to the API and its answer back, piece by piece."""
    if request.method == "POST" and MAKES_A_JOB.fullmatch(request.path) and is_nearly_full(request.app[STATE]):
        return _problem(request, DiskFull, DiskFull.status, "The disk of this machine is nearly full.")
    headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP)
    if hdrs.AUTHORIZATION not in headers and "X-API-Key" in headers:
        # The gateway remembers callers by Authorization alone, so a key arrives in that header (docs/identity.md).
        headers[hdrs.AUTHORIZATION] = f"Bearer {headers['X-API-Key']}"
    headers["X-Forwarded-For"] = ", ".join(filter(None, [request.headers.get("X-Forwarded-For"), request.remote]))
    headers["X-Forwarded-Proto"], headers["X-Forwarded-Host"] = request.scheme, request.host
    url = URL(request.app[UPSTREAM] + request.raw_path.removeprefix("/v1"), encoded=True)
    body = request.content if request.can_read_body else None
    response = web.StreamResponse()
    try:
        async with request.app[CLIENT].request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as answer:
            response.set_status(answer.status, answer.reason)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    response.headers.add(name, value)
            if request_id := answer.headers.get(REQUEST_ID):
                response.headers["X-Request-Id"] = request_id
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
    except (ClientError, TimeoutError) as error:
        logging.getLogger("edge").warning("no whole answer from the API: %s", type(error).__name__)
        if not response.prepared:
            return _problem(request, Unavailable, HTTPStatus.BAD_GATEWAY, "The API did not answer.")
        if request.transport is not None:
            request.transport.abort()  # half an answer must not look whole
    return response


def _problem(request: web.Request, error: type[Unavailable], status: int, detail: str) -> web.Response:
    """What the API itself would have answered, had it been asked: with an id that our log has too."""
    request_id = request.headers.get("X-Request-Id") or str(uuid.uuid4())
    logging.getLogger("edge").warning("%s, request %s: %s", error.code, request_id, detail)
    problem = {
        "type": f"urn:sotto:error:{error.code}",
        "title": error.title,
        "status": status,
        "detail": detail,
        "code": error.code,
        "hint": error.default_hint,
        "request_id": request_id,
    }
    return web.Response(
        body=json.dumps(problem).encode(),
        status=status,
        content_type="application/problem+json",
        headers={"Retry-After": "1", "Cache-Control": "no-store", "X-Request-Id": request_id},
    )


async def serve_file(request: web.Request) -> web.StreamResponse:
    """A file of the web app; its start page for every address that is a page of the app."""
    dist = request.app[DIST]
    start = dist / "index.html"
    if not start.is_file():
        return web.Response(status=503, text="The web app is not built. Run `make build`; the API answers at /v1.\n")
    path = (dist / request.match_info["path"]).resolve()
    if path.is_relative_to(dist) and path.is_file() and path != start:
        # Vite puts a hash of the content into the names under assets/, so those never change.
        immutable = path.is_relative_to(dist / "assets")
        return web.FileResponse(path, headers={"Cache-Control": IMMUTABLE if immutable else "no-cache"})
    if path.suffix and path != start:
        return web.Response(status=404, text="Not found\n")
    return web.FileResponse(start, headers={"Cache-Control": "no-cache"})


def main() -> None:
    parser = argparse.ArgumentParser(prog="infra.local.edge", description="Serve the web app and /v1 on one origin.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True, help="the REST API's stage, without a slash at the end")
    parser.add_argument("--storage", required=True, help="origin of the bucket")
    parser.add_argument("--dist", type=Path, required=True, help="the built web app")
    parser.add_argument("--state", type=Path, required=True, help="the stack's folder, whose disk is watched")
    parser.add_argument("--at-once", type=int, required=True, help="calls that the API gets at a time")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    origin = f"http://{LOOPBACK}:{given.port}"
    app = create_app(
        origin=origin,
        upstream=given.upstream,
        storage=given.storage,
        dist=given.dist,
        state=given.state,
        at_once=given.at_once,
    )
    web.run_app(app, host=LOOPBACK, port=given.port, access_log=None, print=None, shutdown_timeout=2)


if __name__ == "__main__":
    main()
