"""What the document says of one route, and of the routes of one function (a door)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from sotto.domain.errors import SottoError

JSON = "application/json"
TEXT: dict[str, object] = {"type": "string"}
BYTES: dict[str, object] = {"type": "string", "format": "binary"}

Schema = type[BaseModel] | tuple[type[BaseModel], ...] | dict[str, object]
"""The shape of a body: a model, one of several, or a JSON schema where no model stands for it."""


ONCE = {"Idempotency-Key": "the same key with the same request is answered with the first one's job, for a day"}
"""Header of the routes that may be sent twice (entry/http.py)."""


@dataclass(frozen=True)
class Reply:
    """An answer that is more than one JSON model. `content` is by media type, `headers` by name: what each says."""

    says: str
    content: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One operation. `name` and `summary` are its handler's name and docstring.

    `answers` are by status: a model is JSON, None has no body. `errors` are those that this route may answer besides
    what every route like it may (document.py adds those). `form` is a multipart body, `headers` are request headers.
    A `tagged` route answers 304 to a caller who has the present answer.
    """

    method: str
    path: str
    name: str
    summary: str
    answers: Mapping[int, type[BaseModel] | Reply | None]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    form: type[BaseModel] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[type[SottoError], ...] = ()
    tagged: bool = False


@dataclass(frozen=True)
class Door:
    """The routes of functions/`name`. `like_openai` says that its errors have OpenAI's shape."""

    name: str
    title: str
    says: str
    routes: tuple[Route, ...]
    like_openai: bool = False
