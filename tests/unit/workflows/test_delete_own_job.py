"""Every deletion is in the audit log, even one that was cut off; what was not there is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sotto.domain.audit import Action, AuditEntry, Origin
from sotto.domain.errors import NotFound, StorageUnavailable
from sotto.workflows.delete_own_job import DeleteOwnJob
from sotto.workflows.record_audit import RecordAudit
from tests.examples import OWNER, PRINCIPAL
from tests.fakes.identity import FakeAudit
from tests.unit.workflows.conftest import Service

FROM = Origin("192.0.2.1", "request-1")


def make(service: Service) -> tuple[DeleteOwnJob, FakeAudit]:
    log = FakeAudit()
    return DeleteOwnJob(service.jobs, service.delete, RecordAudit(log, service.clock, lambda: "entry")), log


def entries(log: FakeAudit) -> list[AuditEntry]:
    return log.entries


def test_a_deletion_is_logged_with_who_and_from_where(service: Service) -> None:
    delete, log = make(service)
    job = service.queued(10)
    delete(PRINCIPAL, job.id, FROM)
    with pytest.raises(NotFound):
        service.now(job)
    (entry,) = entries(log)
    assert (entry.action, entry.object, entry.who, entry.credential) == (Action.JOB_DELETED, job.id, OWNER, "token")
    assert (entry.address, entry.request_id) == ("192.0.2.1", "request-1")


def test_what_is_not_there_or_somebody_elses_is_no_entry(service: Service) -> None:
    delete, log = make(service)
    job = service.queued(10)
    for by, job_id in [(PRINCIPAL, "none"), (replace(PRINCIPAL, user_id="somebody-else"), job.id)]:
        with pytest.raises(NotFound):
            delete(by, job_id, FROM)
    assert entries(log) == []
    assert service.now(job) == job


def test_a_deletion_that_was_cut_off_is_in_the_log(service: Service) -> None:
    delete, log = make(service)
    job = service.queued(10)

    def cut_off(_owner: str, _job_id: str) -> None:
        raise StorageUnavailable("bucket: expected an answer, found none")

    with pytest.raises(StorageUnavailable):
        replace(delete, delete=cut_off)(PRINCIPAL, job.id, FROM)
    assert len(entries(log)) == 1
    delete(PRINCIPAL, job.id, FROM)
    assert len(entries(log)) == 2
