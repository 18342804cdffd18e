"""Jobs: what the workflows rely on, asked of the fake and of DynamoDB alike."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_outbox import DynamoOutbox
from sotto.adapters.dynamo_receipts import DynamoReceipts
from sotto.domain.errors import Failure, NotFound, WrongState
from sotto.domain.job import Ahead, Attempt, Job, JobStatus, Progress
from sotto.domain.metering import Speed, Work
from sotto.domain.outbox import OutboxEvent
from sotto.domain.parts import Claim, Lane
from sotto.domain.receipts import Receipt, RowCount
from sotto.workflows.ports import Jobs
from sotto.workflows.receipt_ports import Receipts
from tests.contract.conftest import TABLE
from tests.examples import FACTS, JOB_ID, NEW, NOW, OWNER, QUEUED, RECORDING
from tests.fakes.jobs import InMemoryJobs

WORK = Work(2.5, "2026-11-22")
SOON, LATER, LATEST = "2026-11-22T12:05:00.000Z", "2026-11-22T12:10:00.000Z", "2026-11-22T12:20:00.000Z"


@pytest.fixture(params=["memory", "dynamodb"])
def jobs(request: pytest.FixtureRequest) -> Jobs:
    if request.param == "memory":
        return InMemoryJobs()
    return DynamoJobs(boto3.client("dynamodb"), request.getfixturevalue("table"), sleep=lambda _: None)


@pytest.fixture
def processing(jobs: Jobs):
    """A job of two parts that is being transcribed."""
    jobs.create(NEW, due_at=SOON)
    job = jobs.move(NEW, JobStatus.QUEUED, due_at=SOON, recording=RECORDING, facts=FACTS, progress=QUEUED.progress)
    return jobs.move(job, JobStatus.PROCESSING, due_at=SOON)


def test_what_was_stored_is_read(jobs: Jobs) -> None:
    job = replace(QUEUED, failure=Failure("a", "b", "c"), warnings=("one",), language="en", language_probability=0.75)
    jobs.create(job, due_at=SOON)
    assert jobs.get(OWNER, JOB_ID) == job


def test_an_id_whose_job_was_deleted_is_not_taken_again(jobs: Jobs) -> None:
    """What follows from an event or a request may be made a second time, long after it was deleted."""
    if isinstance(jobs, InMemoryJobs):
        receipts: Receipts = jobs.receipts
    else:
        receipts = DynamoReceipts(boto3.client("dynamodb"), TABLE, keep_days=365)
    jobs.create(NEW, due_at=SOON)
    receipts.note(Receipt(job_id=JOB_ID, owner=OWNER, requested_at=NOW), before=None, due_at=LATER)
    jobs.delete(OWNER, JOB_ID)
    with pytest.raises(WrongState):
        jobs.create(NEW, due_at=SOON)
    assert jobs.count_rows(OWNER, JOB_ID) == RowCount()
    other = replace(NEW, owner="somebody-else")
    assert jobs.create(other, due_at=SOON) == other


def test_an_id_is_taken_once(jobs: Jobs) -> None:
    jobs.create(NEW, due_at=SOON)
    with pytest.raises(WrongState):
        jobs.create(NEW, due_at=SOON)


def test_another_owner_sees_nothing(jobs: Jobs) -> None:
    jobs.create(NEW, due_at=SOON)
    with pytest.raises(NotFound):
        jobs.get("somebody-else", JOB_ID)
    assert jobs.newest("somebody-else", limit=10) == []


def test_jobs_are_read_from_new_to_old_within_bounds(jobs: Jobs) -> None:
    ids = [f"{JOB_ID[:-1]}{n}" for n in range(5)]
    for job_id in ids:
        jobs.create(replace(NEW, id=job_id), due_at=SOON)

    def seen(**bounds: str) -> list[str]:
        return [job.id[-1] for job in jobs.newest(OWNER, limit=10, **bounds)]

    assert seen() == ["4", "3", "2", "1", "0"]
    assert seen(below=ids[3]) == ["2", "1", "0"]
    assert seen(below=f"{ids[3]}\0") == ["3", "2", "1", "0"]
    assert seen(oldest=ids[3]) == ["4", "3"]
    assert seen(oldest=ids[1], below=ids[3]) == ["2", "1"]
    assert seen(oldest=ids[3], below=ids[1]) == []
    assert [job.id[-1] for job in jobs.newest(OWNER, below=ids[4], limit=2)] == ["3", "2"]


def test_labels_are_set_and_taken_away_whatever_happens_to_the_job(jobs: Jobs, processing: Job) -> None:
    assert jobs.get(OWNER, JOB_ID).tags == ()
    assert jobs.label(OWNER, JOB_ID, title="Council", tags=("a", "b")).title == "Council"
    failed = jobs.move(processing, JobStatus.FAILED, failure=Failure("a", "b", "c"))
    jobs.restart(failed, due_at=LATER, failure=None)
    stored = jobs.label(OWNER, JOB_ID, title=None)
    assert stored == jobs.get(OWNER, JOB_ID)
    assert (stored.title, stored.tags, stored.attempt) == (None, ("a", "b"), 2)
    with pytest.raises(NotFound):
        jobs.label("somebody-else", JOB_ID, tags=())


def test_a_move_sets_the_fields_and_the_condition_holds(jobs: Jobs) -> None:
    jobs.create(NEW, due_at=SOON)
    moved = jobs.move(NEW, JobStatus.QUEUED, due_at=LATER, recording=RECORDING, facts=FACTS, progress=QUEUED.progress)
    assert jobs.get(OWNER, JOB_ID) == moved
    with pytest.raises(WrongState):
        jobs.move(NEW, JobStatus.QUEUED, due_at=LATER)


def test_a_move_of_another_attempt_is_refused(jobs: Jobs) -> None:
    jobs.create(replace(NEW, attempt=2), due_at=SOON)
    with pytest.raises(WrongState):
        jobs.move(NEW, JobStatus.FAILED)


def test_a_move_of_a_deleted_job_finds_nothing(jobs: Jobs) -> None:
    with pytest.raises(NotFound):
        jobs.move(NEW, JobStatus.FAILED)


def test_an_ended_job_is_restarted_once_as_the_next_attempt(jobs: Jobs) -> None:
    jobs.create(NEW, due_at=SOON)
    failed = jobs.move(NEW, JobStatus.FAILED, failure=Failure("a", "b", "c"), language="de")
    again = jobs.restart(failed, due_at=LATER, failure=None, language=None, history=(Attempt.of(failed),))
    assert jobs.get(OWNER, JOB_ID) == again
    assert (again.attempt, again.status, again.failure, again.language) == (2, JobStatus.AWAITING_UPLOAD, None, None)
    assert [job.id for job in jobs.due(LATEST, limit=10)] == [JOB_ID]
    with pytest.raises(WrongState):
        jobs.restart(failed, due_at=LATER)
    with pytest.raises(WrongState):
        jobs.move(failed, JobStatus.QUEUED)  # the old attempt's late worker
    with pytest.raises(WrongState):
        jobs.restart(again, due_at=LATER)  # it has not ended


def test_what_an_earlier_attempt_said_is_found_again(jobs: Jobs, processing: Job) -> None:
    done = jobs.move(processing, JobStatus.COMPLETED, transcript_key="transcripts/1", transcript_version=1)
    jobs.restart(done, due_at=LATER, transcript_key=None, history=(Attempt.of(done),))
    again = jobs.get(OWNER, JOB_ID)
    assert (again.attempt, again.transcript_key) == (2, None)
    assert (again.as_of(1).status, again.as_of(1).transcript_key) == (JobStatus.COMPLETED, "transcripts/1")


def test_due_lists_unfinished_jobs_by_time(jobs: Jobs) -> None:
    late, later = replace(NEW, id="A"), replace(NEW, id="B")
    jobs.create(later, due_at=LATER)
    jobs.create(late, due_at=SOON)
    assert [job.id for job in jobs.due(NOW, limit=10)] == []
    assert [job.id for job in jobs.due(LATEST, limit=10)] == ["A", "B"]
    assert [job.id for job in jobs.due(LATEST, limit=1)] == ["A"]
    jobs.postpone(late, LATEST)
    assert [job.id for job in jobs.due(LATER, limit=10)] == ["B"]
    jobs.move(later, JobStatus.FAILED, failure=Failure("a", "b", "c"))
    assert [job.id for job in jobs.due(LATER, limit=10)] == []
    with pytest.raises(WrongState):
        jobs.postpone(later, LATER)


def test_the_first_language_stays(jobs: Jobs, processing) -> None:
    assert jobs.decide_language(processing, "de", 0.8) == ("de", 0.8)
    assert jobs.decide_language(processing, "en", 0.9) == ("de", 0.8)
    assert jobs.get(OWNER, JOB_ID).language == "de"


def test_one_worker_holds_a_part_until_its_lease_runs_out(jobs: Jobs, processing) -> None:
    assert jobs.claim_part(processing, 0, worker="a", now=NOW, lease_until=SOON) is Claim.GRANTED
    assert jobs.claim_part(processing, 0, worker="b", now=NOW, lease_until=SOON) is Claim.HELD
    assert jobs.claim_part(processing, 1, worker="b", now=NOW, lease_until=SOON) is Claim.GRANTED
    assert jobs.claim_part(processing, 0, worker="b", now=LATER, lease_until=LATEST) is Claim.GRANTED
    assert not jobs.extend_lease(processing, 0, worker="a", lease_until=LATEST, seconds_done=1.0)
    assert jobs.extend_lease(processing, 0, worker="b", lease_until=LATEST, seconds_done=2.5)
    assert [(part.index, part.done, part.seconds_done) for part in jobs.parts(processing)] == [
        (0, False, 2.5),
        (1, False, 0.0),
    ]


def test_a_released_part_is_free_at_once(jobs: Jobs, processing) -> None:
    jobs.claim_part(processing, 0, worker="a", now=NOW, lease_until=LATEST)
    jobs.release_part(processing, 0, worker="somebody-else")
    assert jobs.claim_part(processing, 0, worker="b", now=NOW, lease_until=LATEST) is Claim.HELD
    jobs.release_part(processing, 0, worker="a")
    assert jobs.claim_part(processing, 0, worker="b", now=NOW, lease_until=LATEST) is Claim.GRANTED


def test_a_part_is_counted_once(jobs: Jobs, processing) -> None:
    jobs.claim_part(processing, 0, worker="a", now=NOW, lease_until=SOON)
    after = jobs.finish_part(processing, 0, worker="a", seconds=250.0, work=WORK, due_at=LATER)
    assert after.progress == Progress(250.0, 500.0, 1, 2)
    with pytest.raises(WrongState):
        jobs.finish_part(processing, 0, worker="a", seconds=250.0, work=WORK, due_at=LATER)
    assert jobs.claim_part(processing, 0, worker="a", now=LATEST, lease_until=LATEST) is Claim.DONE
    assert jobs.get(OWNER, JOB_ID).progress.parts_done == 1
    assert jobs.parts(processing)[0].done


def test_a_worker_that_lost_its_part_counts_nothing(jobs: Jobs, processing) -> None:
    jobs.claim_part(processing, 0, worker="a", now=NOW, lease_until=SOON)
    jobs.claim_part(processing, 0, worker="b", now=LATER, lease_until=LATEST)
    with pytest.raises(WrongState):
        jobs.finish_part(processing, 0, worker="a", seconds=250.0, work=WORK, due_at=LATER)


def test_a_cancelled_job_takes_no_part(jobs: Jobs, processing) -> None:
    jobs.claim_part(processing, 0, worker="a", now=NOW, lease_until=SOON)
    jobs.move(processing, JobStatus.CANCELLED)
    assert not jobs.extend_lease(processing, 0, worker="a", lease_until=LATEST, seconds_done=1.0)
    with pytest.raises(WrongState):
        jobs.finish_part(processing, 0, worker="a", seconds=250.0, work=WORK, due_at=LATER)


def test_a_deleted_job_leaves_no_row(jobs: Jobs, processing) -> None:
    jobs.claim_part(processing, 0, worker="a", now=NOW, lease_until=SOON)
    assert jobs.count_rows(OWNER, JOB_ID) == RowCount(jobs=1, holds=1, parts=1)
    assert jobs.count_rows("somebody-else", JOB_ID) == RowCount()
    jobs.delete(OWNER, JOB_ID)
    assert jobs.count_rows(OWNER, JOB_ID) == RowCount()
    assert jobs.parts(processing) == []
    assert not jobs.extend_lease(processing, 0, worker="a", lease_until=LATEST, seconds_done=1.0)
    jobs.delete(OWNER, JOB_ID)
    with pytest.raises(NotFound):
        jobs.get(OWNER, JOB_ID)


def events_of(jobs: Jobs) -> list[OutboxEvent]:
    """What waits to be told."""
    if isinstance(jobs, InMemoryJobs):
        return list(jobs.events)
    found = DynamoOutbox(boto3.client("dynamodb"), TABLE).due("2999", limit=10)
    return [one for one in found if isinstance(one, OutboxEvent)]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (JobStatus.COMPLETED, "job.completed"),
        (JobStatus.FAILED, "job.failed"),
        (JobStatus.CANCELLED, "job.cancelled"),
    ],
)
def test_what_ends_a_job_is_told_once(jobs: Jobs, processing: Job, target: JobStatus, told: str) -> None:
    assert events_of(jobs) == []
    failure = Failure("not_a_recording", "expected, found", "hint") if target is JobStatus.FAILED else None
    jobs.move(processing, target, failure=failure)
    with pytest.raises(WrongState):
        jobs.move(processing, target, failure=failure)
    (event,) = events_of(jobs)
    assert (event.owner, event.type) == (OWNER, told)
    assert event.data["job"]["id"] == JOB_ID
    assert event.data["job"]["status"] == target
    assert (event.data["job"]["failure"] or {}).get("code") == (failure.code if failure else None)
    assert NEW.name not in str(event.data)


def test_a_move_on_the_way_is_not_told(jobs: Jobs, processing: Job) -> None:
    assert processing.status is JobStatus.PROCESSING
    assert events_of(jobs) == []


def test_the_end_of_a_job_that_is_gone_is_not_told(jobs: Jobs, processing: Job) -> None:
    jobs.delete(OWNER, JOB_ID)
    with pytest.raises(NotFound):
        jobs.move(processing, JobStatus.FAILED)
    assert events_of(jobs) == []


def test_work_is_counted_with_the_part_and_without_one(jobs: Jobs, processing: Job) -> None:
    assert jobs.speed("tiny.en", WORK.day) is None
    jobs.claim_part(processing, 0, worker="a", now=NOW, lease_until=SOON)
    jobs.spend(processing, Work(1.5, WORK.day))
    assert jobs.finish_part(processing, 0, worker="a", seconds=250.0, work=WORK, due_at=LATER).engine_s == 4.0
    with pytest.raises(WrongState):
        jobs.finish_part(processing, 0, worker="a", seconds=250.0, work=WORK, due_at=LATER)
    assert jobs.speed("tiny.en", WORK.day) == Speed(audio_s=250.0, engine_s=2.5)
    assert jobs.speed("tiny.en", "2026-11-28") == Speed(audio_s=250.0, engine_s=2.5)
    assert jobs.speed("tiny.en", "2026-11-29") is None  # older than a week
    assert jobs.speed("base", WORK.day) is None
    jobs.delete(OWNER, JOB_ID)
    jobs.spend(processing, WORK)
    with pytest.raises(NotFound):
        jobs.get(OWNER, JOB_ID)


def test_jobs_ahead_are_those_of_the_lane_that_were_queued_before_and_have_not_ended(jobs: Jobs) -> None:
    def queued(number: int, lane: Lane, at: str) -> Job:
        job = replace(NEW, id=f"{JOB_ID[:-1]}{number}")
        jobs.create(job, due_at=SOON)
        timings = replace(job.timings, queued_at=at)
        return jobs.move(
            job, JobStatus.QUEUED, due_at=SOON, recording=RECORDING, facts=FACTS, lane=lane, timings=timings
        )

    second, first = queued(1, Lane.FAST, LATER), queued(2, Lane.FAST, SOON)
    other, third = queued(3, Lane.BULK, NOW), queued(4, Lane.FAST, LATEST)
    ahead = Ahead(seconds=FACTS.duration_s, model="tiny.en")
    assert [len(jobs.ahead_of(job, limit=9)) for job in (first, second, third, other)] == [0, 1, 2, 0]
    assert jobs.ahead_of(third, limit=1) == [ahead]
    jobs.move(first, JobStatus.PROCESSING, due_at=SOON)
    assert jobs.ahead_of(second, limit=9) == [ahead]
    jobs.move(first, JobStatus.CANCELLED)
    jobs.delete(second.owner, second.id)
    assert jobs.ahead_of(third, limit=9) == []
    assert {job.id for job in jobs.due("2999", limit=9)} == {third.id, other.id}
