"""A job is checked before it is stored, and stored before anything is uploaded."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sotto.domain.errors import InvalidInput, RecordingEmpty, RecordingTooLarge, StorageUnavailable, WrongState
from sotto.domain.job import JobStatus
from sotto.domain.options import Options
from sotto.domain.uploads import MultipartPlan, PresignedPut
from sotto.workflows.create_job import MB, NewJob, multipart_plan
from tests.examples import OWNER

REQUEST = NewJob("talk.wav", 1000, "audio/wav", Options(model="tiny.en"))


def test_a_small_recording_gets_one_signed_put(service) -> None:
    accepted = service.create(OWNER, REQUEST, "request-1")
    assert isinstance(accepted.upload, PresignedPut)
    assert f"uploads/{OWNER}/{accepted.job.id}/talk.wav" in accepted.upload.url
    stored = service.jobs.get(OWNER, accepted.job.id)
    assert stored == accepted.job
    assert stored.status is JobStatus.AWAITING_UPLOAD


def test_a_large_recording_gets_parts(service) -> None:
    accepted = service.create(OWNER, replace(REQUEST, size_bytes=101 * MB), "request-1")
    assert accepted.upload == MultipartPlan(part_size_bytes=16 * MB, part_count=7, size_bytes=101 * MB)
    assert service.jobs.get(OWNER, accepted.job.id).multipart_id == "upload-1"


def test_the_largest_object_fits_the_limit_on_parts() -> None:
    plan = multipart_plan(5 * 1024**4)
    assert plan.part_count <= 10_000
    assert plan.part_count * plan.part_size_bytes >= 5 * 1024**4


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"name": "///"}, InvalidInput, "name: expected a file name"),
        ({"size_bytes": 0}, RecordingEmpty, "expected at least 1, found 0"),
        ({"size_bytes": -1}, RecordingEmpty, "found -1"),
        ({"size_bytes": 10**9 + 1}, RecordingTooLarge, "expected at most 1000000000, found 1000000001"),
        ({"sha256": "0" * 64, "size_bytes": 101 * MB}, InvalidInput, "sha256: expected nothing for a recording above"),
        ({"content_type": "text/html"}, InvalidInput, "content_type: expected audio"),
        ({"options": Options(model="huge")}, InvalidInput, "model: expected one of base, tiny.en, found 'huge'"),
        ({"options": Options(model="small")}, InvalidInput, "model: expected one of base, tiny.en, found 'small'"),
        ({"options": Options(model="base", language="xx")}, InvalidInput, "language: expected an ISO 639-1 code"),
        ({"options": Options(model="tiny.en", language="de")}, InvalidInput, "because tiny.en knows English only"),
        ({"options": Options(model="tiny.en", task="translate")}, InvalidInput, "tiny.en cannot translate"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_stored(service, changes, error, says) -> None:
    with pytest.raises(error, match=re.escape(says)):
        service.create(OWNER, replace(REQUEST, **changes), "request-1")
    assert service.jobs.rows == {}
    assert service.objects.multiparts == {}


def test_a_multipart_upload_can_be_signed_listed_completed_and_completed_again(service) -> None:
    job = service.create(OWNER, replace(REQUEST, size_bytes=101 * MB), "request-1").job
    assert [number for number, _ in service.upload_parts.sign(OWNER, job.id, [1, 2])] == [1, 2]
    parts = [
        (number, service.objects.put_part(job.multipart_id, number, digit))
        for number, digit in enumerate([b"5", b"0", b"0", b".", b"0", b"0", b"0"], 1)
    ]
    assert [(part.number, part.etag) for part in service.upload_parts.arrived(OWNER, job.id)] == parts
    service.upload_parts.complete(OWNER, job.id, parts[::-1])
    assert service.arrive(f"uploads/{OWNER}/{job.id}/talk.wav") == "queued"
    assert service.now(job).facts.duration_s == 500.0
    assert service.upload_parts.complete(OWNER, job.id, parts).status is JobStatus.QUEUED


def test_the_urls_of_parts_take_the_announced_bytes_and_no_more(service) -> None:
    job = service.create(OWNER, replace(REQUEST, size_bytes=101 * MB), "request-1").job
    urls = [url for _, url in service.upload_parts.sign(OWNER, job.id, range(1, 8))]
    sizes = [int(re.search(r"&size=(\d+)", url)[1]) for url in urls]
    assert sizes == [16 * MB] * 6 + [5 * MB]


@pytest.mark.parametrize("numbers", [[], [0], [8], list(range(1, 102))])
def test_part_numbers_are_checked(service, numbers) -> None:
    job = service.create(OWNER, replace(REQUEST, size_bytes=101 * MB), "request-1").job
    with pytest.raises(InvalidInput, match="numbers"):
        service.upload_parts.sign(OWNER, job.id, numbers)


@pytest.mark.parametrize("missing", [1, 4, 7])
def test_an_upload_without_one_of_its_parts_is_not_complete(service, missing: int) -> None:
    job = service.create(OWNER, replace(REQUEST, size_bytes=101 * MB), "request-1").job
    parts = [(number, service.objects.put_part(job.multipart_id, number, b"1")) for number in range(1, 8)]
    del parts[missing - 1]
    with pytest.raises(InvalidInput, match=f"parts: expected all 7 parts, found 'none with number {missing}'"):
        service.upload_parts.complete(OWNER, job.id, parts)
    assert service.now(job).status is JobStatus.AWAITING_UPLOAD


def test_an_upload_that_is_given_up_cancels_its_job(service) -> None:
    job = service.create(OWNER, replace(REQUEST, size_bytes=101 * MB), "request-1").job
    service.upload_parts.abort(OWNER, job.id)
    assert service.now(job).status is JobStatus.CANCELLED
    assert service.objects.multiparts == {}
    with pytest.raises(WrongState):
        service.upload_parts.sign(OWNER, job.id, [1])


def test_giving_up_that_was_cut_off_can_be_repeated(service, monkeypatch) -> None:
    job = service.create(OWNER, replace(REQUEST, size_bytes=101 * MB), "request-1").job
    with monkeypatch.context() as broken:
        broken.setattr(service.jobs, "move", _break_down(StorageUnavailable("table: expected an answer, found none")))
        with pytest.raises(StorageUnavailable):
            service.upload_parts.abort(OWNER, job.id)
    assert service.objects.multiparts == {}
    service.upload_parts.abort(OWNER, job.id)
    assert service.now(job).status is JobStatus.CANCELLED


def test_a_job_that_is_refused_at_the_last_moment_leaves_no_upload(service, monkeypatch) -> None:
    monkeypatch.setattr(service.jobs, "create", _break_down(WrongState("job: expected a new id, found a job")))
    with pytest.raises(WrongState):
        service.create(OWNER, replace(REQUEST, size_bytes=101 * MB), "request-1")
    assert service.objects.multiparts == {}


def _break_down(error: Exception):
    def broken(*_: object, **__: object) -> None:
        raise error

    return broken


def test_a_single_put_has_no_parts(service) -> None:
    job = service.create(OWNER, REQUEST, "request-1").job
    with pytest.raises(WrongState, match="found a single PUT"):
        service.upload_parts.arrived(OWNER, job.id)
