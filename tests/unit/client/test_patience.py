"""What is tried again, what is not, and what a caller is told: the same for both clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sotto.client import (
    AsyncSotto,
    Conflict,
    LimitReached,
    Refused,
    ServiceError,
    Sotto,
    Unauthenticated,
    Unavailable,
)
from sotto.client.patience import TRIES, pause

Handler = Callable[[httpx.Request], httpx.Response]
Call = Callable[[Handler], Any]
SERVICE = "https://sotto.example.org"


def waiting(handler: Handler) -> Any:
    """The models, as the client that waits gets them."""
    with Sotto(SERVICE, key="sk_1", http=httpx.Client(transport=httpx.MockTransport(handler))) as client:
        return client.list_models().languages


def awaited(handler: Handler) -> Any:
    """The same from the client that is awaited."""

    async def call() -> Any:
        http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
        async with AsyncSotto(SERVICE + "/v1/", key="sk_1", http=http) as client:
            return (await client.list_models()).languages

    return asyncio.run(call())


@pytest.fixture(params=[waiting, awaited])
def call(request: pytest.FixtureRequest) -> Call:
    found: Call = request.param
    return found


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sotto.client.patience.FIRST_PAUSE_S", 0.0)


class Script:
    """Answers in turn; the last one again and again."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


FOUND = {"models": [], "speakers": True, "languages": {"en": "English"}, "of_tomorrow": 1}
MODELS = httpx.Response(200, json=FOUND)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    body = {"code": code, "detail": "x: expected y", "hint": "Do z.", "status": status, "request_id": "r1"}
    return httpx.Response(status, headers=headers, content=json.dumps(body))


def test_what_passes_is_tried_again(call: Call) -> None:
    script = Script(
        httpx.ConnectError("no"),
        problem(503, "storage_unavailable"),
        problem(429, "limit_reached", **{"Retry-After": "0"}),
        httpx.Response(502, content=b"<html>"),
        MODELS,
    )
    assert call(script) == {"en": "English"}
    assert len(script.requests) == TRIES
    assert {str(request.url) for request in script.requests} == {f"{SERVICE}/v1/models"}
    assert {request.headers["authorization"] for request in script.requests} == {"Bearer sk_1"}


def test_patience_ends(call: Call) -> None:
    script = Script(problem(503, "storage_unavailable"))
    with pytest.raises(Unavailable, match="x: expected y") as told:
        call(script)
    assert (told.value.code, told.value.hint, told.value.request_id) == ("storage_unavailable", "Do z.", "r1")
    assert len(script.requests) == TRIES


def test_a_service_that_is_gone_is_unavailable(call: Call) -> None:
    with pytest.raises(Unavailable, match=r"https://sotto\.example\.org: expected an answer, found ConnectError"):
        call(Script(httpx.ConnectError("no")))


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (problem(409, "version_conflict"), Conflict, "version_conflict"),
        (problem(422, "of_tomorrow"), Refused, "of_tomorrow"),
        (httpx.Response(418, json=[]), Refused, "rejected"),
        (httpx.Response(401, content=b""), Unauthenticated, "unauthenticated"),
    ],
)
def test_what_is_refused_is_told_at_once(
    call: Call, answer: httpx.Response, kind: type[ServiceError], code: str
) -> None:
    script = Script(answer)
    with pytest.raises(kind) as told:
        call(script)
    assert (type(told.value), told.value.code, len(script.requests)) == (kind, code, 1)


def test_nobody_is_kept_waiting_until_next_month(call: Call) -> None:
    script = Script(problem(429, "limit_reached", **{"Retry-After": "86400"}))
    with pytest.raises(LimitReached) as told:
        call(script)
    assert (told.value.retry_after_s, len(script.requests)) == (86400, 1)


def test_pauses_double_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sotto.client.patience.FIRST_PAUSE_S", 0.3)
    assert [pause(i, lambda: 1.0) for i in range(8)] == [0.3, 0.6, 1.2, 2.4, 4.8, 9.6, 19.2, 20.0]
    assert pause(0, lambda: 0.0) == 0.15


# --- who is asking


def session(*, refresh_ends: bool) -> tuple[Handler, list[str]]:
    """A service whose first access token has run out, and the routes that were asked."""
    asked: list[str] = []
    tokens = iter("abc")

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path == "/v1/auth/refresh" and refresh_ends:
            return problem(401, "unauthenticated")
        if request.url.path.startswith("/v1/auth/"):
            assert "authorization" not in request.headers
            return httpx.Response(200, json={"access_token": next(tokens), "refresh_token": "r", "expires_in": 900})
        if request.headers["authorization"] == "Bearer a":
            return problem(401, "unauthenticated")
        return httpx.Response(200, json=FOUND)

    return answer, asked


@pytest.mark.parametrize("refresh_ends", [False, True])
def test_a_session_is_renewed_or_begun_anew(refresh_ends: bool) -> None:
    handler, asked = session(refresh_ends=refresh_ends)
    http = httpx.Client(transport=httpx.MockTransport(handler))
    with Sotto(SERVICE, email="a@b.c", password="p", http=http) as client:
        assert client.list_models().languages
    begun = ["/v1/auth/sign-in"] if refresh_ends else []
    assert asked == ["/v1/auth/sign-in", "/v1/models", "/v1/auth/refresh", *begun, "/v1/models"]


def test_tasks_at_once_renew_once() -> None:
    handler, asked = session(refresh_ends=False)

    async def call() -> None:
        http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
        async with AsyncSotto(SERVICE, email="a@b.c", password="p", http=http) as client:
            await asyncio.gather(*(client.list_models() for _ in range(4)))

    asyncio.run(call())
    assert (asked.count("/v1/auth/sign-in"), asked.count("/v1/auth/refresh")) == (1, 1)
