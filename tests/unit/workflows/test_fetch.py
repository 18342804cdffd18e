"""From an address to a recording in the bucket, with everything that may go wrong on the way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from sotto.domain.errors import InvalidInput, LimitReached, SourceRefused, SourceUnavailable, StorageUnavailable
from sotto.domain.events import FetchRequested
from sotto.domain.job import Job, JobStatus, Stage, stage_of
from sotto.domain.options import Options
from sotto.domain.quotas import Quotas
from sotto.workflows.create_fetch import CreateFetch, NewFetch
from sotto.workflows.create_job import MIN_PART_BYTES
from sotto.workflows.fetch_source import FetchSource
from sotto.workflows.keep_quotas import KeepQuotas
from tests.examples import OWNER
from tests.fakes.sources import InMemorySources
from tests.unit.workflows.conftest import Service

URL = "https://example.org/talks/Caf%C3%A9.wav?token=secret"
LARGE = b"0123456789abcdef" * (MIN_PART_BYTES // 16) * 3 + b"the end"
MAX = 50 * 1024 * 1024


@dataclass
class Fetching:
    service: Service
    sources: InMemorySources = field(default_factory=InMemorySources)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        service = self.service
        self.create = CreateFetch(
            service.jobs,
            self.sources,
            service.fetches,
            service.clock,
            new_id=lambda: f"FETCH{next(self.numbers)}",
            offered_models=frozenset({"tiny.en"}),
            quotas=KeepQuotas(service.usage, service.quotas, service.clock),
            plain_http=False,
        )
        self.fetch = FetchSource(service.jobs, service.objects, self.sources, service.clock, max_upload_bytes=MAX)

    def accept(self, url: str = URL, **changes: str) -> Job:
        return self.create(OWNER, NewFetch(url, changes.get("name"), Options(model="tiny.en")), "request-1")

    def run(self) -> str:
        """Deliver the last request."""
        return self.fetch(self.service.fetches.asked[-1], self.service.clock() + timedelta(seconds=840))

    def stored(self, job: Job) -> bytes | None:
        return self.service.objects.read(f"uploads/{OWNER}/{job.id}/{job.name}")

    def open_uploads(self) -> int:
        return len(self.service.objects.multiparts)


@pytest.fixture
def fetching(service: Service) -> Fetching:
    return Fetching(service)


def test_a_recording_is_fetched_and_taken_in(fetching: Fetching) -> None:
    fetching.sources.content[URL] = b"100"
    job = fetching.accept()
    assert (job.status, stage_of(job), job.name) == (JobStatus.AWAITING_UPLOAD, Stage.FETCHING, "Café.wav")
    assert fetching.run() == "fetched"
    assert fetching.stored(job) == b"100"
    assert fetching.service.arrive(f"uploads/{OWNER}/{job.id}/{job.name}") == "queued"


def test_the_name_may_be_given(fetching: Fetching) -> None:
    assert fetching.accept(name="talk.wav").name == "talk.wav"
    assert fetching.accept("https://example.org/").name == "recording"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.wav",
        "https://user:pass@example.org/a.wav",
        "ftp://example.org/a",
        "https://internal/a",
        "",
    ],
)
def test_a_bad_address_is_refused_before_anything_is_stored(fetching: Fetching, url: str) -> None:
    with pytest.raises(InvalidInput, match="source_url"):
        fetching.accept(url)
    assert fetching.service.jobs.rows == {}
    assert fetching.service.fetches.asked == []


def test_quotas_count_it(service: Service) -> None:
    service.quotas = Quotas(concurrent_jobs=1)
    fetching = Fetching(service)
    fetching.accept()
    with pytest.raises(LimitReached):
        fetching.accept()


@pytest.mark.parametrize("says_size", [True, False])
def test_a_long_recording_passes_through_in_parts(fetching: Fetching, *, says_size: bool) -> None:
    fetching.sources.content[URL], fetching.sources.says_size = LARGE, says_size
    job = fetching.accept()
    assert fetching.run() == "fetched"
    assert fetching.stored(job) == LARGE
    assert fetching.open_uploads() == 0


def test_the_next_try_goes_on_where_the_last_one_broke(fetching: Fetching) -> None:
    fetching.sources.content[URL] = LARGE
    fetching.sources.breaks_at = MIN_PART_BYTES + 5
    job = fetching.accept()
    with pytest.raises(SourceUnavailable):
        fetching.run()
    fetching.sources.breaks_at = None
    assert fetching.run() == "fetched"
    assert fetching.sources.asked == [0, MIN_PART_BYTES]
    assert fetching.stored(job) == LARGE


@pytest.mark.parametrize("change", ["changed", "no_ranges", "no_validator"])
def test_what_cannot_be_gone_on_with_begins_anew(fetching: Fetching, change: str) -> None:
    sources = fetching.sources
    sources.content[URL], sources.breaks_at = LARGE, MIN_PART_BYTES * 2
    sources.validator = None if change == "no_validator" else '"1"'
    job = fetching.accept()
    with pytest.raises(SourceUnavailable):
        fetching.run()
    sources.breaks_at = None
    sources.ranges = change != "no_ranges"
    if change == "changed":
        sources.content[URL], sources.validator = LARGE[::-1], '"2"'
    assert fetching.run() == "fetched"
    assert fetching.stored(job) == sources.content[URL]
    assert fetching.open_uploads() == 0, "the first upload was given up"


def test_a_crash_before_the_end_is_joined_needs_no_second_download(fetching: Fetching) -> None:
    fetching.sources.content[URL] = LARGE
    job, objects = fetching.accept(), fetching.service.objects
    complete = objects.complete_multipart

    def break_down(*_: object) -> None:
        raise StorageUnavailable("bucket: expected an answer, found none")

    objects.complete_multipart = break_down  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable):
        fetching.run()
    objects.complete_multipart = complete  # type: ignore[method-assign]
    assert fetching.run() == "fetched"
    assert fetching.sources.asked == [0]
    assert fetching.stored(job) == LARGE
    assert fetching.run() == "already_there"


def test_a_slow_source_is_gone_on_with_if_that_is_possible(fetching: Fetching) -> None:
    sources, clock = fetching.sources, fetching.service.clock
    sources.content[URL], sources.before_chunk = LARGE, lambda: clock.forward(30)  # 49 chunks, 28 a try
    job = fetching.accept()
    for _ in range(2):
        with pytest.raises(SourceUnavailable, match="more to come"):
            fetching.run()
    assert fetching.run() == "fetched"
    assert sources.asked == [0, MIN_PART_BYTES, 2 * MIN_PART_BYTES]
    assert fetching.stored(job) == LARGE


@pytest.mark.parametrize("change", ["no_validator", "no_ranges", "too_slow"])
def test_a_slow_source_that_cannot_go_on_fails_the_job(fetching: Fetching, change: str) -> None:
    sources, clock = fetching.sources, fetching.service.clock
    sources.content[URL] = LARGE
    sources.before_chunk = lambda: clock.forward(900 if change == "too_slow" else 30)
    sources.validator, sources.ranges = None if change == "no_validator" else '"1"', change != "no_ranges"
    job = fetching.accept()
    if change == "no_ranges":
        with pytest.raises(SourceUnavailable):
            fetching.run()
    assert fetching.run() == "source_timed_out"
    assert _failure(fetching, job) == "source_timed_out"
    assert fetching.open_uploads() == 0


@pytest.mark.parametrize(
    ("content", "says_size", "code"),
    [
        (b"", True, "recording_empty"),
        (b"1" * (MAX + 1), True, "source_too_large"),
        (b"1" * (MAX + 1), False, "source_too_large"),
    ],
)
def test_limits_count_whatever_the_source_says(fetching: Fetching, content: bytes, says_size: bool, code: str) -> None:
    fetching.sources.content[URL], fetching.sources.says_size = content, says_size
    job = fetching.accept()
    assert fetching.run() == code
    assert _failure(fetching, job) == code
    assert (fetching.open_uploads(), fetching.stored(job)) == (0, None)


def test_what_the_source_refuses_fails_the_job_and_a_retry_fetches_again(fetching: Fetching) -> None:
    job, service = fetching.accept(), fetching.service
    assert fetching.run() == "source_not_found"
    fetching.sources.error = SourceRefused("source: expected a recording, found status 403")
    service.retry(OWNER, job.id, job.options)
    assert fetching.run() == "source_refused"
    fetching.sources.error = None
    fetching.sources.content[URL] = b"100"
    again = service.retry(OWNER, job.id, job.options)
    assert stage_of(again) is Stage.FETCHING
    assert fetching.fetch(service.fetches.asked[0], service.clock()) == "stale", "a request of the first attempt"
    assert fetching.run() == "fetched"
    assert fetching.stored(job) == b"100"


def test_a_cancelled_or_deleted_job_stops_the_download(fetching: Fetching) -> None:
    service, sources = fetching.service, fetching.sources
    sources.content[URL] = LARGE
    for stop in (service.cancel, service.delete):
        job = fetching.accept()
        sources.before_chunk = lambda job=job, stop=stop: stop(OWNER, job.id) if _runs(fetching, job) else None
        assert fetching.run() == "stopped"
        assert fetching.stored(job) is None
        assert fetching.run() == "stale"


@pytest.mark.parametrize("stop", ["cancel", "delete"])
def test_what_a_try_that_died_had_begun_is_given_up_with_its_job(fetching: Fetching, stop: str) -> None:
    fetching.sources.content[URL], fetching.sources.breaks_at = LARGE, MIN_PART_BYTES + 5
    job = fetching.accept()
    with pytest.raises(SourceUnavailable):
        fetching.run()
    assert fetching.open_uploads() == 1
    getattr(fetching.service, stop)(OWNER, job.id)
    assert fetching.open_uploads() == 0


def test_a_lost_request_is_sent_again(fetching: Fetching) -> None:
    fetching.accept()
    fetching.service.clock.forward(7201)
    assert fetching.service.reconcile() == {"fetched_again": 1}
    assert len(fetching.service.fetches.asked) == 2


def test_a_request_that_used_up_its_tries_fails_the_job(fetching: Fetching) -> None:
    job, service = fetching.accept(), fetching.service
    (asked,) = service.fetches.asked
    assert service.fail.for_fetch(asked) == "failed"
    assert _failure(fetching, job) == "source_unavailable"
    assert service.fail.for_fetch(asked) == "stale"
    assert service.fail.for_fetch(FetchRequested(owner=OWNER, job_id="x", attempt=1, request_id="r")) == "no_such_job"


def _failure(fetching: Fetching, job: Job) -> str | None:
    now = fetching.service.now(job)
    return now.failure.code if now.status is JobStatus.FAILED and now.failure else None


def _runs(fetching: Fetching, job: Job) -> bool:
    found = fetching.service.jobs.rows.get((OWNER, job.id))
    return found is not None and found.status is JobStatus.AWAITING_UPLOAD
