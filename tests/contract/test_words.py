"""The search index: what the workflows rely on, asked of the fake and of DynamoDB alike."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from sotto.adapters import dynamo_words
from sotto.adapters.dynamo_words import DynamoWords
from sotto.domain.postings import IndexedTranscript, Place, SegmentText, index_of, unpacked
from sotto.workflows.search_ports import WordIndex
from tests.contract.conftest import TABLE
from tests.examples import OWNER
from tests.fakes.words import InMemoryWords
from tests.unit.domain.test_edits import MEETING

SAID = index_of(MEETING)


@pytest.fixture(params=["memory", "dynamodb"])
def words(request: pytest.FixtureRequest) -> WordIndex:
    if request.param == "memory":
        return InMemoryWords()
    request.getfixturevalue("table")
    return DynamoWords(boto3.client("dynamodb"), TABLE, sleep=lambda _: None)


def jobs(words: WordIndex, term: str, below: str = "~", oldest: str = "", limit: int = 10) -> list[str]:
    return [one.job_id for one in words.postings(OWNER, term, below=below, oldest=oldest, limit=limit)]


def said(*terms: str) -> IndexedTranscript:
    return replace(SAID, places={term: [Place(0, 0, 0)] for term in terms})


def test_what_was_written_is_found(words: WordIndex) -> None:
    assert words.indexed(OWNER, "A1") is None
    words.write(OWNER, "A1", SAID)
    assert words.indexed(OWNER, "A1") == (1, 1)
    (posting,) = words.postings(OWNER, "how", below="~", oldest="", limit=10)
    assert (posting.job_id, posting.model, posting.language) == ("A1", "base", "en")
    assert unpacked(posting.places) == [Place(2, 0, 3000)]
    assert jobs(words, "nobody") == jobs(words, "ho") == []
    assert words.postings("other", "how", below="~", oldest="", limit=10) == []


def test_a_doubted_job_is_found_as_before_until_it_is_written_anew(words: WordIndex) -> None:
    words.write(OWNER, "A1", said("old", "both"))
    for _ in range(2):
        words.doubt(OWNER, "A1", created_at=SAID.created_at, at="2026-11-22T12:00:00.000Z")
    assert (words.indexed(OWNER, "A1"), jobs(words, "old")) == (None, ["A1"])
    words.write(OWNER, "A1", said("both"))
    assert (words.indexed(OWNER, "A1"), jobs(words, "old"), jobs(words, "both")) == ((1, 1), [], ["A1"])


def test_a_job_that_was_never_indexed_may_be_doubted_and_removed(words: WordIndex) -> None:
    words.doubt(OWNER, "A1", created_at=SAID.created_at, at="2026-11-22T12:00:00.000Z")
    assert words.indexed(OWNER, "A1") is None
    words.remove(OWNER, "A1")
    words.doubt(OWNER, "A1", created_at=SAID.created_at, at="2026-11-22T12:00:00.000Z")
    words.write(OWNER, "A1", said("term"))
    assert words.indexed(OWNER, "A1") == (1, 1)


def test_jobs_come_newest_first_between_two_ids(words: WordIndex) -> None:
    for job_id in ("A1", "C3", "B2", "D4"):
        words.write(OWNER, job_id, said("term"))
    assert jobs(words, "term") == ["D4", "C3", "B2", "A1"]
    assert jobs(words, "term", limit=2) == ["D4", "C3"]
    assert jobs(words, "term", below="C3", limit=2) == ["B2", "A1"]
    assert jobs(words, "term", below="C3\0", oldest="B") == ["C3", "B2"]
    assert jobs(words, "term", below="A", oldest="B") == []


def test_a_newer_version_takes_the_place_of_the_older(words: WordIndex) -> None:
    words.write(OWNER, "A1", said("old", "both"))
    words.write(OWNER, "A1", replace(said("new", "both"), version=2))
    assert (jobs(words, "old"), jobs(words, "both"), jobs(words, "new")) == ([], ["A1"], ["A1"])
    assert words.indexed(OWNER, "A1") == (1, 2)


def test_beginnings_are_completed_in_order_and_each_once(words: WordIndex) -> None:
    words.write(OWNER, "A1", said("tone", "to", "top", "tone1", "two", "té"))
    words.write(OWNER, "B2", said("tone", "other"))
    assert words.expansions(OWNER, "to", limit=10) == ["to", "tone", "tone1", "top"]
    assert words.expansions(OWNER, "t", limit=2) == ["to", "tone"]
    assert words.expansions(OWNER, "x", limit=10) == []


def test_segments_are_shown_that_are_there(words: WordIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamo_words, "SEGMENTS_A_ROW", 2)
    many = tuple(SegmentText(float(n), n + 0.5, f"text {n}") for n in range(5))
    words.write(OWNER, "A1", replace(SAID, segments=many))
    found = words.segments(OWNER, [("A1", 4), ("A1", 0), ("A1", 1), ("A1", 5), ("B2", 0)])
    assert found == {("A1", n): many[n] for n in (0, 1, 4)}
    assert words.segments(OWNER, []) == {}
    words.write(OWNER, "A1", replace(SAID, segments=many[:1]))
    assert words.segments(OWNER, [("A1", 4), ("A1", 0)]) == {("A1", 0): many[0]}


def test_what_is_removed_leaves_nothing(words: WordIndex) -> None:
    words.write(OWNER, "A1", SAID)
    words.write(OWNER, "A1", replace(said("new"), version=2))
    assert words.count_rows(OWNER, "A1") > 2
    words.remove(OWNER, "A1")
    assert words.count_rows(OWNER, "A1") == 0
    words.remove(OWNER, "A1")
    assert (jobs(words, "new"), words.indexed(OWNER, "A1"), words.segments(OWNER, [("A1", 0)])) == ([], None, {})
    if isinstance(words, DynamoWords):
        assert boto3.client("dynamodb").scan(TableName=TABLE)["Items"] == []


@pytest.mark.parametrize("dies_at", [1, 2, 3])
def test_a_crash_in_between_leaves_nothing_that_removal_does_not_find(
    table: str, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    client = boto3.client("dynamodb")
    words = DynamoWords(client, TABLE)
    words.write(OWNER, "A1", said("old"))
    write, calls = words._write_all, iter(range(1, 10))

    def dying(requests: list[object]) -> None:
        write(requests[:1])
        if next(calls) == dies_at:
            raise KeyboardInterrupt
        write(requests)

    monkeypatch.setattr(words, "_write_all", dying)
    if dies_at < 3:
        with pytest.raises(KeyboardInterrupt):
            words.write(OWNER, "A1", replace(said("new", "newer"), version=2))
        assert words.indexed(OWNER, "A1") is None, "it is not whole, so it is written again"
    monkeypatch.setattr(words, "_write_all", write)
    words.remove(OWNER, "A1")
    assert client.scan(TableName=TABLE)["Items"] == []
