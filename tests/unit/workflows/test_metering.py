"""What work costs: measured part by part, tries that failed among it, foreseen from what was measured."""

from __future__ import annotations

import pytest

from sotto.domain.errors import EngineUnavailable, LimitReached, StorageUnavailable
from sotto.domain.job import JobStatus
from sotto.domain.metering import DayUse, Speed, cost_of
from sotto.domain.parts import Lane
from sotto.domain.quotas import Quotas
from sotto.workflows.foresee_job import Estimate, ForeseeJob, Outlook
from tests.examples import OWNER
from tests.unit.workflows.conftest import Service

DAY = "2026-11-22"


def work(service: Service, number: int, seconds: float) -> None:
    """Transcribe a part in `seconds` by the clock."""
    service.speech.before_progress = lambda: service.clock.forward(seconds)
    service.transcribe(service.queue.parts[number])


def test_every_part_and_every_failed_try_is_on_the_account(service) -> None:
    job = service.queued(500.0)
    work(service, 0, 20.0)

    def fail() -> None:
        service.clock.forward(5.0)
        raise EngineUnavailable("engine: expected it to go on, found it broken")

    service.speech.before_progress = fail
    with pytest.raises(EngineUnavailable):
        service.transcribe(service.queue.parts[1])
    assert service.now(job).engine_s == 25.0
    work(service, 1, 30.0)
    done = service.now(job)
    assert (done.status, done.engine_s) == (JobStatus.COMPLETED, 55.0)
    assert service.usage.days(OWNER, "2026-11") == [DayUse(DAY, "token", 500.0, 55.0)]


def test_work_that_was_stopped_is_on_the_account_and_no_measure_of_speed(service) -> None:
    job = service.queued(100.0)

    def cancel() -> None:
        service.clock.forward(7.0)
        service.cancel(OWNER, job.id)

    service.speech.before_progress = cancel
    assert service.transcribe(service.queue.parts[0]) == "taken_over"
    assert service.now(job).engine_s == 7.0
    assert service.jobs.speed("tiny.en", DAY) is None


def test_work_is_not_counted_twice_when_the_answer_to_the_count_is_lost(service) -> None:
    job, finish = service.queued(100.0), service.jobs.finish_part

    def finish_and_lose(*args: object, **kwargs: object) -> None:
        finish(*args, **kwargs)
        raise StorageUnavailable("table: expected an answer, found none")

    service.jobs.finish_part = finish_and_lose
    with pytest.raises(StorageUnavailable):
        work(service, 0, 10.0)
    assert service.transcribe(service.queue.parts[0]) == "completed"
    assert service.now(job).engine_s == 10.0


def test_a_result_that_is_nobodys_was_work(service) -> None:
    job, write = service.queued(100.0), service.objects.write

    def cancel_after(*args: object, **kwargs: object) -> None:
        write(*args, **kwargs)
        service.cancel(OWNER, job.id)

    service.objects.write = cancel_after
    work(service, 0, 10.0)
    assert (service.now(job).status, service.now(job).engine_s) == (JobStatus.CANCELLED, 10.0)


def test_a_second_attempt_adds_to_the_first(service) -> None:
    job = service.queued(100.0)
    work(service, 0, 10.0)
    service.retry(OWNER, job.id, job.options)
    service.arrive(service.arrivals.announced[0])
    work(service, 1, 12.0)
    assert service.now(job).engine_s == 22.0


def test_nothing_is_foreseen_until_something_was_measured(service) -> None:
    foresee = ForeseeJob(service.jobs, service.clock, price_per_engine_s=0.5)
    job = service.queued(100.0)
    assert foresee.outlook(service.now(job)) == Outlook(0, None)
    assert foresee.estimate("tiny.en", 3600.0) == Estimate(None, None)
    work(service, 0, 10.0)
    assert foresee.outlook(service.now(job)) is None
    assert foresee.estimate("tiny.en", 3600.0) == Estimate(360.0, 180.0)
    assert foresee.estimate("base", 3600.0) == Estimate(None, None)


def test_the_place_in_a_lane_and_the_time_come_from_those_before(service) -> None:
    foresee = ForeseeJob(service.jobs, service.clock, {Lane.FAST: 2, Lane.BULK: 1})
    service.queued(100.0)
    work(service, 0, 10.0)  # ten times real time
    long_one = service.now(service.queued(6000.0))
    service.clock.forward(1)
    first = service.now(service.queued(200.0))
    service.clock.forward(1)
    second = service.now(service.queued(500.0))
    assert foresee.outlook(long_one) == Outlook(0, 600.0)
    assert foresee.outlook(first) == Outlook(0, 20.0)  # one part: a second worker is of no use to it
    assert foresee.outlook(second) == Outlook(1, 35.0)  # 20 s before it on two workers, 50 s of its own on two
    service.cancel(OWNER, first.id)
    assert foresee.outlook(second) == Outlook(0, 25.0)


def test_without_a_price_nothing_has_a_cost() -> None:
    assert cost_of(10.0, 0.0) is None
    assert cost_of(None, 1.0) is None
    assert cost_of(10.0, 0.0000461) == 0.000461
    assert Speed(audio_s=100.0, engine_s=10.0).engine_s_for(50.0) == 5.0


def test_when_the_months_engine_seconds_are_used_up_no_job_is_taken() -> None:
    service = Service(quotas=Quotas(engine_s_a_month=10))
    service.queued(100.0)
    work(service, 0, 10.0)
    with pytest.raises(LimitReached, match="engine seconds a month: expected less than 10, found 10") as refused:
        service.accept()
    assert refused.value.retry_after_s > 86400
    service.clock.forward(10 * 86400)  # December
    assert service.accept()
