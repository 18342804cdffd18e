"""What a route that waits for its transcript remembers, so that the same request finds the same job."""

from __future__ import annotations

from typing import Protocol

from sotto.domain.repeats import Claimed


class Requests(Protocol):
    """Requests by owner and fingerprint. A row lives for a day: later the same request is a new one."""

    def claim(self, owner: str, fingerprint: str, wanted: Claimed, *, instead_of: str | None = None) -> Claimed:
        """Remember `wanted`, unless the request has a job already; return what is remembered then.

        With `instead_of` the request's job is replaced, if it still is that one. May raise Unavailable.
        """
        ...
