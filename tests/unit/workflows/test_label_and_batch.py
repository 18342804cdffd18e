"""What a job is called, and many jobs at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sotto.domain.errors import IdempotencyKeyReused, InvalidInput, LimitReached, NotFound
from sotto.domain.idempotency import once_of
from sotto.domain.options import Options
from sotto.domain.quotas import Quotas
from sotto.workflows.create_job import Accepted, NewJob
from tests.examples import NOW, OWNER
from tests.unit.workflows.conftest import Service

REQUEST = NewJob("talk.wav", 1000, "audio/wav", Options(model="tiny.en"))
BROKEN = replace(REQUEST, name="///")
ONCE = once_of("a-key", route="POST /v1/jobs/batch", body="list", at=NOW)


def test_a_job_is_made_with_labels_and_they_change_one_by_one(service) -> None:
    job = service.create(OWNER, replace(REQUEST, title=" Council ", tags=("a", "a")), "request-1").job
    assert (job.title, job.tags) == ("Council", ("a",))
    assert service.label(OWNER, job.id, {"title": "Town"}).tags == ("a",)
    assert service.label(OWNER, job.id, {"tags": ["b", "c"]}).title == "Town"
    assert service.label(OWNER, job.id, {"title": None, "tags": None}) == replace(job, title=None, tags=())
    assert service.label(OWNER, job.id, {}) == service.now(job)
    with pytest.raises(InvalidInput):
        service.label(OWNER, job.id, {"tags": [""]})
    with pytest.raises(NotFound):
        service.label("somebody-else", job.id, {"title": "x"})


def test_exports_are_headed_by_what_the_job_is_called_now(service) -> None:
    job = service.queued(10.0)
    service.transcribe(service.queue.parts[0])
    service.label(OWNER, job.id, {"title": "Council *1*", "tags": ["city", "budget"]})
    text = {extension: service.exported(job, extension) for extension in ("md", "vtt", "txt", "srt", "json")}
    assert text["md"].startswith("# Council \\*1\\*\n\n- Recording: talk.wav\n")
    assert "- Tags: city, budget\n" in text["md"]
    assert "Title: Council *1*\nRecording: talk.wav\n" in text["vtt"]
    assert not [extension for extension in ("txt", "srt", "json") if "Council" in text[extension]]


def test_of_many_jobs_each_is_accepted_or_refused_by_itself(service) -> None:
    first, second, third = service.create_jobs(OWNER, [REQUEST, BROKEN, REQUEST], "request-1")
    assert isinstance(second, InvalidInput)
    assert first.job.id != third.job.id
    assert first.upload != third.upload
    assert len(service.jobs.rows) == 2


def test_a_list_that_broke_off_goes_on_where_it_stopped() -> None:
    service = Service(quotas=Quotas(concurrent_jobs=1))
    requests = [REQUEST, replace(REQUEST, name="b.wav")]
    first, refused = service.create_jobs(OWNER, requests, "request-1", ONCE)
    assert isinstance(refused, LimitReached)
    service.arrive(service.upload(first.job, 10.0))
    service.transcribe(service.queue.parts[0])
    again, second = service.create_jobs(OWNER, requests, "request-2", ONCE)
    assert (again.job.id, again.upload) == (first.job.id, None)
    assert isinstance(second, Accepted)
    assert [one.job.id for one in service.create_jobs(OWNER, requests, "request-3", ONCE)] == [
        again.job.id,
        second.job.id,
    ]


def test_another_list_with_the_key_makes_nothing(service) -> None:
    service.create_jobs(OWNER, [BROKEN], "request-1", ONCE)
    with pytest.raises(IdempotencyKeyReused):
        service.create_jobs(OWNER, [REQUEST], "request-2", replace(ONCE, asked="other"))
    assert service.jobs.rows == {}
