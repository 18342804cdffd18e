"""Search shows what is there now: newest first, page by page, and nothing of a job that is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sotto.domain.edit_operations import Replace
from sotto.domain.errors import InvalidInput
from sotto.domain.job import JobStatus
from sotto.domain.options import Options
from sotto.domain.postings import index_of
from sotto.domain.terms import parse_query
from sotto.workflows import search_transcripts
from sotto.workflows.search_transcripts import Filters
from tests.examples import OWNER, QUEUED
from tests.unit.domain.test_edits import timed, transcript


def add(service, job_id: str, *texts: str, model: str = "tiny.en", language: str = "en") -> None:
    """A completed job that says `texts`, a segment each, a second a word."""
    job = replace(QUEUED, id=job_id, status=JobStatus.COMPLETED)
    service.jobs.rows[OWNER, job_id] = job
    segments, now = [], 0.0
    for text in texts:
        segments.append(timed(*[(word, now + n, now + n + 0.5) for n, word in enumerate(text.split())]))
        now += 10
    said = transcript(*segments).model_copy(update={"options": Options(model=model), "language": language})
    service.index.write(OWNER, job_id, index_of(said))


def find(service, query: str, limit: int = 50, cursor: str | None = None, **filters: str):
    return service.search(OWNER, parse_query(query), Filters(**filters), limit=limit, cursor=cursor)


def places(found) -> list[tuple[str, int, float]]:
    return [(hit.job.id, hit.segment, hit.at_s) for hit in found.hits]


@pytest.fixture
def three(service):
    add(service, "A1", "the budget of the town", "we talk about music")
    add(service, "B2", "music and the budget", "a town budget")
    add(service, "C3", "nothing here", language="de", model="base")
    return service


def test_newest_jobs_first_and_in_a_job_by_time(three) -> None:
    assert places(find(three, "budget")) == [("B2", 0, 3.0), ("B2", 1, 12.0), ("A1", 0, 1.0)]
    assert find(three, "budget").hits[0].text.text == "music and the budget"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("budget music", [("B2", 0, 0.0)]),
        ('"the budget"', [("B2", 0, 2.0), ("A1", 0, 0.0)]),
        ('"budget the"', []),
        ("mus* talk", [("A1", 1, 11.0)]),
        ("xyz*", []),
        ("budget nowhere", []),
        ("bud* to*", [("B2", 1, 11.0), ("A1", 0, 1.0)]),
    ],
)
def test_what_is_asked_for_must_all_be_there(three, query: str, found: list[tuple[str, int, float]]) -> None:
    assert places(find(three, query)) == found


@pytest.mark.parametrize(
    ("filters", "jobs"),
    [
        ({"language": "de"}, ["C3"]),
        ({"model": "tiny.en"}, ["B2", "A1"]),
        ({"below": "B"}, ["A1"]),
        ({"oldest": "B"}, ["C3", "B2"]),
        ({"oldest": "B", "below": "C"}, ["B2"]),
    ],
)
def test_filters(three, filters: dict[str, str], jobs: list[str]) -> None:
    add(three, "A1", "word")
    add(three, "B2", "word")
    add(three, "C3", "word", language="de", model="base")
    assert [hit.job.id for hit in find(three, "word", **filters).hits] == jobs


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_join_to_the_whole(three, limit: int) -> None:
    seen, cursor = [], None
    while True:
        page = find(three, "budget", limit=limit, cursor=cursor)
        seen += places(page)
        if not (cursor := page.cursor):
            break
    assert seen == places(find(three, "budget"))


def test_a_request_looks_into_so_many_jobs_and_its_cursor_goes_on(service, monkeypatch) -> None:
    monkeypatch.setattr(search_transcripts, "MAX_JOBS", 2)
    for n in range(5):
        add(service, f"J{n}", "word" if n == 0 else "a b", language="de" if n == 0 else "en")
        service.index.rows[OWNER, f"J{n}"] = replace(
            service.index.rows[OWNER, f"J{n}"], places=service.index.rows[OWNER, "J0"].places
        )
    first = find(service, "word", language="de")
    assert (first.hits, bool(first.cursor)) == ((), True)
    second = find(service, "word", language="de", cursor=first.cursor)
    third = find(service, "word", language="de", cursor=second.cursor)
    assert ([hit.job.id for hit in third.hits], third.cursor) == (["J0"], None)


def test_a_rare_word_spares_the_list_of_a_common_one(service) -> None:
    for n in range(300):
        add(service, f"J{n:03d}", "common rare" if n in (3, 290) else "common")
    service.index.reads = 0
    assert [hit.job.id for hit in find(service, "common rare").hits] == ["J290", "J003"]
    assert service.index.reads <= 5


def test_a_prefix_of_too_many_words_is_refused(service) -> None:
    add(service, "A1", " ".join(f"ab{n}" for n in range(60)))
    with pytest.raises(InvalidInput, match=r"a beginning that at most 50 of your words share, found 'ab\*'"):
        find(service, "ab*")


def test_a_foreign_cursor_is_refused(three) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        find(three, "budget", cursor="nonsense!")


def test_nobody_finds_what_is_somebody_elses(three) -> None:
    assert three.search("other", parse_query("budget"), Filters(), limit=9, cursor=None).hits == ()


def test_what_is_completed_edited_and_deleted_is_found_as_it_is_now(service) -> None:
    job = service.queued(3.0)
    assert service.index_words(OWNER, job.id) == "not_completed"
    service.transcribe(service.queue.parts[0])
    assert [service.index_words(OWNER, job.id) for _ in range(2)] == ["indexed", "current"]
    assert [hit.job.id for hit in find(service, "w1").hits] == [job.id]
    service.edits.edit(OWNER, job.id, 1, [Replace(op="replace", first=1, last=1, text="Sotto")], author=OWNER)
    assert service.index_words(OWNER, job.id) == "indexed"
    assert (find(service, "w1").hits, find(service, "sotto").hits[0].at_s) == ((), 1.0)
    service.retry(OWNER, job.id, Options(model="base"))
    assert find(service, "sotto").hits == (), "it runs again"
    service.delete(OWNER, job.id)
    assert service.index.rows == {}


def test_a_job_that_was_deleted_while_it_was_indexed_is_taken_out_again(service) -> None:
    add(service, "A1", "late words")
    service.jobs.rows.clear()
    assert find(service, "late").hits == ()
    assert service.index_words(OWNER, "A1") == "removed"
    assert service.index.rows == {}
