"""What work takes and costs: before it is done, while it waits, and after."""

from __future__ import annotations

from sotto.client.answers import Answer, read
from sotto.client.flow import Flow, Request, at, present
from sotto.client.jobs import Job


class Queue(Answer):
    """`position` counts the unfinished jobs before it; `expected_s` is None until the model's speed was measured."""

    position: int
    expected_s: float | None = None


class Standing(Answer):
    """`queue` is None unless the job waits or runs. `cost` is in the operator's currency, None without a price."""

    job: Job
    queue: Queue | None = None
    cost: float | None = None


class Estimate(Answer):
    """What a recording of `duration_s` seconds will probably take; None until the model's speed was measured."""

    model: str
    duration_s: float
    engine_s: float | None = None
    cost: float | None = None


class DayUsage(Answer):
    """Seconds of recordings and of the engine's work. `credential` is a key's prefix, or token for a session."""

    day: str
    credential: str
    audio_s: float
    engine_s: float
    cost: float | None = None


class Usage(Answer):
    month: str
    audio_s: float
    engine_s: float
    cost: float | None = None
    days: list[DayUsage]


def standing(job_id: str) -> Flow[Standing]:
    """A job with its place in the queue and its cost so far."""
    return read(Request("GET", at("/jobs/{}", job_id)), Standing)


def estimate(duration_s: float, model: str | None = None) -> Flow[Estimate]:
    """What a recording will probably take."""
    return read(Request("POST", "/estimates", body=present(duration_s=duration_s, model=model)), Estimate)


def usage(month: str | None = None) -> Flow[Usage]:
    """One's measured work of a month (UTC, such as 2026-11), by day and key; None is the present one."""
    return read(Request("GET", "/usage", query=present(month=month)), Usage)


def usage_of(user_id: str, month: str | None = None) -> Flow[Usage]:
    """The same of any account, for operators and administrators."""
    return read(Request("GET", at("/users/{}/usage", user_id), query=present(month=month)), Usage)
