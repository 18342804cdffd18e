"""A message that used up its retries, and what is needed to give its job another try exactly as the last one was.

What was said and how the file was called is in none: operators read them. Nor are a job's prompt and hotwords; a
redrive takes them from the job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sotto.domain.errors import Failure


@dataclass(frozen=True)
class DeadLetter:
    """`id` is the message's. `part` is None where intake failed. `etag` is the recording's. `version` is the code that
    gave up. Times are ISO 8601 UTC."""

    id: str
    queue: str
    owner: str
    job_id: str
    attempt: int
    part: int | None
    failure: Failure
    model: str
    etag: str | None
    version: str
    first_seen: str
    died_at: str
    received: int


@dataclass(frozen=True)
class LetterFilter:
    """Letters that agree in all that is named; None agrees with everything."""

    queue: str | None = None
    code: str | None = None
    owner: str | None = None
    job_id: str | None = None

    @property
    def named(self) -> Mapping[str, str]:
        found = {"queue": self.queue, "code": self.code, "owner": self.owner, "job_id": self.job_id}
        return {name: value for name, value in found.items() if value is not None}

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.named.items()) or "all"


@dataclass(frozen=True)
class LetterPage:
    """Letters, newest first; a page may hold fewer than asked for. `cursor` is None at the end."""

    letters: tuple[DeadLetter, ...]
    cursor: str | None


@dataclass(frozen=True)
class Redriven:
    """What became of one letter: `redriven`, `would_be_redriven`, `settled` (its job has moved on or is gone), or the
    code of the error that refused it."""

    letter: DeadLetter
    outcome: str
