"""A deletion ends in a signed receipt, is in the audit log, and goes on where it was cut off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sotto.domain.audit import Action, Origin
from sotto.domain.errors import NotFound, StorageUnavailable
from sotto.domain.job import Job
from sotto.domain.receipts import Deletion, RowCount
from sotto.domain.signed_receipts import checked
from sotto.workflows.delete_own_job import DeleteOwnJob
from sotto.workflows.record_audit import RecordAudit
from tests.examples import OWNER, PRINCIPAL
from tests.fakes.identity import FakeAudit
from tests.unit.workflows.conftest import Service

FROM = Origin("192.0.2.1", "request-1")


class Cut(BaseException):
    """The process ends here: no handler sees it."""


def make(service: Service) -> tuple[DeleteOwnJob, FakeAudit]:
    log = FakeAudit()
    audit = RecordAudit(log, service.clock, lambda: "entry")
    return DeleteOwnJob(service.jobs, service.receipts, service.delete, audit), log


def completed(service: Service) -> Job:
    job = service.queued(500.0)
    for part in service.queue.parts:
        service.transcribe(part)
    service.index_words(job.owner, job.id)
    return service.now(job)


def nothing_is_left(service: Service, job: Job) -> bool:
    look = service.delete.look(job.owner, job.id)
    return look.empty and service.objects.versions == {} and service.index.rows == {}


def test_a_receipt_counts_what_was_there_and_is_signed(service: Service) -> None:
    delete, _ = make(service)
    job = completed(service)
    deletion = delete(PRINCIPAL, job.id, FROM)
    receipt = checked({"jws": deletion.jws}, service.receipt_key.keys())
    assert receipt == deletion.receipt
    assert (receipt.job_id, receipt.owner) == (job.id, OWNER)
    (look,) = receipt.looks
    assert (look.recordings.keys, look.work.keys, look.transcripts.keys, look.exports.keys) == (1, 3, 4, 0)
    assert look.exports.digest is None
    assert look.rows.words > 500
    assert look.rows.model_copy(update={"words": 0}) == RowCount(jobs=1, parts=2, holds=1, charges=1)
    assert receipt.completed_at == "2026-11-22T12:00:00.000Z"
    assert "talk" not in receipt.text
    assert nothing_is_left(service, job)


def test_a_deletion_is_logged_with_who_and_from_where(service: Service) -> None:
    delete, log = make(service)
    job = service.queued(10)
    delete(PRINCIPAL, job.id, FROM)
    with pytest.raises(NotFound):
        service.now(job)
    (entry,) = log.entries
    assert (entry.action, entry.object, entry.who, entry.credential) == (Action.JOB_DELETED, job.id, OWNER, "token")
    assert (entry.address, entry.request_id) == ("192.0.2.1", "request-1")


def test_who_asks_again_gets_the_same_receipt_and_no_entry(service: Service) -> None:
    delete, log = make(service)
    job = service.queued(10)
    first = delete(PRINCIPAL, job.id, FROM)
    service.clock.forward(60)
    assert delete(PRINCIPAL, job.id, FROM) == first
    assert len(log.entries) == 1


def test_what_is_not_there_or_somebody_elses_is_no_entry(service: Service) -> None:
    delete, log = make(service)
    job = service.queued(10)
    for by, job_id in [(PRINCIPAL, "none"), (replace(PRINCIPAL, user_id="somebody-else"), job.id)]:
        with pytest.raises(NotFound):
            delete(by, job_id, FROM)
    assert log.entries == []
    assert service.now(job) == job


@pytest.mark.parametrize("at", ["note", "objects", "words", "rows", "sign", "store"])
def test_a_deletion_that_was_cut_off_goes_on_and_its_receipt_tells_of_everything(
    service: Service, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    delete, log = make(service)
    job = completed(service)
    place, name = {
        "note": (service.receipts, "note"),
        "objects": (service.objects, "delete_prefix"),
        "words": (service.index, "remove"),
        "rows": (service.jobs, "delete"),
        "sign": (service.receipt_key, "sign"),
        "store": (service.receipts, "sign"),
    }[at]

    def cut(*_: object, **__: object) -> None:
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(place, name, cut)
        with pytest.raises(Cut):
            delete(PRINCIPAL, job.id, FROM)
    deletion = delete(PRINCIPAL, job.id, FROM)
    receipt = checked({"jws": deletion.jws}, service.receipt_key.keys())
    first = receipt.looks[0]
    assert (first.recordings.keys, first.transcripts.keys, first.rows.parts, first.rows.jobs) == (1, 4, 2, 1)
    assert nothing_is_left(service, job)
    assert len(log.entries) == 2


def test_what_nobody_repeats_the_reconciler_finishes(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    job = completed(service)

    def cut(*_: object) -> None:
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(service.jobs, "delete", cut)
        with pytest.raises(Cut):
            service.delete(OWNER, job.id)
    assert service.sweep() == {}
    service.clock.forward(901)
    assert service.sweep() == {"deletion_finished": 1}
    deletion = service.receipts.find(OWNER, job.id)
    assert deletion is not None
    assert checked({"jws": deletion.jws}, service.receipt_key.keys()).completed_at == "2026-11-22T12:15:01.000Z"
    assert nothing_is_left(service, job)


def test_what_comes_late_is_taken_out_an_hour_and_a_day_later(service: Service) -> None:
    job = completed(service)
    service.delete(OWNER, job.id)
    for hours, late in [(1, f"uploads/{OWNER}/{job.id}/talk.wav"), (23.1, f"work/{OWNER}/{job.id}/1/00000.json")]:
        service.objects.put(late, b"late")
        assert service.sweep() == {}
        service.clock.forward(hours * 3600)
        assert service.sweep() == {"latecomers_deleted": 1}
        assert nothing_is_left(service, job)
    service.clock.forward(10 * 86400)
    assert service.sweep() == {}


def test_the_reconciler_leaves_what_stayed_deleted(service: Service) -> None:
    job = completed(service)
    service.delete(OWNER, job.id)
    service.clock.forward(3600)
    assert service.sweep() == {"stayed_deleted": 1}


def test_one_deletion_that_fails_does_not_keep_the_others_waiting(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = completed(service), completed(service)
    for job in (first, second):
        service.delete(OWNER, job.id)
        service.objects.put(f"work/{OWNER}/{job.id}/1/00000.json", b"late")
    remove = service.objects.delete_prefix

    def gone(prefix: str) -> int:
        if first.id in prefix:
            raise StorageUnavailable("bucket: expected an answer, found none")
        return remove(prefix)

    monkeypatch.setattr(service.objects, "delete_prefix", gone)
    service.clock.forward(3600)
    assert service.sweep() == {"deletion_failed": 1, "latecomers_deleted": 1}


def test_what_a_late_worker_writes_meanwhile_is_in_the_receipt(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = completed(service)
    late, delete = f"work/{OWNER}/{job.id}/1/00007.json", service.jobs.delete

    def write_then_delete(owner: str, job_id: str) -> None:
        monkeypatch.setattr(service.jobs, "delete", delete)
        service.objects.put(late, b"late")
        delete(owner, job_id)

    monkeypatch.setattr(service.jobs, "delete", write_then_delete)
    first, second = service.delete(OWNER, job.id).receipt.looks
    assert (first.work.keys, second.work.keys) == (3, 1)
    assert second.rows == RowCount()
    assert nothing_is_left(service, job)


def test_a_receipt_stays_small_however_often_a_deletion_is_cut_off(service: Service) -> None:
    job = completed(service)
    look = service.delete.look(OWNER, job.id)
    receipt = service.delete(OWNER, job.id).receipt
    for second in range(10, 60):
        receipt = receipt.with_look(look.model_copy(update={"at": f"2026-11-22T12:00:{second}.000Z"}))
    assert [one.at[17:19] for one in receipt.looks] == ["00", "10", "11", "59"]
    assert len(service.receipt_key.sign(receipt)) < 4096


def test_two_who_delete_at_once_get_one_receipt(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    job = completed(service)
    others: list[Deletion] = []
    note = service.receipts.note

    def other_first(*given: object, **named: object) -> bool:
        monkeypatch.setattr(service.receipts, "note", note)
        others.append(service.delete(OWNER, job.id))
        return note(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(service.receipts, "note", other_first)
    assert service.delete(OWNER, job.id) == others[0]


def test_what_does_not_go_away_is_said(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    job = completed(service)
    monkeypatch.setattr(service.objects, "delete_prefix", lambda _: 0)
    with pytest.raises(StorageUnavailable, match="expected nothing to be left"):
        service.delete(OWNER, job.id)
