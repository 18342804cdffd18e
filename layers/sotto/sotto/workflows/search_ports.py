"""What search needs of the outside world. Every method may raise Unavailable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from sotto.domain.postings import IndexedTranscript, Posting, SegmentText


class WordIndex(Protocol):
    """The terms of each owner's transcripts. Job ids are ULIDs: their order is the order of creation."""

    def indexed(self, owner: str, job_id: str) -> tuple[int, int] | None:
        """Attempt and version that the index holds whole, or None."""
        ...

    def write(self, owner: str, job_id: str, indexed: IndexedTranscript) -> None:
        """Put a transcript in place of what the index held of the job. May be repeated after a crash."""
        ...

    def doubt(self, owner: str, job_id: str, *, created_at: str, at: str) -> None:
        """Hold the index of a job for not whole, and have it written anew; what it has is found until then."""
        ...

    def count_rows(self, owner: str, job_id: str) -> int:
        """How many rows the index has of the job, whole or not."""
        ...

    def remove(self, owner: str, job_id: str) -> None:
        """Take all of the job out. Nothing happens when it is not there."""
        ...

    def postings(self, owner: str, term: str, *, below: str, oldest: str, limit: int) -> Sequence[Posting]:
        """Jobs that say `term`, newest first: ids below `below`, down to `oldest`."""
        ...

    def expansions(self, owner: str, prefix: str, *, limit: int) -> Sequence[str]:
        """Terms that begin with `prefix`, at most `limit`."""
        ...

    def segments(self, owner: str, wanted: Iterable[tuple[str, int]]) -> Mapping[tuple[str, int], SegmentText]:
        """The named segments (job id, number), as far as they are there."""
        ...
