"""How answers of the API become objects. Fields that a later service adds are kept and do no harm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from sotto.client.flow import Flow, Request, Scalar
from sotto.client.patience import ask

T = TypeVar("T")
Model = TypeVar("Model", bound="Answer")


class Answer(BaseModel):
    """Immutable; `model_dump(mode="json", by_alias=True)` is what the service sent."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of the things that were asked for; `next_cursor` is None at the end."""

    items: Sequence[T]
    next_cursor: str | None


@dataclass(frozen=True)
class Pages(Generic[Model]):
    """A list of the API that is read page by page: where, under which name, and what one item is."""

    path: str
    name: str
    item: Callable[[Any], Model]
    query: dict[str, Scalar | Sequence[str]] = field(default_factory=dict)

    def page(self, *, limit: int | None = None, cursor: str | None = None) -> Flow[Page[Model]]:
        """One page; `limit` is the most that it may hold."""
        extra = {name: value for name, value in (("limit", limit), ("cursor", cursor)) if value is not None}
        body = (yield from ask(Request("GET", self.path, query={**self.query, **extra}))).json()
        return Page([self.item(one) for one in body[self.name]], body.get("next_cursor"))


def send(request: Request) -> Flow[None]:
    """A request whose answer says nothing more."""
    yield from ask(request)


def read(request: Request, model: type[Model], name: str | None = None) -> Flow[Model]:
    """The answer as `model`, or what lies under `name` in it."""
    body = (yield from ask(request)).json()
    return model.model_validate(body if name is None else body[name])


def read_all(request: Request, model: type[Model], name: str) -> Flow[list[Model]]:
    """A list that comes in one answer."""
    body = (yield from ask(request)).json()
    return [model.model_validate(one) for one in body[name]]
