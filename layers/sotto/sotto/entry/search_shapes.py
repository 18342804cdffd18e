"""The API's shapes of search."""

from __future__ import annotations

from pydantic import Field

from sotto.domain.terms import Clause, tokens
from sotto.entry.days import Day, first_id, first_id_after
from sotto.entry.job_shapes import Shape
from sotto.workflows.search_transcripts import END, Filters, Hit, Hits


class SearchQuery(Shape):
    """Query of GET /v1/search. `from` and `to` are days in UTC, both inclusive, of the jobs' creation."""

    q: str = Field(min_length=1)
    model: str | None = Field(default=None, max_length=100)
    language: str | None = Field(default=None, max_length=20)
    first_day: Day | None = Field(default=None, alias="from")
    last_day: Day | None = Field(default=None, alias="to")
    limit: int = Field(default=20, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=200)

    @property
    def filters(self) -> Filters:
        return Filters(
            model=self.model,
            language=self.language,
            oldest=first_id(self.first_day) if self.first_day else "",
            below=first_id_after(self.last_day) if self.last_day else END,
        )


class HitShape(Shape):
    """A segment that holds all that was asked for. `highlights` are [start, end) in characters of `snippet`."""

    job_id: str
    name: str
    created_at: str
    language: str | None
    segment: int
    start: float
    end: float
    at: float
    snippet: str
    highlights: list[tuple[int, int]]

    @classmethod
    def of(cls, hit: Hit, clauses: tuple[Clause, ...]) -> HitShape:
        job, text = hit.job, hit.text
        return cls(
            job_id=job.id,
            name=job.name,
            created_at=job.timings.created_at,
            language=job.language,
            segment=hit.segment,
            start=text.start,
            end=text.end,
            at=hit.at_s,
            snippet=text.text,
            highlights=highlights(text.text, clauses),
        )


class SearchAnswer(Shape):
    hits: list[HitShape]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Hits, clauses: tuple[Clause, ...]) -> SearchAnswer:
        return cls(hits=[HitShape.of(hit, clauses) for hit in found.hits], next_cursor=found.cursor)


def highlights(text: str, clauses: tuple[Clause, ...]) -> list[tuple[int, int]]:
    """Where `text` holds the clauses' terms; of a phrase only where its terms follow each other."""
    found = list(tokens(text))
    marked: set[tuple[int, int]] = set()
    for clause in clauses:
        width = len(clause.terms)
        for n in range(len(found) - width + 1):
            terms = tuple(token.term for token in found[n : n + width])
            if terms == clause.terms or (clause.prefix and terms[0].startswith(clause.terms[0])):
                marked |= {(token.start, token.end) for token in found[n : n + width]}
    return sorted(marked)
