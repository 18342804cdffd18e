"""Whatever meets whatever, a job ends in an allowed state, with one result, and a deletion leaves nothing.

A stateful test on the real adapters (moto): uploads in one piece and in parts, fetches, drops, OpenAI's requests,
events, part workers, cancel, retry, edit, delete, dead letters, reconcile and the clock come in any order, requests
come again with their keys, messages twice, late and for jobs that are gone. At any call to AWS a process may die, the
call may fail, or another process may come in between, which may do the same.

`SOTTO_LONG_RACES=1000 pytest tests/contract/test_job_races.py` looks at a thousand stories instead of a few.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest import mock

import boto3
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from moto import mock_aws

from sotto.domain.drops import PREFIX as DROPBOX
from sotto.domain.edit_operations import Delete
from sotto.domain.errors import NotFound, Rejected, SottoError, SourceRefused, SourceUnavailable, Unavailable
from sotto.domain.job import FINAL, Job, JobStatus
from sotto.domain.object_keys import UploadKey
from sotto.domain.quotas import month_of
from sotto.domain.signed_receipts import checked
from tests.contract.conftest import BUCKET, TABLE, make_bucket, make_table
from tests.contract.races import DROP, OPTIONS, RECORDING, SECONDS, Killed, Stack, Twist, die, fail
from tests.examples import OWNER

WORDS = [f"w{n}" for n in range(70)]
MAX_JOBS = 2
MAX_DROPS = 2
WAYS = ("put", "multipart", "fetch", "now")
CALLS = ("cancel", "retry", "edit", "index", "delete", "put_part", "give_up", "take_away", "ask_again")
SCHEDULES = ("reconcile", "sweep", "bury", "bury_part", "bury_fetch")
STORIES = int(os.environ.get("SOTTO_LONG_RACES", "9"))
STAYS = ("RECEIPT#", "EVENT#", "USAGE#", "METER#", "DAY#", "DROP#", "ONCE#", "REQUEST#")

pick = st.integers(0, 9)
twists = st.none() | st.tuples(
    st.integers(0, 25),
    st.sampled_from(
        [
            "die",
            "fail",
            "cancel",
            "retry",
            "delete",
            "work",
            "arrive",
            "the same",
            "the same, delete",
            "bring",
            "reconcile",
            "lease runs out",
        ]
    ),
    pick,
)


class JobRaces(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.aws = mock_aws()
        self.aws.start()
        self.short_parts = mock.patch("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
        self.short_parts.start()
        make_table()
        make_bucket()
        self.stack = Stack(TABLE, BUCKET)
        self.jobs: list[Job] = []
        self.ended: dict[tuple[str, int], JobStatus] = {}
        self.said: dict[tuple[str, int], str] = {}
        self.attempts: dict[str, int] = {}
        self.charged: set[str] = set()
        self.dropped = 0

    # -- what may happen ----------------------------------------------------------------------------------------------

    @initialize(way=st.sampled_from([*WAYS, "drop"]), keyed=st.booleans(), whole=st.booleans())
    def first(self, way: str, keyed: bool, whole: bool) -> None:
        """Half of the stories begin with a recording that has arrived."""
        if way == "drop":
            self.drop()
        else:
            self.create(way, keyed, None)
        if whole:
            for step in ("arrive", "put_part", "bring", "arrive"):
                self.act(step, -1, None)

    @precondition(lambda self: len(self.jobs) < MAX_JOBS)
    @rule(way=st.sampled_from(WAYS), keyed=st.booleans(), twist=twists)
    def create(self, way: str, keyed: bool, twist: Any) -> None:
        self.act(f"keyed {way}" if keyed else way, 0, twist)

    @precondition(lambda self: self.dropped < MAX_DROPS)
    @rule()
    def drop(self) -> None:
        """Each is another version of the same object, of other bytes."""
        self.dropped += 1
        self.stack.objects.write(DROP, RECORDING + b"0" * self.dropped, content_type="audio/wav")
        self.stack.notice()

    @precondition(lambda self: self.dropped)
    @rule(which=pick, twist=twists)
    def tell(self, which: int, twist: Any) -> None:
        self.act("tell", which, twist)

    @precondition(lambda self: self.jobs)
    @rule(which=pick, twist=twists)
    def bring(self, which: int, twist: Any) -> None:
        """The recording comes, by the way that its job has for it."""
        self.act("bring", which, twist)

    @rule(error=st.sampled_from([None, SourceUnavailable("source: found 503"), SourceRefused("source: found 403")]))
    def source_says(self, error: SottoError | None) -> None:
        self.stack.sources.error = error

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
        what=st.sampled_from([*CALLS, *SCHEDULES]),
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

    @invariant()
    def no_version_is_taken_twice(self) -> None:
        taken = [job.dropped for job in self.jobs if job.dropped]
        assert len(set(taken)) == len(taken) <= self.dropped

    @invariant()
    def a_key_makes_one_job_a_day(self) -> None:
        for way in WAYS:
            made = [job.request_id for job in self.jobs if job.request_id.startswith(f"keyed {way} ")]
            times = sorted(datetime.fromisoformat(request.split()[-1]) for request in made)
            assert all(after - before >= timedelta(days=1) for before, after in pairwise(times))

    # -- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.settle()
            assert [job.status for job in self.stored() if job.status not in FINAL] == []
            self.each_job_is_in_an_allowed_state()
            self.no_part_is_lost_or_doubled()
            self.an_attempt_is_charged_once()
            self.the_newest_drop_is_answered()
            for number, job in enumerate(self.jobs):
                self.act("delete", number, None)
                assert not self.exists(job)
            self.what_has_a_receipt_is_gone()
            for seconds in (3601, 86_401):
                self.settle()
                self.stack.clock.forward(seconds)
                self.stack.sweep()
            assert [row for row in self.rows() if not row.startswith(STAYS)] == []
            left = {key for key, _ in self.stack.objects.versions_under("")}
            assert {key for key in left if not key.startswith(DROPBOX)} == set()
            assert (DROP in left) == (self.dropped > 0), "what was dropped is its dropper's"
            # Who died between an upload's begin and its job's row has told nobody: the bucket's lifecycle ends it.
            assert self.stack.open_uploads() & {job.id for job in self.jobs} == set()
            assert self.stack.usage.held(OWNER, self.stack.clock()).stored_bytes == 0
        finally:
            self.short_parts.stop()
            self.aws.stop()

    def the_newest_drop_is_answered(self) -> None:
        """Unless its job was deleted, or it was taken away, so that an older one's answer is as good."""
        newest = max(
            (job for job in self.stored() if job.dropped), key=lambda job: job.timings.created_at, default=None
        )
        there = self.stack.objects.head(DROP)
        if newest is None or newest.dropped is None or there is None or there.version_id != newest.dropped.version_id:
            return
        text = self.stack.objects.read(DROP.replace(".wav", ".txt"))
        error = self.stack.objects.read(DROP.replace(".wav", ".error.txt"))
        if newest.status is JobStatus.COMPLETED:
            assert text
            assert text.decode().split() == WORDS
            assert error is None
        else:
            assert error
            assert newest.id in error.decode()

    def settle(self) -> None:
        """Deliver all that is on its way, and let the schedule run, for as long as any job could need."""
        stack, self.stack.sources.error = self.stack, None
        for _ in range(3):
            for what, queue in (
                ("fetch", stack.fetches.asked),
                ("arrive", stack.arrivals.announced),
                ("work", stack.queue.sent),
            ):
                for number, _event in enumerate(queue):  # what is added meanwhile is delivered as well
                    self.act(what, number, None)
            for _event in stack.waiting():
                self.act("tell", 0, None)
            self.stack.clock.forward(4000)
            self.stack.reconcile()
            self.stack.sweep()

    # -- how it is done -----------------------------------------------------------------------------------------------

    def act(self, what: str, which: int, twist: tuple[int, str, int] | None) -> None:
        """Do `what`; errors that callers and queues are told of are answers like others."""
        happens = None
        if twist:
            at, name, other = twist
            steps = [(what, which) if step == "the same" else (step, other) for step in name.split(", ")]
            happens = Twist(at, {"die": die, "fail": fail}.get(name) or (lambda: self.meanwhile(steps)))
        with suppress(Rejected, Unavailable, Killed):
            self.stack.calls.run(self.action(what, which), happens)
        self.learn()

    def meanwhile(self, steps: Sequence[tuple[str, int]]) -> None:
        for what, which in steps:
            with suppress(Rejected, Unavailable):
                self.action(what, which)()
            self.learn()

    def learn(self) -> None:
        """Jobs that were made, whoever was told of them, and recordings that have come."""
        known = {job.id for job in self.jobs}
        self.jobs += reversed([job for job in self.stack.jobs.newest(OWNER, limit=20) if job.id not in known])
        self.stack.notice()

    def action(self, what: str, which: int) -> Callable[[], object]:
        stack, sent = self.stack, self.stack.queue.parts
        asked, announced = stack.fetches.asked, stack.arrivals.announced
        actions: dict[str, Callable[[], object]] = {
            **{way: lambda way=way: stack.announce(way, keyed=False) for way in WAYS},
            **{f"keyed {way}": lambda way=way: stack.announce(way, keyed=True) for way in WAYS},
            "reconcile": stack.reconcile,
            "sweep": stack.sweep,
            "tell": lambda: stack.tell(which),
            "take_away": lambda: stack.drops.remove(DROP),
            "lease runs out": lambda: stack.clock.forward(121),
        }
        if self.jobs:
            actions |= self.actions_on(self.job(which), which)
        if asked:
            request = asked[which % len(asked)]
            actions |= {
                "fetch": lambda: stack.fetch(request),
                "bury_fetch": lambda: stack.fail.for_fetch(request),
            }
        if sent:
            event = sent[which % len(sent)]
            actions |= {
                "work": lambda: stack.transcribe(event),
                "bury_part": lambda: stack.fail.for_part(event, None),
            }
        if announced:
            key, version_id = announced[which % len(announced)]
            actions |= {
                "arrive": lambda: stack.arrive(key, version_id),
                "bury": lambda: stack.bury(key, version_id),
            }
        return actions.get(what, lambda: None)

    def actions_on(self, job: Job, which: int) -> dict[str, Callable[[], object]]:
        stack = self.stack
        return {
            "bring": lambda: self.bring_in(job),
            "put_part": lambda: stack.put_part(job, which // 2 % 7 + 1),
            "ask_again": lambda: self.ask_again(job),
            "give_up": lambda: stack.upload_parts.abort(OWNER, job.id),
            "cancel": lambda: stack.cancel(OWNER, job.id),
            "retry": lambda: stack.retry(OWNER, job.id, OPTIONS),
            "edit": lambda: self.edit(job),
            "index": lambda: stack.index(OWNER, job.id),
            "delete": lambda: stack.delete(OWNER, job.id),
        }

    def bring_in(self, job: Job) -> None:
        if job.source_url:
            requests = [request for request in self.stack.fetches.asked if request.job_id == job.id]
            if requests:
                self.stack.fetch(requests[-1])
        elif job.multipart_id:
            self.stack.complete(job)
        elif not job.dropped and self.stack.clock() < datetime.fromisoformat(job.upload_expires_at):
            # The signed URL is good for an hour, whatever becomes of the job.
            key = str(UploadKey(job.owner, job.id, job.name))
            self.stack.objects.write(key, RECORDING, content_type="audio/wav")

    def ask_again(self, job: Job) -> None:
        if job.request_id.startswith("keyed "):
            self.stack.announce(job.request_id.split()[1], keyed=True)

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
