"""Search finds words whatever their case, accents or apostrophes, and phrases in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.errors import InvalidInput
from sotto.domain.postings import MAX_PLACES, Place, found_in, index_of, packed, unpacked
from sotto.domain.terms import Clause, parse_query, tokens
from tests.unit.domain.test_edits import MEETING, timed, transcript


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("Café CAFE cafe\u0301", ["cafe", "cafe", "cafe"]),
        ("Straße don't l’été", ["strasse", "dont", "lete"]),
        ("well-known 3.5% a_b", ["well", "known", "3", "5", "a", "b"]),
        ("東京へ行く", ["東", "京", "へ", "行", "く"]),
        ("Привет Ελλάδα", ["привет", "ελλαδα"]),
        ("--- ... ''", []),
        ("x" * 50, ["x" * 40]),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert [token.term for token in tokens(text)] == terms


def test_a_token_knows_where_it_stands() -> None:
    assert [("Ein Café!"[token.start : token.end]) for token in tokens("Ein Café!")] == ["Ein", "Café"]


@pytest.mark.parametrize(
    ("query", "clauses"),
    [
        ("Hello hello", (Clause(("hello",)),)),
        ('"how are" YOU', (Clause(("how", "are")), Clause(("you",)))),
        ("sot*", (Clause(("sot",), prefix=True),)),
        ("well-known", (Clause(("well", "known")),)),
        ("東京", (Clause(("東", "京")),)),
        ('"one" ... "', (Clause(("one",)),)),
    ],
)
def test_queries(query: str, clauses: tuple[Clause, ...]) -> None:
    assert parse_query(query) == clauses


@pytest.mark.parametrize("query", ["", "...", "a*", "well-known*", "a b c d e f g h i", "x" * 201])
def test_a_query_that_cannot_be_answered_is_refused(query: str) -> None:
    with pytest.raises(InvalidInput, match="q: expected"):
        parse_query(query)


@given(st.lists(st.builds(Place, st.integers(0, 10**6), st.integers(0, 10**5), st.integers(0, 4 * 10**7)), max_size=50))
def test_places_are_read_as_they_were_written(places: list[Place]) -> None:
    assert unpacked(packed(places)) == places


def test_places_of_a_common_word_take_few_bytes() -> None:
    assert len(packed([Place(20 * n, n, 7000 * n) for n in range(1000)])) <= 5000


def test_the_index_of_a_transcript() -> None:
    indexed = index_of(MEETING)
    assert indexed.places["how"] == [Place(2, 0, 3000)]
    assert indexed.places["fine"] == [Place(5, 1, 6000)]
    assert (indexed.segments[1].text, indexed.segments[1].start) == ("Fine.", 6.0)


def test_without_word_times_a_place_has_the_time_of_its_segment() -> None:
    bare = MEETING.segments[0].model_copy(update={"words": ()})
    assert index_of(transcript(bare)).places["you"] == [Place(4, 0, 1000)]


def test_a_word_that_is_said_very_often_is_found_at_its_first_places() -> None:
    spoken = timed(*[("no", 0.0, 0.0)] * (MAX_PLACES + 5))
    assert len(index_of(transcript(spoken)).places["no"]) == MAX_PLACES


def search(query: str) -> list[tuple[int, int]]:
    clauses, places = parse_query(query), index_of(MEETING).places
    wanted = [
        [places[term] for term in places if term.startswith(clause.terms[0])]
        if clause.prefix
        else [places.get(term, []) for term in clause.terms]
        for clause in clauses
    ]
    return [(place.segment, place.start_ms) for place in found_in(clauses, wanted)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("you otto", [(0, 1500)]),
        ("otto fine", []),
        ('"how are you"', [(0, 3000)]),
        ('"are how"', []),
        ('"you fine"', [(0, 3500)]),
        ("fi*", [(1, 6000)]),
        ("nobody", []),
    ],
)
def test_a_segment_is_found_that_holds_everything(query: str, found: list[tuple[int, int]]) -> None:
    assert search(query) == found
