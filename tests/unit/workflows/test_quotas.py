"""Quotas along a job's whole path: who is over is told which limit and how long, and nothing is left behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sotto.domain.errors import LimitReached, MinutesUsedUp, error_of
from sotto.domain.job import JobStatus
from sotto.domain.quotas import OwnQuotas, Quotas, month_of, until_next_month_s
from tests.examples import OWNER
from tests.unit.workflows.conftest import Service

SOME = "2026-11"


def test_without_quotas_nothing_is_refused(service: Service) -> None:
    for _ in range(20):
        service.queued(3600)
    assert service.usage.seconds(OWNER, SOME) == 20 * 3600, "minutes are counted all the same"


def test_one_job_too_many_is_refused_before_anything_is_stored() -> None:
    service = Service(quotas=Quotas(concurrent_jobs=2))
    first = service.accept()
    service.accept()
    with pytest.raises(LimitReached, match="concurrent jobs: expected at most 2, found 3") as refusal:
        service.accept()
    assert refusal.value.retry_after_s > 0
    assert len(service.jobs.rows) == 2
    service.cancel(OWNER, first.id)
    service.accept()


def test_bytes_count_while_the_recording_is_kept_and_a_deletion_frees_them() -> None:
    service = Service(quotas=Quotas(stored_bytes=2500))
    first = service.accept(size_bytes=1000)
    service.accept(size_bytes=1500)
    with pytest.raises(LimitReached, match="stored bytes: expected at most 2500, found 2501"):
        service.accept(size_bytes=1)
    service.delete(OWNER, first.id)
    service.accept(size_bytes=1000)


def test_a_recording_that_does_not_fit_into_the_month_fails_with_the_reason() -> None:
    service = Service(quotas=Quotas(minutes_a_month=10))
    service.queued(500)
    sent = len(service.queue.parts)
    job = service.accept()
    assert service.arrive(service.upload(job, 101)) == "minutes_used_up"
    failed = service.now(job)
    assert failed.status is JobStatus.FAILED
    assert failed.failure is not None
    assert failed.failure.message == "minutes a month: expected at most 10, found 11 with this recording"
    assert "retry the job" in failed.failure.hint
    assert isinstance(error_of(failed.failure), MinutesUsedUp)
    assert len(service.queue.parts) == sent, "nothing was queued"
    assert service.queued(100).status is JobStatus.QUEUED, "what fits still goes"


def test_when_the_month_is_used_up_no_upload_is_wasted() -> None:
    service = Service(quotas=Quotas(minutes_a_month=10))
    job = service.queued(600)
    with pytest.raises(LimitReached, match="minutes a month: expected less than 10, found 10") as refusal:
        service.accept()
    assert refusal.value.retry_after_s == until_next_month_s(service.clock())
    service.cancel(OWNER, job.id)
    with pytest.raises(LimitReached):
        service.retry(OWNER, job.id, job.options)


def test_a_second_delivery_is_not_charged_again_and_a_retry_is() -> None:
    service = Service(quotas=Quotas(minutes_a_month=10))
    job = service.accept()
    key = service.upload(job, 200)
    for _ in range(3):
        service.arrive(key)
    assert service.usage.seconds(OWNER, SOME) == 200
    service.cancel(OWNER, job.id)
    service.retry(OWNER, job.id, job.options)
    assert service.arrive(key) == "queued"
    assert service.usage.seconds(OWNER, SOME) == 400


def test_a_user_of_whom_more_is_known_has_limits_of_their_own() -> None:
    service = Service(quotas=Quotas(minutes_a_month=10, concurrent_jobs=1))
    service.usage.own[OWNER] = OwnQuotas(minutes_a_month=1, concurrent_jobs=0)
    service.accept()
    assert service.accept().status is JobStatus.AWAITING_UPLOAD, "0 takes the limit away"
    job = service.accept()
    assert service.arrive(service.upload(job, 61)) == "minutes_used_up"
    service.usage.own[OWNER] = OwnQuotas(concurrent_jobs=0)
    assert service.queued(600).status is JobStatus.QUEUED, "back to what all have"


def test_months_turn_in_utc() -> None:
    east = timezone(timedelta(hours=9))
    assert month_of(datetime(2026, 12, 1, 3, tzinfo=east)) == "2026-11"
    assert until_next_month_s(datetime(2026, 11, 30, 23, 59, 30, tzinfo=UTC)) == 30
    assert until_next_month_s(datetime(2026, 12, 31, tzinfo=UTC)) == 86400
    assert until_next_month_s(datetime(2026, 11, 30, 23, 59, 59, 999999, tzinfo=UTC)) == 1
