"""Performs the steps of flows: with threads (`Runner`) or on asyncio's event loop (`AsyncRunner`).

A flow that fails hears of it at its `yield`, so that its `finally` and `except` work as in any function.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx

from sotto.client.errors import Interrupted
from sotto.client.flow import Flow, Pause, Renew, Request, Step, Together
from sotto.client.identity import Identity

T = TypeVar("T")
CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN_S = 40.0  # the gateway gives up after 29
UPLOAD_WITHIN_S = 120.0


class Runner:
    """Runs flows in the thread that asks. Threads may share one."""

    def __init__(self, base: str, identity: Identity, http: httpx.Client | None = None) -> None:
        self.base, self.identity = base, identity
        self._http = http or httpx.Client(trust_env=True)
        self._renewing = threading.Lock()
        self._stop = threading.Event()

    def close(self) -> None:
        self._http.close()

    def interrupt(self) -> None:
        """Let every call that is going on, in whichever thread, end soon with Interrupted. Later calls work."""
        self._stop.set()
        self._stop = threading.Event()

    def run(self, flow: Flow[T]) -> T:
        """The result of `flow`."""
        return self._run(flow, self._stop)

    def _run(self, flow: Flow[T], stop: threading.Event) -> T:
        answer: Any = None
        failure: BaseException | None = None
        while True:
            try:
                step = flow.send(answer) if failure is None else flow.throw(failure)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            answer, failure = None, None
            try:
                answer = self._perform(step, stop)
            except BaseException as error:  # noqa: BLE001 - the flow decides, Ctrl-C included
                failure = error

    def _perform(self, step: Step, stop: threading.Event) -> Any:
        if stop.is_set():
            raise Interrupted("the call was interrupted")
        if isinstance(step, Request):
            if not (step.public or step.signed) and self.identity.token is None:
                self._renew(None)
            content = _until(stop, step.content()) if step.content else None
            return self._http.request(**arguments(step, self.base, self.identity.token), content=content)
        if isinstance(step, Pause):
            stop.wait(step.seconds)
            return None
        if isinstance(step, Renew):
            return self._renew(step.refused)
        return self._together(step, stop)

    def _renew(self, refused: str | None) -> bool:
        with self._renewing:
            if self.identity.token != refused:  # another thread was faster
                return True
            return self.run(self.identity.renew())

    def _together(self, step: Together, stop: threading.Event) -> list[Any]:
        with ThreadPoolExecutor(max_workers=step.at_once) as pool:
            try:
                return list(pool.map(lambda flow: self._run(flow, stop), step.flows))
            except KeyboardInterrupt:
                self.interrupt()
                raise
            finally:
                pool.shutdown(wait=False, cancel_futures=True)  # leaving `with` waits for those that have begun


def _until(stop: threading.Event, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if stop.is_set():
            raise Interrupted("the upload was interrupted")
        yield piece


class AsyncRunner:
    """Runs flows as coroutines. Files are read in threads, so that the event loop never waits for a disk."""

    def __init__(self, base: str, identity: Identity, http: httpx.AsyncClient | None = None) -> None:
        self.base, self.identity = base, identity
        self._http = http or httpx.AsyncClient(trust_env=True)
        self._renewing = asyncio.Lock()

    async def close(self) -> None:
        await self._http.aclose()

    async def run(self, flow: Flow[T]) -> T:
        """The result of `flow`."""
        answer: Any = None
        failure: BaseException | None = None
        while True:
            try:
                step = flow.send(answer) if failure is None else flow.throw(failure)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            answer, failure = None, None
            try:
                answer = await self._perform(step)
            except BaseException as error:  # noqa: BLE001 - the flow decides, cancellation included
                failure = error

    async def _perform(self, step: Step) -> Any:
        if isinstance(step, Request):
            if not (step.public or step.signed) and self.identity.token is None:
                await self._renew(None)
            content = in_threads(step.content) if step.content else None
            return await self._http.request(**arguments(step, self.base, self.identity.token), content=content)
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        if isinstance(step, Renew):
            return await self._renew(step.refused)
        return await self._together(step)

    async def _renew(self, refused: str | None) -> bool:
        async with self._renewing:
            if self.identity.token != refused:  # another task was faster
                return True
            return await self.run(self.identity.renew())

    async def _together(self, step: Together) -> list[Any]:
        free = asyncio.Semaphore(step.at_once)

        async def one(flow: Flow[Any]) -> Any:
            async with free:
                return await self.run(flow)

        tasks = [asyncio.create_task(one(flow)) for flow in step.flows]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def in_threads(content: Callable[[], Iterator[bytes]]) -> AsyncIterator[bytes]:
    pieces = content()
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


def arguments(request: Request, base: str, token: str | None) -> dict[str, Any]:
    """The request as httpx wants it. Only the API gets the token, never a signed address."""
    headers = dict(request.headers)
    if token is not None and not (request.public or request.signed):
        headers["Authorization"] = f"Bearer {token}"
    within_s = UPLOAD_WITHIN_S if request.content else ANSWER_WITHIN_S
    return {
        "method": request.method,
        "url": request.path if request.signed else base + request.path,
        "params": {name: _said(value) for name, value in request.query.items()} or None,
        "json": request.body,
        "headers": headers,
        "timeout": httpx.Timeout(within_s, connect=CONNECT_WITHIN_S),
        "follow_redirects": False,
    }


def _said(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
