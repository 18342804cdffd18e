"""A transcript in the answer: waiting, giving up in time, and the same request joining the same job."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sotto.domain.errors import NotARecording, PartFailedRepeatedly, StillTranscribing, StorageUnavailable, WrongState
from sotto.domain.idempotency import Once
from sotto.domain.job import Job, JobStatus
from sotto.domain.object_keys import UploadKey
from sotto.domain.options import Options
from sotto.workflows.moments import after, iso
from sotto.workflows.transcribe_now import LONGEST_WAIT_S, UNKNOWN_WAIT_S, Recording, TranscribeNow
from tests.examples import OWNER
from tests.fakes.requests import InMemoryRequests
from tests.unit.workflows.conftest import Service

OPTIONS = Options(model="tiny.en")
SOUND = Recording("talk.wav", "audio/wav", b"30")  # SecondsProbe: 30 s


@pytest.fixture
def now(service: Service) -> TranscribeNow:
    return TranscribeNow(service.create, service.read, InMemoryRequests(), sleep=service.clock.forward)


def start(now: TranscribeNow, recording: Recording = SOUND, options: Options = OPTIONS) -> Job:
    return now.start(OWNER, recording, options, "request-1")


def arrive(service: Service, job: Job) -> None:
    service.arrive(str(UploadKey(job.owner, job.id, job.name)))


def work(service: Service, job: Job) -> None:
    """Everything that happens to an uploaded recording."""
    arrive(service, job)
    for event in service.queue.parts:
        service.transcribe(event)


def test_a_recording_becomes_a_job_with_its_object(service: Service, now: TranscribeNow) -> None:
    job = start(now)
    assert service.objects.read(f"uploads/{OWNER}/{job.id}/talk.wav") == b"30"
    work(service, job)
    done = now.wait(job, service.clock())
    assert done.status is JobStatus.COMPLETED
    assert len(service.words(done)) == 30


def test_the_same_request_joins_the_job_whatever_its_file_is_called(service: Service, now: TranscribeNow) -> None:
    first = start(now)
    assert start(now, Recording("again.wav", "audio/wav", b"30")).id == first.id
    work(service, first)
    assert start(now).id == first.id
    assert len(service.jobs.rows) == 1


@pytest.mark.parametrize(
    ("recording", "options"),
    [(Recording("talk.wav", "audio/wav", b"31"), OPTIONS), (SOUND, Options(model="tiny.en", prompt="Sotto"))],
)
def test_another_recording_or_option_is_another_job(now: TranscribeNow, recording: Recording, options: Options) -> None:
    assert start(now).id != start(now, recording, options).id


def test_an_answer_comes_in_time_and_says_when_to_ask_again(service: Service, now: TranscribeNow) -> None:
    job, began = start(now), service.clock()
    with pytest.raises(StillTranscribing) as refused:
        now.wait(job, began + timedelta(seconds=25))
    assert (service.clock() - began).total_seconds() == pytest.approx(25)
    assert refused.value.retry_after_s == UNKNOWN_WAIT_S


@pytest.mark.parametrize(("elapsed_s", "expected"), [(10, 30), (100, LONGEST_WAIT_S), (0.1, 1)])
def test_the_wait_is_estimated_from_measured_speed(
    service: Service, now: TranscribeNow, elapsed_s: float, expected: int
) -> None:
    job = start(now, Recording("long.wav", "audio/wav", b"400"))
    arrive(service, job)
    queued = service.now(job)
    event = service.queue.parts[0]
    until = after(service.clock(), 3600)
    timings = replace(queued.timings, started_at=iso(service.clock()))
    processing = service.jobs.move(queued, JobStatus.PROCESSING, timings=timings, due_at=until)
    service.jobs.claim_part(processing, event.part.index, worker="w", now=queued.timings.created_at, lease_until=until)
    service.jobs.extend_lease(processing, event.part.index, worker="w", lease_until=until, seconds_done=100.0)
    service.clock.forward(elapsed_s)
    assert now.retry_after_s(processing) == expected


def test_a_crash_after_the_claim_is_taken_up_by_the_same_request(service: Service, now: TranscribeNow) -> None:
    write, service.objects.write = service.objects.write, _fails  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable):
        start(now)
    service.objects.write = write  # type: ignore[method-assign]
    (made,) = service.jobs.rows.values()
    job = start(now)
    assert job.id == made.id
    work(service, job)
    assert now.wait(job, service.clock()).status is JobStatus.COMPLETED


def test_two_equal_requests_at_once_make_one_job(service: Service, now: TranscribeNow) -> None:
    """The second one comes when the first has claimed the request and not yet made its job."""
    create, inner = service.jobs.create, []

    def slow_create(job: Job, *, due_at: str, once: Once | None = None) -> Job:
        service.jobs.create = create  # type: ignore[method-assign]
        inner.append(start(now))
        return create(job, due_at=due_at, once=once)

    service.jobs.create = slow_create  # type: ignore[method-assign]
    assert start(now).id == inner[0].id
    assert len(service.jobs.rows) == 1


@pytest.mark.parametrize("seconds_later", [0, 61])
def test_a_deleted_job_is_made_anew_and_stays_deleted(
    service: Service, now: TranscribeNow, seconds_later: float
) -> None:
    first = start(now)
    service.delete(OWNER, first.id)
    service.clock.forward(seconds_later)
    second = start(now)
    assert second.id != first.id
    assert list(service.jobs.rows) == [(OWNER, second.id)]


def test_a_bad_recording_is_refused_again_without_another_job(service: Service, now: TranscribeNow) -> None:
    service.probe.error = NotARecording("file: expected sound, found text")
    job = start(now)
    arrive(service, job)
    for _ in range(2):
        with pytest.raises(NotARecording, match="expected sound"):
            now.wait(start(now), service.clock())
    assert len(service.jobs.rows) == 1


def test_what_failed_by_the_worlds_fault_is_tried_again(service: Service, now: TranscribeNow) -> None:
    first = start(now)
    arrive(service, first)
    service.fail.for_part(service.queue.parts[0], None)
    with pytest.raises(PartFailedRepeatedly):
        now.wait(first, service.clock())
    assert start(now).id != first.id


def test_a_cancelled_job_is_no_answer_and_no_obstacle(service: Service, now: TranscribeNow) -> None:
    first = start(now)
    service.cancel(OWNER, first.id)
    with pytest.raises(WrongState, match="CANCELLED"):
        now.wait(first, service.clock())
    assert start(now).id != first.id


def _fails(*_: object, **__: object) -> None:
    raise StorageUnavailable("bucket: expected an answer, found none")
