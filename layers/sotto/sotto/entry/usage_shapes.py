"""The API's shapes of what work costs: before, while a job waits, and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import Field

from sotto.domain.metering import DayUse, cost_of
from sotto.domain.quotas import month_of
from sotto.entry.job_shapes import JobShape, Shape
from sotto.workflows.foresee_job import Estimate, Outlook


class QueueShape(Shape):
    """Where an unfinished job stands in its lane; an approximation."""

    position: int = Field(description="unfinished jobs of the lane that were queued before; counted up to 1000")
    expected_s: float | None = Field(description="seconds until it is done; null until its model's speed was measured")


class StatusAnswer(Shape):
    job: JobShape
    queue: QueueShape | None = Field(description="null for a job that does not wait in a lane")
    cost: float | None = Field(description="of engine_s, in the operator's currency; null without a price")

    @classmethod
    def of(cls, job: JobShape, outlook: Outlook | None, cost: float | None) -> Self:
        queue = QueueShape(position=outlook.position, expected_s=outlook.expected_s) if outlook else None
        return cls(job=job, queue=queue, cost=cost)


class EstimateRequest(Shape):
    """Body of POST /v1/estimates."""

    duration_s: float = Field(gt=0, le=172_800, description="length of the recording in seconds")
    model: str | None = None


class EstimateAnswer(Shape):
    model: str
    duration_s: float
    engine_s: float | None = Field(
        description="seconds of the engine's work; null until the model's speed was measured"
    )
    cost: float | None = Field(description="of engine_s, in the operator's currency; null without a price")

    @classmethod
    def of(cls, model: str, duration_s: float, estimate: Estimate) -> Self:
        return cls(model=model, duration_s=duration_s, engine_s=estimate.engine_s, cost=estimate.cost)


class UsageQuery(Shape):
    """Query of GET /v1/usage and GET /v1/users/{user_id}/usage."""

    month: str | None = Field(
        default=None, pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="the present one if none is named, UTC"
    )

    def month_at(self, now: datetime) -> str:
        return self.month or month_of(now)


class DayShape(Shape):
    day: str
    credential: str = Field(description="who made the jobs: an API key's prefix, or token for whoever was signed in")
    audio_s: float
    engine_s: float
    cost: float | None


class UsageAnswer(Shape):
    month: str
    audio_s: float
    engine_s: float
    cost: float | None
    days: list[DayShape]

    @classmethod
    def of(cls, month: str, days: Sequence[DayUse], price: float) -> Self:
        engine_s = sum(one.engine_s for one in days)
        return cls(
            month=month,
            audio_s=round(sum(one.audio_s for one in days), 3),
            engine_s=round(engine_s, 3),
            cost=cost_of(engine_s, price),
            days=[
                DayShape(
                    day=one.day,
                    credential=one.credential,
                    audio_s=round(one.audio_s, 3),
                    engine_s=round(one.engine_s, 3),
                    cost=cost_of(one.engine_s, price),
                )
                for one in days
            ],
        )
