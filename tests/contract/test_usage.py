"""What a user uses: asked of the fake and of DynamoDB alike, along the moves of real jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_usage import DynamoUsage
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.domain.errors import WrongState
from sotto.domain.identity import Role, User
from sotto.domain.job import JobStatus
from sotto.domain.metering import DayUse, Work
from sotto.domain.quotas import Held, OwnQuotas
from sotto.domain.receipts import RowCount
from sotto.workflows.ports import Jobs
from sotto.workflows.quota_ports import Usage
from tests.contract.conftest import TABLE
from tests.examples import JOB_ID, NEW, NOW, OWNER, RECORDING
from tests.fakes.jobs import InMemoryJobs
from tests.fakes.usage import InMemoryUsage

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOON = "2026-11-22T12:05:00.000Z"
MONTH = "2026-11"


@pytest.fixture(params=["memory", "dynamodb"])
def room(request: pytest.FixtureRequest) -> tuple[Jobs, Usage]:
    if request.param == "memory":
        jobs = InMemoryJobs()
        return jobs, InMemoryUsage(jobs)
    request.getfixturevalue("table")
    client = boto3.client("dynamodb")
    return DynamoJobs(client, TABLE, sleep=lambda _: None), DynamoUsage(client, TABLE, sleep=lambda _: None)


def test_a_new_job_holds_a_place_and_its_announced_bytes(room: tuple[Jobs, Usage]) -> None:
    jobs, usage = room
    assert usage.held(OWNER, AT) == Held(0, 0)
    jobs.create(NEW, due_at=SOON)
    jobs.create(replace(NEW, id=f"{JOB_ID[:-1]}B", size_bytes=500), due_at=SOON)
    assert usage.held(OWNER, AT) == Held(2, 1500)
    assert usage.held("somebody-else", AT) == Held(0, 0)


def test_an_ended_job_gives_its_place_back_and_holds_what_is_stored(room: tuple[Jobs, Usage]) -> None:
    jobs, usage = room
    jobs.create(NEW, due_at=SOON)
    larger = replace(RECORDING, size_bytes=1200)
    job = jobs.move(NEW, JobStatus.QUEUED, due_at=SOON, recording=larger)
    assert usage.held(OWNER, AT).unfinished_jobs == 1
    jobs.move(job, JobStatus.CANCELLED)
    assert usage.held(OWNER, AT) == Held(0, 1200)


def test_an_upload_that_never_came_holds_nothing(room: tuple[Jobs, Usage]) -> None:
    jobs, usage = room
    jobs.create(NEW, due_at=SOON)
    jobs.move(NEW, JobStatus.EXPIRED)
    assert usage.held(OWNER, AT) == Held(0, 0)


def test_a_retried_job_takes_a_place_again_and_no_more_room(room: tuple[Jobs, Usage]) -> None:
    jobs, usage = room
    jobs.create(NEW, due_at=SOON)
    job = jobs.move(NEW, JobStatus.FAILED, recording=RECORDING)
    again = jobs.restart(job, due_at=SOON)
    assert usage.held(OWNER, AT) == Held(1, RECORDING.size_bytes)
    jobs.move(again, JobStatus.FAILED)
    assert usage.held(OWNER, AT) == Held(0, RECORDING.size_bytes)


def test_a_deleted_job_holds_nothing(room: tuple[Jobs, Usage]) -> None:
    jobs, usage = room
    jobs.create(NEW, due_at=SOON)
    jobs.move(NEW, JobStatus.CANCELLED)
    usage.charge(NEW, 90.5, MONTH, at_most_s=None)
    assert jobs.count_rows(OWNER, NEW.id) == RowCount(jobs=1, holds=1, charges=1)
    jobs.delete(OWNER, NEW.id)
    assert jobs.count_rows(OWNER, NEW.id) == RowCount()
    assert usage.held(OWNER, AT) == Held(0, 0)
    assert usage.seconds(OWNER, MONTH) == 90.5, "what was transcribed stays counted"


def test_a_refused_move_changes_no_hold(room: tuple[Jobs, Usage]) -> None:
    jobs, usage = room
    jobs.create(NEW, due_at=SOON)
    with pytest.raises(WrongState):
        jobs.move(replace(NEW, attempt=2), JobStatus.CANCELLED)
    with pytest.raises(WrongState):
        jobs.create(replace(NEW, size_bytes=9), due_at=SOON)
    assert usage.held(OWNER, AT) == Held(1, NEW.size_bytes)


def test_a_recording_that_was_too_old_to_keep_holds_nothing(room: tuple[Jobs, Usage]) -> None:
    jobs, usage = room
    jobs.create(NEW, due_at=SOON)
    jobs.move(NEW, JobStatus.FAILED, recording=RECORDING)
    created = datetime.fromisoformat(NOW)
    assert usage.held(OWNER, created + timedelta(days=29)) == Held(0, RECORDING.size_bytes)
    assert usage.held(OWNER, created + timedelta(days=31)) == Held(0, 0)


def test_an_attempt_is_charged_once(room: tuple[Jobs, Usage]) -> None:
    _, usage = room
    assert usage.seconds(OWNER, MONTH) == 0
    for _ in range(3):
        assert usage.charge(NEW, 90.5, MONTH, at_most_s=None)
    assert usage.seconds(OWNER, MONTH) == 90.5
    assert usage.charge(replace(NEW, attempt=2), 90.5, MONTH, at_most_s=None)
    assert usage.seconds(OWNER, MONTH) == 181
    assert usage.seconds(OWNER, "2026-12") == 0
    assert usage.seconds("somebody-else", MONTH) == 0


def test_what_fits_exactly_is_charged_and_what_does_not_is_not(room: tuple[Jobs, Usage]) -> None:
    _, usage = room
    assert usage.charge(NEW, 60, MONTH, at_most_s=100)
    other = replace(NEW, id=f"{JOB_ID[:-1]}B")
    assert not usage.charge(other, 40.5, MONTH, at_most_s=100)
    assert usage.seconds(OWNER, MONTH) == 60
    assert usage.charge(other, 40, MONTH, at_most_s=100)
    assert usage.seconds(OWNER, MONTH) == 100
    assert not usage.charge(replace(NEW, id=f"{JOB_ID[:-1]}C"), 0.5, MONTH, at_most_s=100)
    assert not usage.charge(replace(NEW, id=f"{JOB_ID[:-1]}D"), 500, "2026-12", at_most_s=100)


def test_who_was_charged_stays_charged_though_the_limit_fell(room: tuple[Jobs, Usage]) -> None:
    _, usage = room
    assert usage.charge(NEW, 60, MONTH, at_most_s=100)
    assert usage.charge(NEW, 60, MONTH, at_most_s=60)
    assert usage.charge(NEW, 60, MONTH, at_most_s=10)
    assert usage.seconds(OWNER, MONTH) == 60


def test_work_is_accounted_by_month_day_and_credential(room: tuple[Jobs, Usage]) -> None:
    jobs, usage = room
    by_key = replace(NEW, id=f"{JOB_ID[:-1]}B", credential="sk_abc")
    for job in (NEW, by_key):
        jobs.create(job, due_at=SOON)
    jobs.spend(NEW, Work(1.0, "2026-11-30"))
    jobs.spend(NEW, Work(2.0, "2026-11-30"))
    jobs.spend(by_key, Work(4.0, "2026-11-30"))
    jobs.spend(NEW, Work(8.0, "2026-12-01"))
    assert usage.days(OWNER, "2026-11") == [
        DayUse("2026-11-30", "sk_abc", 0.0, 4.0),
        DayUse("2026-11-30", "token", 0.0, 3.0),
    ]
    assert usage.days(OWNER, "2026-10") == usage.days("somebody-else", "2026-11") == []


def test_a_user_has_the_quotas_that_were_set_for_them_alone(room: tuple[Jobs, Usage]) -> None:
    _, usage = room
    assert usage.own_quotas(OWNER) == OwnQuotas()
    own = OwnQuotas(minutes_a_month=5, stored_bytes=0)
    set_quotas(usage, own)
    assert usage.own_quotas(OWNER) == own
    assert usage.own_quotas("somebody-else") == OwnQuotas()


def set_quotas(usage: Usage, own: OwnQuotas) -> None:
    """As an administrator does, in the room that keeps accounts."""
    if isinstance(usage, InMemoryUsage):
        usage.own[OWNER] = own
        return
    users = DynamoUsers(boto3.client("dynamodb"), TABLE)
    users.add(User(OWNER, "ada@example.org", Role.USER, "$argon2id$...", NOW))
    users.change(OWNER, quotas=own)
