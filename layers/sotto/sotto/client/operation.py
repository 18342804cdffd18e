"""A flow becomes a method: one that returns on `Sotto`, one that is awaited on `AsyncSotto`.

Type checkers see the flow's own parameters and result on both. On the class itself it is the flow.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Generic, ParamSpec, TypeVar, overload

from sotto.client.answers import Model, Page, Pages
from sotto.client.flow import Flow
from sotto.client.runners import AsyncRunner, Runner

P = ParamSpec("P")
T = TypeVar("T")


class Operation(Generic[P, T]):
    """One call of the API."""

    def __init__(self, flow: Callable[P, Flow[T]]) -> None:
        self._flow = flow

    @overload
    def __get__(self, client: None, owner: type) -> Callable[P, Flow[T]]: ...
    @overload
    def __get__(self, client: Runner, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AsyncRunner, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: Runner | AsyncRunner | None, owner: type) -> Callable[..., Any]:
        if client is None:
            return self._flow

        @functools.wraps(self._flow)
        def call(*given: P.args, **named: P.kwargs) -> Any:
            return client.run(self._flow(*given, **named))

        return call


class Listing(Generic[P, Model]):
    """A list of the API, to be iterated over to its end or read page by page."""

    def __init__(self, pages: Callable[P, Pages[Model]]) -> None:
        self._pages = pages

    @overload
    def __get__(self, client: None, owner: type) -> Callable[P, Pages[Model]]: ...
    @overload
    def __get__(self, client: Runner, owner: type) -> Callable[P, Found[Model]]: ...
    @overload
    def __get__(self, client: AsyncRunner, owner: type) -> Callable[P, AsyncFound[Model]]: ...
    def __get__(self, client: Runner | AsyncRunner | None, owner: type) -> Callable[..., Any]:
        if client is None:
            return self._pages

        @functools.wraps(self._pages)
        def call(*given: P.args, **named: P.kwargs) -> Any:
            pages = self._pages(*given, **named)
            return Found(client, pages) if isinstance(client, Runner) else AsyncFound(client, pages)

        return call


class Found(Generic[Model]):
    """Iterating asks for the next page when it is needed."""

    def __init__(self, client: Runner, pages: Pages[Model]) -> None:
        self._client, self._pages = client, pages

    def page(self, *, limit: int | None = None, cursor: str | None = None) -> Page[Model]:
        """One page of at most `limit`, and where the next one begins."""
        return self._client.run(self._pages.page(limit=limit, cursor=cursor))

    def __iter__(self) -> Iterator[Model]:
        cursor: str | None = None
        while True:
            page = self.page(cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return


class AsyncFound(Generic[Model]):
    """Iterating with `async for` asks for the next page when it is needed."""

    def __init__(self, client: AsyncRunner, pages: Pages[Model]) -> None:
        self._client, self._pages = client, pages

    async def page(self, *, limit: int | None = None, cursor: str | None = None) -> Page[Model]:
        """One page of at most `limit`, and where the next one begins."""
        return await self._client.run(self._pages.page(limit=limit, cursor=cursor))

    async def __aiter__(self) -> AsyncIterator[Model]:
        cursor: str | None = None
        while True:
            page = await self.page(cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
