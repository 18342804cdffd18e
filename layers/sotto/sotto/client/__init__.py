"""The Python client of a Sotto service: `Sotto` waits, `AsyncSotto` is awaited. docs/client.md shows both.

It knows the public API and nothing of the server; it needs httpx and pydantic (`pip install 'sotto[client]'`).
Read `flow` first, then `sotto`.
"""

from sotto.client.errors import (
    Conflict,
    Forbidden,
    Interrupted,
    JobEnded,
    LimitReached,
    NotFound,
    Refused,
    ServiceError,
    Unauthenticated,
    Unavailable,
)
from sotto.client.sotto import AsyncSotto, Sotto
from sotto.client.uploads import Bytes, File

__all__ = [
    "AsyncSotto",
    "Bytes",
    "Conflict",
    "File",
    "Forbidden",
    "Interrupted",
    "JobEnded",
    "LimitReached",
    "NotFound",
    "Refused",
    "ServiceError",
    "Sotto",
    "Unauthenticated",
    "Unavailable",
]
