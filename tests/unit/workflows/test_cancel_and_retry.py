"""Stopping a job, and running its recording again."""

from __future__ import annotations

import pytest

from sotto.domain.errors import InvalidInput, NotARecording, NotFound, WrongState
from sotto.domain.job import JobStatus
from sotto.domain.options import Options
from sotto.workflows.create_job import MB
from sotto.workflows.reconcile_jobs import GIVE_UP_AFTER
from tests.examples import OWNER


def test_a_running_job_is_stopped_and_counts_nothing_more(service) -> None:
    job = service.queued(500.0)
    service.speech.before_progress = lambda: service.cancel(OWNER, job.id)
    assert service.transcribe(service.queue.parts[0]) == "taken_over"
    assert service.transcribe(service.queue.parts[1]) == "stale"
    stopped = service.now(job)
    assert (stopped.status, stopped.progress.parts_done) == (JobStatus.CANCELLED, 0)
    assert stopped.timings.completed_at
    assert service.jobs.due_at == {}


def test_cancelling_twice_is_cancelling_once(service) -> None:
    job = service.accept()
    assert service.cancel(OWNER, job.id) == service.cancel(OWNER, job.id)


def test_an_open_multipart_upload_is_given_up(service) -> None:
    job = service.accept(size_bytes=101 * MB)
    service.cancel(OWNER, job.id)
    assert service.objects.multiparts == {}


def test_a_repeated_cancel_gives_up_the_upload_that_the_first_left_open(service) -> None:
    job = service.accept(size_bytes=101 * MB)
    service.jobs.move(job, JobStatus.CANCELLED)  # as far as the first got
    service.cancel(OWNER, job.id)
    assert service.objects.multiparts == {}


def test_what_has_ended_cannot_be_cancelled(service) -> None:
    job = service.queued(10.0)
    service.transcribe(service.queue.parts[0])
    with pytest.raises(WrongState, match="found COMPLETED"):
        service.cancel(OWNER, job.id)


def test_a_failed_job_is_retried_without_another_upload(service) -> None:
    service.probe.error = NotARecording("recording: expected sound, found text")
    job = service.accept()
    service.arrive(service.upload(job, 100.0))
    service.probe.error = None
    again = service.retry(OWNER, job.id, job.options)
    assert (again.attempt, again.failure) == (2, None)
    (key,) = service.arrivals.announced
    assert service.arrive(key) == "queued"
    assert service.transcribe(service.queue.parts[0]) == "completed"
    done = service.now(job)
    assert [(attempt.number, attempt.failure.code) for attempt in done.history] == [(1, "not_a_recording")]


def test_a_completed_job_is_run_again_with_another_model(service) -> None:
    job = service.queued(100.0)
    service.transcribe(service.queue.parts[0])
    service.retry(OWNER, job.id, Options(model="base", language="de"))
    assert service.now(job).progress.parts_done == 0
    service.arrive(service.arrivals.announced[0])
    assert service.transcribe(service.queue.parts[0]) == "stale"  # the first attempt's message, once more
    assert service.transcribe(service.queue.parts[1]) == "completed"
    done = service.now(job)
    assert (done.options.model, done.language, done.attempt) == ("base", "de", 2)
    assert done.history[0].status is JobStatus.COMPLETED


def test_a_retry_is_about_the_first_attempts_bytes(service) -> None:
    job = service.queued(100.0)
    service.transcribe(service.queue.parts[0])
    service.upload(job, 7.0)  # a late PUT with the same URL
    service.retry(OWNER, job.id, job.options)
    service.arrive(service.arrivals.announced[0])
    assert service.now(job).facts.duration_s == 100.0


def test_a_lost_announcement_is_made_again_by_the_reconciler(service) -> None:
    job = service.queued(100.0)
    service.transcribe(service.queue.parts[0])
    service.clock.forward(100 * GIVE_UP_AFTER.total_seconds())  # an old job's retry is as young as a new job
    service.retry(OWNER, job.id, job.options)
    service.arrivals.announced.clear()
    service.clock.forward(GIVE_UP_AFTER.total_seconds() - 1)
    assert service.reconcile() == {"announced_again": 1}
    assert service.arrive(service.arrivals.announced[0]) == "queued"


def test_what_cannot_be_retried_is_said(service) -> None:
    job = service.accept()
    with pytest.raises(WrongState, match="expected a job whose recording was uploaded"):
        service.retry(OWNER, job.id, job.options)
    running = service.queued(100.0)
    with pytest.raises(WrongState, match="found QUEUED"):
        service.retry(OWNER, running.id, running.options)
    with pytest.raises(InvalidInput, match="model"):
        service.retry(OWNER, running.id, Options(model="huge"))
    with pytest.raises(NotFound):
        service.retry("somebody-else", running.id, running.options)
