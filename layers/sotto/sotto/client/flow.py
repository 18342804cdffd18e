"""What a call does, told without doing it: a generator that yields steps and gets their answers.

Each call of the API is written once, as such a generator. `runners.py` performs the steps, with threads or on an event
loop, so the two clients differ in how they wait and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

T = TypeVar("T")
Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Request:
    """One HTTP request; the answer is an httpx.Response, or an httpx.TransportError is raised.

    `path` is below /v1, or a whole address: a signed one, which gets neither token nor key. `body` is sent as JSON,
    `content` is opened anew for each try. A `public` request is sent without token or key.
    """

    method: str
    path: str
    query: Mapping[str, Scalar | Sequence[str]] = field(default_factory=dict)
    body: object = None
    content: Callable[[], Iterator[bytes]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    public: bool = False

    @property
    def signed(self) -> bool:
        """Whether the address carries its own permission."""
        return not self.path.startswith("/")


@dataclass(frozen=True)
class Pause:
    """Wait for so many seconds. The answer is None."""

    seconds: float


@dataclass(frozen=True)
class Renew:
    """Get another token in place of the `refused` one. The answer says whether there is one."""

    refused: str | None


@dataclass(frozen=True)
class Together:
    """Run flows side by side, `at_once` at most. The answer is the list of their results, in order."""

    flows: Sequence[Flow[Any]]
    at_once: int


Step = Request | Pause | Renew | Together
Flow = Generator[Step, Any, T]


def at(route: str, *values: str) -> str:
    """`route` with each `{}` replaced by a value, quoted: an id never reaches another route."""
    return route.format(*(quote(value, safe="") for value in values))


def present(**values: Scalar | Sequence[str]) -> dict[str, Scalar | Sequence[str]]:
    """What was given: a parameter that is None is left out, so the service's default holds."""
    return {name: value for name, value in values.items() if value is not None}
