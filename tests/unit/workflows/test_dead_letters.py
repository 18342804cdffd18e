"""Dead letters over fakes: what is kept when a job fails for good, and what a redrive does to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sotto.domain.audit import Action, Origin
from sotto.domain.dead_letters import DeadLetter, LetterFilter
from sotto.domain.errors import Failure
from sotto.domain.identity import ROLE_SCOPES, Principal, Role
from sotto.domain.job import Job, JobStatus
from sotto.domain.options import Options
from sotto.domain.quotas import OwnQuotas
from sotto.workflows.keep_letter import Arrived, KeepLetter
from sotto.workflows.record_audit import RecordAudit
from sotto.workflows.redrive_letters import RedriveLetters
from tests.examples import OWNER
from tests.fakes.dead_letters import InMemoryDeadLetters
from tests.fakes.identity import FakeAudit
from tests.unit.workflows.conftest import Service

ROOT = Principal("01ROOT", Role.ADMIN, ROLE_SCOPES[Role.ADMIN], "token")
HOME = Origin("192.0.2.1", "request-1")
MESSAGE = Arrived("message-0", "parts-fast-dlq", "2026-11-22T11:00:00.000Z", 1)
EVERYTHING = LetterFilter()
REASON = Failure("model_unavailable", "model: expected its files, found none", "Try later.")


class Post:
    def __init__(self) -> None:
        self.service = Service()
        self.letters, self.log = InMemoryDeadLetters(), FakeAudit()
        self.keep = KeepLetter(self.service.jobs, self.letters, self.service.clock, "0.1.0")
        audit = RecordAudit(self.log, self.service.clock, lambda: str(len(self.log.entries)))
        self.redrive = RedriveLetters(self.service.jobs, self.letters, self.service.retry, audit)

    def dead(self, seconds: float = 300, options: Options | None = None) -> Job:
        """A job whose every part has died, as mark_failed leaves it."""
        sent = len(self.service.queue.parts)
        job = self.service.queued(seconds)
        if options:
            self.service.jobs.rows[job.owner, job.id] = replace(job, options=options)
        for part in self.service.queue.parts[sent:]:
            self.service.fail.for_part(part, REASON)
            message = replace(MESSAGE, id=f"{job.id}-{part.part.index}")
            assert self.keep(message, part.owner, part.job_id, part.attempt, part.part.index)
        return self.service.now(job)

    def ask(self, wanted: LetterFilter = EVERYTHING, *, dry_run: bool = False, limit: int = 20) -> list[str]:
        done = self.redrive(ROOT, wanted, limit=limit, dry_run=dry_run, origin=HOME)
        return [one.outcome for one in done]


@pytest.fixture
def post() -> Post:
    return Post()


def test_a_letter_says_what_is_needed_to_do_it_again(post: Post) -> None:
    job = post.dead()
    assert job.recording is not None
    assert post.letters.rows[OWNER, f"{job.id}-0"] == DeadLetter(
        id=f"{job.id}-0",
        queue=MESSAGE.queue,
        owner=OWNER,
        job_id=job.id,
        attempt=1,
        part=0,
        failure=REASON,
        model=job.options.model,
        etag=job.recording.etag,
        version="0.1.0",
        first_seen=MESSAGE.first_seen,
        died_at="2026-11-22T12:00:00.000Z",
        received=1,
    )


def test_what_did_no_harm_is_not_kept(post: Post) -> None:
    job = post.service.queued(10)
    (part,) = post.service.queue.parts
    assert not post.keep(MESSAGE, OWNER, job.id, 1, 0), "the job runs"
    post.service.fail.for_part(part, REASON)
    assert not post.keep(MESSAGE, OWNER, job.id, 2, 0), "another attempt"
    assert not post.keep(MESSAGE, OWNER, "JOB-GONE", 1, 0)
    assert post.keep(MESSAGE, OWNER, job.id, None, None), "an arrival names no attempt"


def test_a_redrive_is_the_next_attempt_with_the_same_options_and_recording(post: Post) -> None:
    job = post.dead(options=Options(model="tiny.en", beam_size=5, prompt="Sotto"))
    assert post.ask() == ["redriven"] + ["settled"] * (len(post.service.queue.parts) - 1)
    again = post.service.now(job)
    assert (again.status, again.attempt) == (JobStatus.AWAITING_UPLOAD, 2)
    assert again.options == job.options
    assert again.recording == job.recording
    assert post.letters.rows == {}
    assert post.ask() == []
    (first, _) = post.log.entries
    assert (first.action, first.who, first.object) == (Action.REDRIVEN, "01ROOT", "all")


def test_a_dry_run_changes_nothing_and_is_not_in_the_log(post: Post) -> None:
    job = post.dead(10)
    before = dict(post.letters.rows)
    assert post.ask(dry_run=True) == ["would_be_redriven"]
    assert (post.letters.rows, post.service.now(job), post.log.entries) == (before, job, [])


def test_only_what_is_named_is_redriven(post: Post) -> None:
    job, other = post.dead(10), post.dead(10)
    assert post.ask(LetterFilter(code="recording_damaged")) == []
    assert post.ask(LetterFilter(code=REASON.code, job_id=job.id)) == ["redriven"]
    assert post.service.now(other).status is JobStatus.FAILED
    assert post.log.entries[-1].object == f"code=model_unavailable, job_id={job.id}"


def test_as_many_as_were_asked_for_and_no_more(post: Post) -> None:
    for _ in range(3):
        post.dead(10)
    assert post.ask(limit=2) == ["redriven", "redriven"]
    assert len(post.letters.rows) == 1


def test_a_job_that_moved_on_or_is_gone_is_left_alone(post: Post) -> None:
    retried, deleted = post.dead(10), post.dead(10)
    post.service.retry(OWNER, retried.id, retried.options)
    post.service.delete(OWNER, deleted.id)
    assert post.ask(dry_run=True) == ["settled", "settled"]
    assert post.ask() == ["settled", "settled"]
    assert post.service.now(retried).attempt == 2
    assert post.letters.rows == {}


def test_what_is_refused_stays_and_does_not_stop_the_others(post: Post) -> None:
    post.dead(10, options=Options(model="large-v3"))
    post.dead(10)
    assert sorted(post.ask()) == ["invalid_input", "redriven"]
    assert len(post.letters.rows) == 1


def test_a_user_at_their_own_limit_is_left_for_later(post: Post) -> None:
    post.dead(10)
    post.service.accept()
    post.service.usage.own[OWNER] = OwnQuotas(concurrent_jobs=1)
    assert post.ask() == ["limit_reached"]
    assert len(post.letters.rows) == 1
