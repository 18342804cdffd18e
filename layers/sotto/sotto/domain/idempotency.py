"""A request that its caller may send twice: what an `Idempotency-Key` stands for.

A caller whose connection broke cannot know whether a job was made. With a key of its own choosing it may ask again
for a day: the same key with the same request is answered with the job of the first time, with another request refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from sotto.domain.errors import InvalidInput

LONGEST_KEY = 255


@dataclass(frozen=True)
class Once:
    """A key and what it asks for, both as 64 hex digits; `at` is when, ISO 8601 UTC."""

    key: str
    asked: str
    at: str

    def item(self, number: int) -> Once:
        """The same for one item of a list, so that a list that broke off goes on where it stopped."""
        return replace(self, key=_digest(self.key, str(number)))


def once_of(key: str, *, route: str, body: str, at: str) -> Once:
    """What `key` stands for. `route` names method and path. Raises InvalidInput."""
    if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise InvalidInput(
            "Idempotency-Key",
            expected=f"1 to {LONGEST_KEY} printable ASCII characters",
            found=key[: LONGEST_KEY + 1],
            hint="A UUID is a good key; use a new one for each new request.",
        )
    return Once(_digest(key), _digest(route, body), at)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
