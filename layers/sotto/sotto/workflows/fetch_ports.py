"""What fetching needs of the outside world. Every method may raise Unavailable."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sotto.domain.job import Job
from sotto.domain.sources import Download


class Sources(Protocol):
    """Other people's servers. Guards against addresses that are not the internet's."""

    def check(self, url: str) -> None:
        """Raises InvalidInput when `url` does not lead to the internet now."""
        ...

    def open(self, url: str, *, first_byte: int, validator: str | None) -> AbstractContextManager[Download]:
        """Ask for the bytes from `first_byte` on, if the source still is what `validator` says, else from 0.

        Raises SourceRefused, SourceNotFound, SourceUnavailable.
        """
        ...


class FetchQueue(Protocol):
    def request(self, job: Job) -> None:
        """Have the recording of `job` fetched. Duplicates are harmless."""
        ...
