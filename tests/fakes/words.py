"""A search index in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sotto.domain.postings import IndexedTranscript, Posting, SegmentText, packed


class InMemoryWords:
    """Implements workflows.search_ports.WordIndex."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], IndexedTranscript] = {}
        self.doubted: list[tuple[str, str]] = []
        """Whose index is to be written anew, as the table's stream tells of it."""
        self.reads = 0

    def indexed(self, owner: str, job_id: str) -> tuple[int, int] | None:
        found = self.rows.get((owner, job_id))
        return (found.attempt, found.version) if found and (owner, job_id) not in self.doubted else None

    def write(self, owner: str, job_id: str, indexed: IndexedTranscript) -> None:
        self.rows[owner, job_id] = indexed
        self.doubted = [one for one in self.doubted if one != (owner, job_id)]

    def doubt(self, owner: str, job_id: str, *, created_at: str, at: str) -> None:
        if (owner, job_id) not in self.doubted:
            self.doubted.append((owner, job_id))

    def count_rows(self, owner: str, job_id: str) -> int:
        found = self.rows.get((owner, job_id))
        return len(found.places) + 2 if found else 0

    def remove(self, owner: str, job_id: str) -> None:
        self.rows.pop((owner, job_id), None)

    def postings(self, owner: str, term: str, *, below: str, oldest: str, limit: int) -> Sequence[Posting]:
        self.reads += 1
        mine = [
            Posting(job_id, one.model, one.language, packed(one.places[term]))
            for (who, job_id), one in self.rows.items()
            if who == owner and term in one.places and oldest <= job_id < below
        ]
        return sorted(mine, key=lambda posting: posting.job_id, reverse=True)[:limit]

    def expansions(self, owner: str, prefix: str, *, limit: int) -> Sequence[str]:
        mine = {term for (who, _), one in self.rows.items() if who == owner for term in one.places}
        return sorted(term for term in mine if term.startswith(prefix))[:limit]

    def segments(self, owner: str, wanted: Iterable[tuple[str, int]]) -> Mapping[tuple[str, int], SegmentText]:
        return {
            (job_id, number): self.rows[owner, job_id].segments[number]
            for job_id, number in wanted
            if (owner, job_id) in self.rows and number < len(self.rows[owner, job_id].segments)
        }
