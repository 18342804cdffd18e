"""What may succeed later is tried again, with back-off and jitter, no earlier than the service asked for.

Every call may be repeated safely. Reads and deletes change nothing more the second time, a sign-in makes another
session, and jobs are created and retried with an Idempotency-Key.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from http import HTTPStatus

import httpx

from sotto.client.errors import ServiceError, Unavailable, error_of, unreachable
from sotto.client.flow import Flow, Pause, Renew, Request

TRIES = 5
FIRST_PAUSE_S = 0.3
LONGEST_PAUSE_S = 20.0  # whoever is asked to wait longer is told so instead


def ask(request: Request) -> Flow[httpx.Response]:
    """The answer to a request of the API. Raises the error that the service answers, or Unavailable."""
    renewed = False
    tries = 0
    while True:
        tries += 1
        try:
            answer: httpx.Response = yield request
        except httpx.TransportError as lost:
            error: ServiceError = unreachable(_host(lost, request), lost)
        else:
            if answer.status_code < HTTPStatus.BAD_REQUEST:
                return answer
            if answer.status_code == HTTPStatus.UNAUTHORIZED and not (renewed or request.public):
                renewed = yield Renew(refused=_token_of(answer))
                if renewed:
                    continue
            error = error_of(answer)
        if tries >= TRIES or not passes(error):
            raise error
        yield Pause(max(error.retry_after_s or 0.0, pause(tries - 1)))


def passes(error: ServiceError) -> bool:
    """Whether the same request may succeed within a time that is worth waiting for."""
    if not isinstance(error, Unavailable) and error.status != HTTPStatus.TOO_MANY_REQUESTS:
        return False
    return (error.retry_after_s or 0.0) <= LONGEST_PAUSE_S


def pause(tries: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait after try number `tries`, from 0: doubling, the upper half of it by chance."""
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**tries) * (0.5 + 0.5 * chance()))


def _host(error: httpx.TransportError, request: Request) -> str:
    try:
        return str(error.request.url.copy_with(path="/", query=None)).rstrip("/")
    except RuntimeError:  # httpx: the request was never made
        return request.path


def _token_of(answer: httpx.Response) -> str | None:
    _, _, token = answer.request.headers.get("authorization", "").partition(" ")
    return token or None
