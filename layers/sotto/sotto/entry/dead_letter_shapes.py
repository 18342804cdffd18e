"""The bodies of the dead-letter routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, Field

from sotto.adapters.sqs_depths import QueueDepth
from sotto.domain.dead_letters import DeadLetter, LetterFilter, LetterPage, Redriven


class _Filter(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    queue: str | None = Field(default=None, max_length=80)
    code: str | None = Field(default=None, max_length=80)
    owner: str | None = Field(default=None, max_length=80)
    job_id: str | None = Field(default=None, max_length=80)

    @property
    def wanted(self) -> LetterFilter:
        return LetterFilter(self.queue, self.code, self.owner, self.job_id)


class LettersQuery(_Filter):
    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=300)


class RedriveRequest(_Filter):
    """What is named narrows the choice. `dry_run` says what would happen, and changes nothing."""

    limit: int = Field(default=20, ge=1, le=50, description="letters at once; repeat the request for more")
    dry_run: bool = False


class FailureSaid(BaseModel):
    code: str
    message: str
    hint: str


class LetterShape(BaseModel):
    """`part` null: intake failed. `version` is the code that gave up. `received` counts the tries of the message."""

    id: str
    queue: str
    owner: str
    job_id: str
    attempt: int
    part: int | None
    failure: FailureSaid
    model: str
    etag: str | None
    version: str
    first_seen: str
    died_at: str
    received: int

    @classmethod
    def of(cls, letter: DeadLetter) -> LetterShape:
        return cls.model_validate(asdict(letter))


class DeadQueueShape(BaseModel):
    """`waiting` and `in_flight` as SQS estimates them."""

    name: str
    waiting: int
    in_flight: int


class LettersAnswer(BaseModel):
    """`queues` are those that nobody has dealt with yet; `letters` those whose jobs have failed with them."""

    queues: list[DeadQueueShape]
    letters: list[LetterShape]
    next_cursor: str | None

    @classmethod
    def of(cls, depths: Sequence[QueueDepth], page: LetterPage) -> LettersAnswer:
        return cls(
            queues=[DeadQueueShape(**asdict(one)) for one in depths],
            letters=[LetterShape.of(one) for one in page.letters],
            next_cursor=page.cursor,
        )


class RedrivenShape(BaseModel):
    """`outcome`: redriven, would_be_redriven, settled (the job has moved on or is gone), or an error's code."""

    id: str
    owner: str
    job_id: str
    outcome: str


class RedriveAnswer(BaseModel):
    dry_run: bool
    letters: list[RedrivenShape]

    @classmethod
    def of(cls, done: Sequence[Redriven], *, dry_run: bool) -> RedriveAnswer:
        shapes = [
            RedrivenShape(id=one.letter.id, owner=one.letter.owner, job_id=one.letter.job_id, outcome=one.outcome)
            for one in done
        ]
        return cls(dry_run=dry_run, letters=shapes)
