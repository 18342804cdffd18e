"""Who speaks, over all parts of a recording.

Each part was worked on alone, so each has its own voices (`PartTranscript.voices`). Here, at the join, those that sound
alike become one speaker, by the same rule that made them inside a part: average linkage, the mean similarity of all
windows of the one with all windows of the other. A voice carries the mean of its windows' unit vectors, so that the
product of two of them is exactly that mean, and a recording cut in parts is grouped as it would be in one piece.

Speakers are named in order of appearance. Names are what a reader sees; an edit gives them better ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby

from sotto.domain.spacing import spaces_before
from sotto.domain.transcript import PartTranscript, Segment, Turn, Voice

SAME_VOICE = 0.65
"""Mean similarity at which two groups are one voice. Measured in docs/benchmarks.md: 0.72 and more inside a person's
speech, 0.63 at most between two."""
SHORTEST_S = 4.0
"""Who is heard for less than this in the whole recording is nobody new: a laugh, two people at once."""

Similarities = Sequence[Sequence[float]]


def grouped(
    similarity: Similarities, weights: Sequence[float], at_least: float = SAME_VOICE, most: int | None = None
) -> list[list[int]]:
    """Numbers of the items that belong together, by average linkage: the most alike first, down to `at_least`.

    `similarity` is square and symmetric. With `most`, merging goes on until no more groups than that are left.
    """
    rows = [list(row) for row in similarity]
    weight, members = list(weights), [[item] for item in range(len(rows))]
    alive = set(range(len(rows)))
    nearest: dict[int, tuple[float, int]] = {}

    def look(item: int) -> None:
        nearest[item] = max(((rows[item][other], -other) for other in alive if other != item), default=(-2.0, 0))

    for item in alive:
        look(item)
    while len(alive) > 1:
        one = max(sorted(alive), key=lambda item: nearest[item][0])
        likeness, other = nearest[one][0], -nearest[one][1]
        if likeness < at_least and (most is None or len(alive) <= most):
            break
        alive.discard(other)
        for third in alive - {one}:
            mean = weight[one] * rows[one][third] + weight[other] * rows[other][third]
            rows[one][third] = rows[third][one] = mean / (weight[one] + weight[other])
        weight[one] += weight[other]
        members[one] += members[other]
        for item in alive:
            if item == one or -nearest[item][1] in (one, other):
                look(item)
            elif rows[item][one] > nearest[item][0]:
                nearest[item] = (rows[item][one], -one)
    return [sorted(members[item]) for item in sorted(alive)]


def with_speakers(parts: Sequence[PartTranscript], most: int | None) -> list[Segment]:
    """The segments of all parts, each said by one speaker: cut where the speaker changes.

    Without voices the segments are as they were. `most` is the caller's number of people, if he knows it.
    """
    names = _names(parts, most)
    segments: list[Segment] = []
    for part in parts:
        turns = [(turn.start, names[part.index, turn.voice]) for turn in part.turns]
        starts = [start for start, _ in turns]
        for segment in part.segments:
            segments += _said(segment, turns, starts) if turns and segment.words else [segment]
    return segments


def _names(parts: Sequence[PartTranscript], most: int | None) -> dict[tuple[int, int], str]:
    """(part, voice) -> the speaker's name."""
    keys = [(part.index, voice.id) for part in parts for voice in part.voices]
    voices = [voice for part in parts for voice in part.voices]
    speaker_of = {keys[item]: number for number, group in enumerate(_speakers(voices, most)) for item in group}
    names: dict[int, str] = {}
    for part in parts:
        for turn in part.turns:
            number = speaker_of[part.index, turn.voice]
            names.setdefault(number, f"Speaker {len(names) + 1}")
    return {key: names[number] for key, number in speaker_of.items() if number in names}


def _speakers(voices: Sequence[Voice], most: int | None) -> list[list[int]]:
    similarity = [[_product(one, other) for other in voices] for one in voices]
    groups = grouped(similarity, [voice.seconds for voice in voices], most=most)
    seconds = [sum(voices[item].seconds for item in group) for group in groups]
    longest = max(seconds, default=0.0)
    kept = [list(group) for group, length in zip(groups, seconds, strict=True) if length >= min(SHORTEST_S, longest)]
    for group, length in zip(groups, seconds, strict=True):
        if length < min(SHORTEST_S, longest):
            nearest = max(kept, key=lambda other: _mean_similarity(group, other, similarity, voices))
            nearest += group
    return kept


def _mean_similarity(
    one: Iterable[int], other: Sequence[int], similarity: Similarities, voices: Sequence[Voice]
) -> float:
    pairs = [(voices[a].seconds * voices[b].seconds, similarity[a][b]) for a in one for b in other]
    return sum(weight * value for weight, value in pairs) / sum(weight for weight, _ in pairs)


def _product(one: Voice, other: Voice) -> float:
    return sum(a * b for a, b in zip(one.mean, other.mean, strict=True))


def _said(segment: Segment, turns: Sequence[tuple[float, str]], starts: Sequence[float]) -> list[Segment]:
    """The segment in pieces of one speaker each."""
    speakers = [turns[max(0, bisect_right(starts, word.start) - 1)][1] for word in segment.words]
    spaced = list(zip(speakers, spaces_before(segment), segment.words, strict=True))
    pieces = []
    for speaker, group in groupby(spaced, key=lambda one: one[0]):
        said = list(group)
        words = tuple(word for _, _, word in said)
        pieces.append(
            segment.model_copy(
                update={
                    "start": words[0].start,
                    "end": words[-1].end,
                    "text": "".join(before + word.text for _, before, word in said).strip(),
                    "words": words,
                    "speaker": speaker,
                }
            )
        )
    return pieces


def turns_of(words: Iterable[tuple[float, float, int]]) -> tuple[Turn, ...]:
    """Turns out of words in order, each with its start, end and voice: neighbours of one voice are one turn."""
    turns: list[Turn] = []
    for start, end, voice in words:
        if turns and turns[-1].voice == voice:
            turns[-1] = turns[-1].model_copy(update={"end": end})
        else:
            turns.append(Turn(start=start, end=end, voice=voice))
    return tuple(turns)
