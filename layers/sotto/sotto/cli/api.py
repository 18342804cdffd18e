"""The public API over HTTP, with patience: what may succeed later is tried again, with back-off and jitter.

Every call may be repeated safely. Reads and deletes change nothing more the second time, a sign-in makes another
session, and a job that was created twice by a lost answer waits for an upload that never comes and expires.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import httpx

from sotto.cli.problems import error_from
from sotto.domain.errors import Unavailable

TRIES = 5
FIRST_PAUSE_S = 0.3
LONGEST_PAUSE_S = 20.0
PASSING = frozenset({429, 500, 502, 503, 504})
CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN_S = 40.0  # the gateway gives up after 29
Sleep = Callable[[float], None]


class Api:
    """`base` is the API's address with /v1. `renew` makes a new access token after the present one was refused."""

    def __init__(
        self,
        base: str,
        *,
        token: str | None = None,
        renew: Callable[[], str | None] = lambda: None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.base = base.rstrip("/")
        self.token = token
        self._renew, self._sleep = renew, sleep
        timeout = httpx.Timeout(ANSWER_WITHIN_S, connect=CONNECT_WITHIN_S)
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=True)

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **query: str | int | None) -> Any:
        """The JSON at `path`. Raises the error that the API answers, or Unavailable."""
        return self._answer("GET", path, query=query).json()

    def get_bytes(self, path: str, **query: str) -> bytes:
        return self._answer("GET", path, query=dict(query)).content

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON that answers `body`; None for an answer without content."""
        answer = self._answer("POST", path, body=body)
        return answer.json() if answer.content else None

    def delete(self, path: str) -> None:
        self._answer("DELETE", path)

    def _answer(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str | int | None] | None = None,
        body: dict[str, Any] | None = None,
    ) -> httpx.Response:
        parameters = {name: value for name, value in (query or {}).items() if value is not None}
        answer = self._patiently(method, path, parameters, body)
        if answer.status_code == httpx.codes.UNAUTHORIZED and self.token and (fresh := self._renew()):
            self.token = fresh
            answer = self._patiently(method, path, parameters, body)
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise error_from(answer.status_code, answer.content, answer.headers.get("x-amzn-requestid", ""))
        return answer

    def _patiently(
        self, method: str, path: str, query: dict[str, str | int], body: dict[str, Any] | None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                answer = self._client.request(method, self.base + path, params=query, json=body, headers=headers)
            except httpx.TransportError as error:
                if last:
                    raise unreachable(self.base, error) from error
                wait = 0.0
            else:
                if answer.status_code not in PASSING or last:
                    return answer
                wait = _asked_wait(answer)
            self._sleep(max(wait, pause(attempt)))
        raise AssertionError("the last try returns or raises")


def unreachable(address: str, error: Exception) -> Unavailable:
    return Unavailable(
        f"{address}: expected an answer, found {type(error).__name__}",
        hint="Check the address and the network; on this machine start the service with `sotto up --detach`.",
    )


def pause(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds before try number `attempt` + 2: doubling, the upper half of it by chance."""
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt) * (0.5 + 0.5 * chance()))


def _asked_wait(answer: httpx.Response) -> float:
    """What Retry-After asks for, within reason."""
    asked = answer.headers.get("retry-after", "")
    return min(LONGEST_PAUSE_S, float(asked)) if asked.isdecimal() else 0.0
