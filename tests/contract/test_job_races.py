"""Whatever meets whatever, a job ends in an allowed state, with one result, and a deletion leaves nothing.

A stateful test on the real adapters (moto): uploads, events, part workers, cancel, retry, edit, delete, dead letters,
reconcile and the clock come in any order, messages come twice, late and for jobs that are gone. At any call to AWS a
process may die, the call may fail, or another process may come in between.

`SOTTO_LONG_RACES=1000 pytest tests/contract/test_job_races.py` looks at a thousand stories instead of a few.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import boto3
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from moto import mock_aws

from sotto.domain.edit_operations import Delete
from sotto.domain.errors import NotFound, Rejected, Unavailable
from sotto.domain.job import FINAL, Job, JobStatus
from sotto.domain.object_keys import UploadKey
from sotto.domain.options import Options
from sotto.domain.quotas import month_of
from sotto.domain.signed_receipts import checked
from sotto.workflows.create_job import NewJob
from tests.contract.conftest import BUCKET, TABLE, make_bucket, make_table
from tests.contract.races import Killed, Stack, Twist, die, fail
from tests.examples import OWNER

SECONDS = 70.0  # two parts of 35 s
WORDS = [f"w{n}" for n in range(70)]
MAX_JOBS = 2
STORIES = int(os.environ.get("SOTTO_LONG_RACES", "12"))
STAYS = ("RECEIPT#", "EVENT#", "USAGE#", "METER#", "DAY#")

pick = st.integers(0, 9)
twists = st.none() | st.tuples(
    st.integers(0, 25),
    st.sampled_from(["die", "fail", "cancel", "retry", "delete", "work", "arrive", "reconcile", "lease runs out"]),
    pick,
)


class JobRaces(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.aws = mock_aws()
        self.aws.start()
        make_table()
        make_bucket()
        self.stack = Stack(TABLE, BUCKET)
        self.jobs: list[Job] = []
        self.ended: dict[tuple[str, int], JobStatus] = {}
        self.said: dict[tuple[str, int], str] = {}
        self.attempts: dict[str, int] = {}
        self.charged: set[str] = set()

    # -- what may happen ----------------------------------------------------------------------------------------------

    @initialize()
    def first(self) -> None:
        self.create()
        self.upload(0)
        self.arrive(0, None)

    @precondition(lambda self: len(self.jobs) < MAX_JOBS)
    @rule()
    def create(self) -> None:
        request = NewJob("talk.wav", 4, "audio/wav", Options(model="tiny.en"))
        self.jobs.append(self.stack.create(OWNER, request, "request-1").job)

    @rule(which=pick)
    def upload(self, which: int) -> None:
        """The signed URL is good for an hour, whatever becomes of the job."""
        job = self.job(which)
        key = str(UploadKey(job.owner, job.id, job.name))
        self.stack.objects.write(key, str(SECONDS).encode(), content_type="audio/wav")
        self.stack.arrivals.announced.append(key)

    @precondition(lambda self: self.stack.arrivals.announced)
    @rule(which=pick, twist=twists)
    def arrive(self, which: int, twist: Any) -> None:
        self.act("arrive", which, twist)

    @precondition(lambda self: self.stack.queue.sent)
    @rule(which=pick, twist=twists)
    def work(self, which: int, twist: Any) -> None:
        self.act("work", which, twist)

    @precondition(lambda self: self.stack.queue.sent)
    @rule(which=pick, twist=twists)
    def work_again(self, which: int, twist: Any) -> None:
        """As often as all else together: a story without workers is a short one."""
        self.act("work", which, twist)

    @rule(
        what=st.sampled_from(["cancel", "retry", "edit", "index", "delete", "reconcile", "sweep", "bury part", "bury"]),
        which=pick,
        twist=twists,
    )
    def other(self, what: str, which: int, twist: Any) -> None:
        self.act(what, which, twist)

    @rule(seconds=st.sampled_from([30, 121, 901, 3601, 86_401]))
    def wait(self, seconds: int) -> None:
        self.stack.clock.forward(seconds)

    # -- what must hold after each of it ------------------------------------------------------------------------------

    @invariant()
    def each_job_is_in_an_allowed_state(self) -> None:
        unfinished = 0
        for job in self.stored():
            unfinished += job.status not in FINAL
            assert job.attempt >= self.attempts.get(job.id, 1)
            self.attempts[job.id] = job.attempt
            assert [past.number for past in job.history] == list(range(1, job.attempt))
            for number, status in [(past.number, past.status) for past in job.history] + [(job.attempt, job.status)]:
                before = self.ended.get((job.id, number))
                assert before in (None, status), f"attempt {number} was {before} and is {status}"
                if status in FINAL:
                    self.ended[job.id, number] = status
        held = self.stack.usage.held(OWNER, self.stack.clock())
        assert held.unfinished_jobs == unfinished

    @invariant()
    def no_part_is_lost_or_doubled(self) -> None:
        for job in self.stored():
            done = [part for part in self.stack.jobs.parts(job) if part.done]
            assert job.progress.parts_done == len(done) <= max(job.progress.parts_total, 0)
            for number in range(1, job.attempt + 1):
                if job.as_of(number).status is not JobStatus.COMPLETED:
                    continue
                _, first = self.stack.read.read(OWNER, job.id, 1, number)
                assert first.text.split() == WORDS
                assert first.attempt == number
                _, newest = self.stack.read.read(OWNER, job.id, None, number)
                if number < job.attempt:  # an attempt that is over says for ever what it said at its end
                    assert self.said.setdefault((job.id, number), newest.text) == newest.text

    @invariant()
    def an_attempt_is_charged_once(self) -> None:
        self.charged |= {row for row in self.rows() if row.startswith("CHARGE#")}
        months = {month_of(self.stack.clock()), "2026-11", "2026-12"}
        assert sum(self.stack.usage.seconds(OWNER, month) for month in months) == SECONDS * len(self.charged)

    @invariant()
    def what_has_a_receipt_is_gone(self) -> None:
        for job in self.jobs:
            deletion = self.stack.receipts.find(OWNER, job.id)
            if deletion and deletion.jws:
                assert checked({"jws": deletion.jws}, self.stack.receipt_key.keys()) == deletion.receipt
                assert deletion.receipt.looks[0].rows.jobs == 1
                assert not self.exists(job)

    # -- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.settle()
            assert [job.status for job in self.stored() if job.status not in FINAL] == []
            self.each_job_is_in_an_allowed_state()
            self.no_part_is_lost_or_doubled()
            self.an_attempt_is_charged_once()
            for number, job in enumerate(self.jobs):
                self.act("delete", number, None)
                assert not self.exists(job)
            self.what_has_a_receipt_is_gone()
            for seconds in (3601, 86_401):
                self.settle()
                self.stack.clock.forward(seconds)
                self.stack.sweep()
            assert [row for row in self.rows() if not row.startswith(STAYS)] == []
            assert list(self.stack.objects.versions_under("")) == []
            assert self.stack.usage.held(OWNER, self.stack.clock()).stored_bytes == 0
        finally:
            self.aws.stop()

    def settle(self) -> None:
        """Deliver all that is on its way, and let the schedule run, for as long as any job could need."""
        for _ in range(3):
            for number in range(len(self.stack.arrivals.announced)):
                self.act("arrive", number, None)
            for number in range(len(self.stack.queue.sent)):
                self.act("work", number, None)
            self.stack.clock.forward(4000)
            self.stack.reconcile()
            self.stack.sweep()

    # -- how it is done -----------------------------------------------------------------------------------------------

    def act(self, what: str, which: int, twist: tuple[int, str, int] | None) -> None:
        """Do `what`; errors that callers and queues are told of are answers like others."""
        happens = None
        if twist:
            at, name, other = twist
            happens = Twist(at, {"die": die, "fail": fail}.get(name) or (lambda: self.meanwhile(name, other)))
        with suppress(Rejected, Unavailable, Killed):
            self.stack.calls.run(self.action(what, which), happens)

    def meanwhile(self, what: str, which: int) -> None:
        with suppress(Rejected, Unavailable):
            self.action(what, which)()

    def action(self, what: str, which: int) -> Callable[[], object]:
        stack, job = self.stack, self.job(which)
        sent, announced = stack.queue.parts, stack.arrivals.announced
        actions: dict[str, Callable[[], object]] = {
            "cancel": lambda: stack.cancel(OWNER, job.id),
            "retry": lambda: stack.retry(OWNER, job.id, Options(model="tiny.en")),
            "edit": lambda: self.edit(job),
            "index": lambda: stack.index(OWNER, job.id),
            "delete": lambda: stack.delete(OWNER, job.id),
            "reconcile": stack.reconcile,
            "sweep": stack.sweep,
            "lease runs out": lambda: stack.clock.forward(121),
        }
        if sent:
            event = sent[which % len(sent)]
            actions |= {
                "work": lambda: stack.transcribe(event),
                "bury part": lambda: stack.fail.for_part(event, None),
            }
        if announced:
            key = announced[which % len(announced)]
            actions |= {
                "arrive": lambda: stack.intake(key, "2026-11-22T12:00:05.000Z"),
                "bury": lambda: stack.fail.for_arrival(key),
            }
        return actions.get(what, lambda: None)

    def edit(self, job: Job) -> None:
        base = self.stack.jobs.get(OWNER, job.id).transcript_version
        self.stack.edits.edit(OWNER, job.id, base, [Delete(op="delete", first=base, last=base)], author=OWNER)

    def job(self, which: int) -> Job:
        return self.jobs[which % len(self.jobs)]

    def stored(self) -> list[Job]:
        found = []
        for job in self.jobs:
            with suppress(NotFound):
                found.append(self.stack.jobs.get(OWNER, job.id))
        return found

    def exists(self, job: Job) -> bool:
        return job.id in {one.id for one in self.stored()}

    def rows(self) -> list[str]:
        return [row["sk"]["S"] for row in boto3.client("dynamodb").scan(TableName=TABLE)["Items"]]


JobRaces.TestCase.settings = settings(
    max_examples=STORIES,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="SOTTO_LONG_RACES" not in os.environ,
)
TestJobRaces = JobRaces.TestCase
