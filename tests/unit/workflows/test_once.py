"""A request that is sent twice makes one job, whatever happens between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sotto.domain.errors import IdempotencyKeyReused, InvalidInput, LimitReached
from sotto.domain.idempotency import once_of
from sotto.domain.job import JobStatus
from sotto.domain.options import Options
from sotto.domain.quotas import Quotas
from sotto.workflows.create_job import MB, NewJob
from tests.examples import NOW, OWNER
from tests.unit.workflows.conftest import Service

REQUEST = NewJob("talk.wav", 1000, "audio/wav", Options(model="tiny.en"))
ONCE = once_of("a-key", route="POST /v1/jobs", body="talk", at=NOW)


def test_the_same_request_is_answered_with_the_same_job_and_a_new_signature(service) -> None:
    first = service.create(OWNER, REQUEST, "request-1", ONCE)
    service.clock.forward(600)
    second = service.create(OWNER, REQUEST, "request-2", ONCE)
    assert second.job == first.job
    assert first.upload.url.endswith("expires=3600")
    assert second.upload.url.endswith("expires=3000")  # no longer than the job waits for it
    assert len(service.jobs.rows) == 1


def test_once_the_recording_has_arrived_there_is_nothing_to_upload(service) -> None:
    job = service.create(OWNER, REQUEST, "request-1", ONCE).job
    service.arrive(service.upload(job, 100.0))
    again = service.create(OWNER, REQUEST, "request-2", ONCE)
    assert (again.job.status, again.upload) == (JobStatus.QUEUED, None)


def test_another_request_with_the_key_is_refused(service) -> None:
    service.create(OWNER, REQUEST, "request-1", ONCE)
    with pytest.raises(IdempotencyKeyReused):
        service.create(OWNER, REQUEST, "request-2", replace(ONCE, asked="other"))


def test_of_two_at_the_same_moment_one_makes_the_job_and_leaves_no_open_upload(service) -> None:
    large = replace(REQUEST, size_bytes=101 * MB)
    start, results = service.objects.start_multipart, []

    def start_after_the_other(key: str, *, content_type: str) -> str:
        service.objects.start_multipart = start
        results.append(service.create(OWNER, large, "request-2", ONCE))
        return start(key, content_type=content_type)

    service.objects.start_multipart = start_after_the_other
    results.append(service.create(OWNER, large, "request-1", ONCE))
    assert results[0] == results[1]
    assert len(service.jobs.rows) == 1
    assert list(service.objects.multiparts) == [results[0].job.multipart_id]


def test_what_was_refused_may_be_asked_again_with_the_key() -> None:
    service = Service(quotas=Quotas(concurrent_jobs=1))
    first = service.create(OWNER, REQUEST, "request-1")
    with pytest.raises(LimitReached):
        service.create(OWNER, REQUEST, "request-2", ONCE)
    service.cancel(OWNER, first.job.id)
    assert service.create(OWNER, REQUEST, "request-3", ONCE).job.id != first.job.id


def test_a_repeated_retry_is_one_attempt(service) -> None:
    job = service.queued(100.0)
    service.transcribe(service.queue.parts[0])
    first = service.retry(OWNER, job.id, job.options, ONCE)
    assert service.retry(OWNER, job.id, job.options, ONCE) == first
    assert (first.attempt, len(service.arrivals.announced)) == (2, 1)


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", "a\nb"])
def test_a_key_is_short_and_printable(key) -> None:
    with pytest.raises(InvalidInput, match="Idempotency-Key: expected 1 to 255 printable"):
        once_of(key, route="POST /v1/jobs", body="", at=NOW)


def test_a_key_is_about_one_route_and_one_body() -> None:
    asked = {once_of("k", route=r, body=b, at=NOW).asked for r, b in (("a", "b"), ("a", "c"), ("ab", ""), ("b", "b"))}
    assert len(asked) == 4
