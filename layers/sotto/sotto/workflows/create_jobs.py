"""Accept many jobs in one request, each as if it had come alone: one that is refused leaves the others be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sotto.domain.errors import SottoError
from sotto.domain.idempotency import Once
from sotto.workflows.create_job import Accepted, CreateJob, NewJob

MOST_JOBS = 50


@dataclass(frozen=True)
class CreateJobs:
    create: CreateJob

    def __call__(
        self, owner: str, requests: Sequence[NewJob], request_id: str, once: Once | None = None
    ) -> list[Accepted | SottoError]:
        """What became of each request, in their order. With `once`, sending the list again makes what is missing.

        Raises IdempotencyKeyReused when the key came with another request before.
        """
        if once:
            self.create.jobs.claim(owner, once)
        return [
            self._one(owner, request, request_id, once.item(number) if once else None)
            for number, request in enumerate(requests)
        ]

    def _one(self, owner: str, request: NewJob, request_id: str, once: Once | None) -> Accepted | SottoError:
        try:
            return self.create(owner, request, request_id, once)
        except SottoError as error:
            return error
