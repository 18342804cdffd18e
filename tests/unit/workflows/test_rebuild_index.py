"""The search index is made again: whose index is behind or doubted is written anew, what search finds stays found."""

from __future__ import annotations

import pytest

from sotto.domain.audit import Action, Origin
from sotto.domain.edit_operations import Replace
from sotto.domain.identity import ROLE_SCOPES, Principal, Role
from sotto.domain.job import Job
from sotto.workflows.rebuild_index import Doubted, RebuildIndex
from sotto.workflows.record_audit import RecordAudit
from tests.examples import OWNER
from tests.fakes.identity import FakeAudit
from tests.unit.workflows.conftest import Service

ROOT = Principal("01ROOT", Role.ADMIN, ROLE_SCOPES[Role.ADMIN], "token")
HOME = Origin("192.0.2.1", "request-1")


class Library:
    def __init__(self) -> None:
        self.service, self.log = Service(), FakeAudit()
        audit = RecordAudit(self.log, self.service.clock, lambda: str(len(self.log.entries)))
        self.rebuild = RebuildIndex(self.service.jobs, self.service.index, audit, self.service.clock)

    def completed(self) -> Job:
        sent = len(self.service.queue.parts)
        job = self.service.queued(3.0)
        for part in self.service.queue.parts[sent:]:
            self.service.transcribe(part)
        return self.service.now(job)

    def ask(self, *, whole: bool = False, dry_run: bool = False, limit: int = 50, cursor: str | None = None) -> Doubted:
        return self.rebuild(ROOT, OWNER, whole=whole, dry_run=dry_run, limit=limit, cursor=cursor, origin=HOME)

    def follow(self) -> list[str]:
        """What the table's stream does with whatever is doubted."""
        return [self.service.index_words(*one) for one in list(self.service.index.doubted)]


@pytest.fixture
def library() -> Library:
    return Library()


def test_what_the_stream_gave_up_is_indexed_and_what_is_current_is_left_alone(library: Library) -> None:
    current, edited, never = (library.completed() for _ in range(3))
    library.service.queued(3.0)  # one that runs
    for job in (current, edited):
        library.service.index_words(OWNER, job.id)
    library.service.edits.edit(OWNER, edited.id, 1, [Replace(op="replace", first=0, last=0, text="A")], author=OWNER)
    found = library.ask()
    assert (found.looked_at, set(found.job_ids), found.cursor) == (4, {edited.id, never.id}, None)
    assert library.follow() == ["indexed", "indexed"]
    assert library.ask().job_ids == ()


def test_a_whole_rebuild_writes_every_completed_job_and_may_be_repeated(library: Library) -> None:
    jobs = [library.completed() for _ in range(2)]
    for job in jobs:
        library.service.index_words(OWNER, job.id)
    for _ in range(2):
        assert set(library.ask(whole=True).job_ids) == {job.id for job in jobs}
    assert set(library.service.index.rows) == {(OWNER, job.id) for job in jobs}, "search goes on meanwhile"
    assert set(library.follow()) == {"indexed"}
    assert library.service.index.doubted == []


def test_a_dry_run_says_the_same_and_changes_nothing(library: Library) -> None:
    job = library.completed()
    assert library.ask(dry_run=True) == Doubted(1, (job.id,), None)
    assert (library.service.index.doubted, library.log.entries) == ([], [])
    library.ask()
    (entry,) = library.log.entries
    assert (entry.action, entry.object, entry.detail) == (Action.INDEX_REBUILT, OWNER, "1 jobs")


def test_a_call_looks_at_so_many_jobs_and_the_next_goes_on(library: Library) -> None:
    jobs = {library.completed().id for _ in range(5)}
    seen, cursor, calls = list[str](), None, 0
    while True:
        page = library.ask(limit=2, cursor=cursor)
        seen, calls = [*seen, *page.job_ids], calls + 1
        if not (cursor := page.cursor):
            break
    assert (len(seen), set(seen), calls) == (5, jobs, 3)


def test_a_job_that_is_deleted_before_its_turn_is_taken_out(library: Library) -> None:
    job = library.completed()
    library.ask()
    library.service.jobs.rows.clear()
    assert library.service.index_words(OWNER, job.id) == "removed"
    assert library.service.index.rows == {}
