"""The API's shapes of many jobs in one request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import Field

from sotto.domain.errors import SottoError
from sotto.entry.http import Problem
from sotto.entry.job_shapes import AcceptedAnswer, JobRequest, Shape
from sotto.workflows.create_job import Accepted
from sotto.workflows.create_jobs import MOST_JOBS


class BatchRequest(Shape):
    """Body of POST /v1/jobs/batch."""

    jobs: list[JobRequest] = Field(min_length=1, max_length=MOST_JOBS)


class BatchResult(Shape):
    """What became of one of them: `accepted`, or the `problem` that it would have been answered with alone."""

    accepted: AcceptedAnswer | None
    problem: Problem | None


class BatchAnswer(Shape):
    """In the order of the request."""

    results: list[BatchResult]

    @classmethod
    def of(cls, found: Iterable[Accepted | SottoError], request_id: str) -> Self:
        return cls(
            results=[
                BatchResult(accepted=None, problem=Problem.of(one, request_id))
                if isinstance(one, SottoError)
                else BatchResult(accepted=AcceptedAnswer.of(one), problem=None)
                for one in found
            ]
        )
