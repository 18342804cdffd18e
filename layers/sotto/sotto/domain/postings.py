"""Where a transcript says what: for each term its places, small enough for a row a term and job.

A place is three numbers (position among the terms, segment, start in milliseconds). All three only grow, so they are
stored as differences in variable-length bytes: about five bytes a place.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sotto.domain.terms import Clause, tokens
from sotto.domain.transcript import Transcript

MAX_PLACES = 20_000  # a term said more often in one recording is found at its first places; a row holds 400 KB


@dataclass(frozen=True)
class Place:
    position: int
    segment: int
    start_ms: int


@dataclass(frozen=True)
class SegmentText:
    """A segment as search shows it; times in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class IndexedTranscript:
    """All that search keeps of one version of one transcript."""

    attempt: int
    version: int
    model: str
    language: str
    created_at: str
    places: Mapping[str, Sequence[Place]]
    segments: tuple[SegmentText, ...]


@dataclass(frozen=True)
class Posting:
    """One term in one job, as the index stores it."""

    job_id: str
    model: str
    language: str
    places: bytes


def index_of(transcript: Transcript) -> IndexedTranscript:
    """What to keep of `transcript`. Without word times a place has the time of its segment."""
    places: dict[str, list[Place]] = defaultdict(list)
    position = 0
    for number, segment in enumerate(transcript.segments):
        said = [(word.text, word.start) for word in segment.words] or [(segment.text, segment.start)]
        for text, start in said:
            for token in tokens(_composed(text)):
                if len(places[token.term]) < MAX_PLACES:
                    places[token.term].append(Place(position, number, round(start * 1000)))
                position += 1
    return IndexedTranscript(
        attempt=transcript.attempt,
        version=transcript.version,
        model=transcript.options.model,
        language=transcript.language,
        created_at=transcript.created_at,
        places=places,
        segments=tuple(SegmentText(one.start, one.end, _composed(one.text)) for one in transcript.segments),
    )


def found_in(clauses: Sequence[Clause], places: Sequence[Sequence[Sequence[Place]]]) -> list[Place]:
    """The first place of each segment that holds every clause, in order.

    `places` has for each clause the places of its terms: in turn for a phrase, of every expansion for a prefix.
    """
    segments: list[dict[int, Place]] = []
    for clause, of_terms in zip(clauses, places, strict=True):
        first: dict[int, Place] = {}
        for place in sorted(_matches(clause, of_terms), key=lambda one: one.position):
            first.setdefault(place.segment, place)
        segments.append(first)
    common = set.intersection(*(set(first) for first in segments))
    return [min((first[number] for first in segments), key=lambda one: one.position) for number in sorted(common)]


def _matches(clause: Clause, of_terms: Sequence[Sequence[Place]]) -> Iterable[Place]:
    if clause.prefix or len(of_terms) == 1:
        return (place for places in of_terms for place in places)
    following = [{place.position for place in places} for places in of_terms[1:]]
    return (
        place
        for place in of_terms[0]
        if all(place.position + n in positions for n, positions in enumerate(following, 1))
    )


def packed(places: Sequence[Place]) -> bytes:
    """`places`, in order, as bytes."""
    out = bytearray()
    last = Place(0, 0, 0)
    for place in places:
        for value in (place.position - last.position, place.segment - last.segment, place.start_ms - last.start_ms):
            _put(out, (value << 1) ^ (value >> 63))  # zigzag: word times may step back where the engine's did
        last = place
    return bytes(out)


def unpacked(content: bytes) -> list[Place]:
    """What `packed` was given."""
    numbers, value, shift = [], 0, 0
    for byte in content:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    places, last = [], Place(0, 0, 0)
    for position, segment, start_ms in zip(*[iter(numbers)] * 3, strict=True):
        last = Place(last.position + position, last.segment + segment, last.start_ms + start_ms)
        places.append(last)
    return places


def _put(out: bytearray, value: int) -> None:
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
