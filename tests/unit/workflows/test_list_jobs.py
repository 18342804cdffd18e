"""A list of jobs: what a filter lets through, page by page, and how much one request looks at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from sotto.domain.errors import InvalidInput
from sotto.domain.job import Job, JobStatus
from sotto.domain.options import Options
from sotto.entry.list_shapes import JobsQuery
from sotto.workflows.list_jobs import MAX_JOBS, JobFilters, ListJobs
from tests.examples import NEW, NOW, OWNER
from tests.fakes.jobs import InMemoryJobs


def listing(*jobs: Job) -> ListJobs:
    store = InMemoryJobs()
    for job in jobs:
        store.create(job, due_at=NOW)
    return ListJobs(store)


def all_pages(list_jobs: ListJobs, filters: JobFilters, limit: int) -> list[str]:
    found, cursor = [], None
    while True:
        page = list_jobs(OWNER, filters, limit=limit, cursor=cursor)
        assert len(page.jobs) <= limit
        found += [job.id for job in page.jobs]
        cursor = page.cursor
        if cursor is None:
            return found


JOB = replace(
    NEW,
    id="A1",
    name="Council.wav",
    title="Budget of the tow\u0301n",
    tags=("city", "2026"),
    options=Options(model="base", language="de"),
    status=JobStatus.FAILED,
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, True),
        ({"status": "FAILED"}, True),
        ({"status": "COMPLETED, FAILED"}, True),
        ({"status": "COMPLETED"}, False),
        ({"model": "base"}, True),
        ({"model": "tiny"}, False),
        ({"language": "de"}, True),
        ({"language": "en"}, False),
        ({"tag": "city"}, True),
        ({"tag": "cit"}, False),
        ({"text": "BUDGET of"}, True),
        ({"text": "council"}, True),
        ({"text": "t\u00f3wn"}, False),
        ({"text": "tow\u0301n"}, True),
        ({"text": "budget", "tag": "city", "status": "QUEUED"}, False),
    ],
)
def test_a_filter_lets_through_what_it_names(query: dict[str, str], found: bool) -> None:
    page = listing(JOB)(OWNER, JobsQuery.model_validate(query).filters, limit=10, cursor=None)
    assert bool(page.jobs) is found


def test_the_detected_language_counts_before_the_one_asked_for() -> None:
    page = listing(replace(JOB, language="fr"))(OWNER, JobFilters(language="de"), limit=10, cursor=None)
    assert page.jobs == ()


def test_days_are_inclusive_and_utc() -> None:
    moments = ["2026-11-21T23:59:59.999+00:00", "2026-11-22T00:00:00+00:00", "2026-11-22T23:59:59.999+00:00"]
    ids = [
        str(ULID.from_datetime(datetime.fromisoformat(moment))) for moment in [*moments, "2026-11-23T00:00:00+00:00"]
    ]
    jobs = listing(*(replace(NEW, id=job_id) for job_id in ids))
    query = JobsQuery.model_validate({"from": "2026-11-22", "to": date(2026, 11, 22)})
    assert all_pages(jobs, query.filters, 1) == [ids[2], ids[1]]


def test_a_status_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"status: expected any of AWAITING_UPLOAD, .* found 'QUEUED,DONE'"):
        _ = JobsQuery.model_validate({"status": "QUEUED,DONE"}).filters


@pytest.mark.parametrize("cursor", ["\u00e9\u00e9", "not base64!", "fl8="])
def test_a_cursor_from_nowhere_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        listing(NEW)(OWNER, JobFilters(), limit=2, cursor=cursor)


@given(tagged=st.lists(st.booleans(), max_size=30), limit=st.integers(1, 7), filtered=st.booleans())
def test_pages_joined_are_all_that_passes_once_from_new_to_old(tagged: list[bool], limit: int, filtered: bool) -> None:
    jobs = [replace(NEW, id=f"J{n:03d}", tags=("x",) if yes else ()) for n, yes in enumerate(tagged)]
    wanted = [job.id for job in reversed(jobs) if job.tags or not filtered]
    assert all_pages(listing(*jobs), JobFilters(tag="x" if filtered else None), limit) == wanted


class CountingJobs(InMemoryJobs):
    looked_at = 0

    def newest(self, owner: str, *, below: str = "~", oldest: str = "", limit: int):
        found = super().newest(owner, below=below, oldest=oldest, limit=limit)
        self.looked_at += len(found)
        return found


def test_a_rare_filter_looks_at_a_bounded_number_of_jobs_and_goes_on() -> None:
    store = CountingJobs()
    count = 2 * MAX_JOBS + 10
    for n in range(count):
        store.create(replace(NEW, id=f"J{n:05d}", tags=("first",) if n == 0 else ()), due_at=NOW)
    page = ListJobs(store)(OWNER, JobFilters(tag="first"), limit=10, cursor=None)
    assert (page.jobs, store.looked_at) == ((), MAX_JOBS)
    assert page.cursor is not None
    assert all_pages(ListJobs(store), JobFilters(tag="first"), 10) == ["J00000"]
