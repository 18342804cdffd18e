"""Edits: operations on word ids, applied to one version of a transcript to make the next.

A word's id is its number in the first version, and new words get numbers that were never used, so an id names the
same word with the same text in every version of an attempt. Ids are stable addresses: a caller's list of operations
means the same whatever else it changes.

Times of untouched words stay as they were measured. New words lie inside the gap that they fill: the time of the
words that they replace, or the silence where they are inserted, shared out by their letters. Nobody measured those
times or heard those words, so they carry `edited` and no probability.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sotto.domain.edit_operations import Delete, Insert, Operation, RenameSpeaker, Replace
from sotto.domain.errors import InvalidInput
from sotto.domain.spacing import spaces_before, usual_space
from sotto.domain.transcript import Segment, Transcript, Word


def edited(transcript: Transcript, operations: Sequence[Operation]) -> Transcript:
    """The version of `transcript` after `operations`, in order. Raises InvalidInput, which names the operation."""
    draft = _Draft(transcript)
    for number, operation in enumerate(operations):
        draft.apply(operation, f"operations.{number}")
    segments = draft.segments()
    if segments == transcript.segments:
        raise InvalidInput("operations", expected="a change", found="the text as it is")
    return transcript.model_copy(
        update={"version": transcript.version + 1, "segments": segments, "next_word_id": draft.next_id}
    )


@dataclass(frozen=True)
class _Place:
    segment: int
    word: int


class _Draft:
    """A transcript's words as lists that change; segments are made anew at the end, where they changed."""

    def __init__(self, transcript: Transcript) -> None:
        self._old = transcript.segments
        self._duration_s = transcript.recording.duration_s
        self._words = [list(segment.words) for segment in transcript.segments]
        self._befores = [spaces_before(segment) for segment in transcript.segments]
        self._segment_of = {word.id: n for n, words in enumerate(self._words) for word in words}
        self._touched: set[int] = set()
        self._names = {segment.speaker: segment.speaker for segment in transcript.segments}
        self.next_id = transcript.next_word_id

    def apply(self, operation: Operation, key: str) -> None:
        match operation:
            case Replace():
                self._replace(operation, key)
            case Insert():
                self._insert(operation, key)
            case Delete():
                first, last = self._range(operation.first, operation.last, key)
                for segment in range(first.segment, last.segment + 1):
                    start = first.word if segment == first.segment else 0
                    end = last.word + 1 if segment == last.segment else len(self._words[segment])
                    self._splice(segment, start, end, [])
            case RenameSpeaker():
                self._rename(operation, key)

    def segments(self) -> tuple[Segment, ...]:
        """All segments in order; one that has lost its last word is gone."""
        made = (self._made(n) if n in self._touched else old for n, old in enumerate(self._old))
        return tuple(self._named(segment) for segment in made if segment is not None)

    def _named(self, segment: Segment) -> Segment:
        name = self._names.get(segment.speaker)
        return segment if name == segment.speaker else segment.model_copy(update={"speaker": name})

    def _rename(self, operation: RenameSpeaker, key: str) -> None:
        if operation.speaker not in self._names.values():
            names = sorted({name for name in self._names.values() if name is not None})
            expected = f"one of {', '.join(names)}" if names else "no renaming: this transcript has no speakers"
            raise InvalidInput(f"{key}.speaker", expected=expected, found=operation.speaker)
        for speaker, name in self._names.items():
            if name == operation.speaker:
                self._names[speaker] = operation.name

    def _made(self, number: int) -> Segment | None:
        old, words = self._old[number], self._words[number]
        if not words:
            return None
        text = "".join(before + word.text for before, word in zip(self._befores[number], words, strict=True))
        return old.model_copy(
            update={
                "start": min(old.start, words[0].start),
                "end": max(old.end, words[-1].end),
                "text": text.strip(),
                "words": tuple(words),
                "edited": True,
            }
        )

    def _replace(self, operation: Replace, key: str) -> None:
        first, last = self._range(operation.first, operation.last, key)
        if first.segment != last.segment:
            raise InvalidInput(
                f"{key}.last",
                expected=f"a word of the same segment as word {operation.first}",
                found=operation.last,
                hint="Replace inside one segment, and delete the rest.",
            )
        texts = _texts(operation.text, key)
        number, words = first.segment, self._words[first.segment]
        start, end = first.word, last.word + 1
        # What is written again as it was keeps its measured time.
        while texts and start < end and texts[0] == words[start].text:
            texts, start = texts[1:], start + 1
        while texts and start < end and texts[-1] == words[end - 1].text:
            texts, end = texts[:-1], end - 1
        if start == end:
            self._fill_gap(number, start, texts, after=start > 0)
            return
        run = words[start:end]
        if len(texts) == len(run):
            spans = [(word.start, word.end) for word in run]
        else:
            spans = _shared(run[0].start, max(word.end for word in run), texts) if texts else []
        self._splice(number, start, end, self._new(texts, spans))

    def _insert(self, operation: Insert, key: str) -> None:
        if (operation.after is None) == (operation.before is None):
            raise InvalidInput(key, expected="either after or before", found="both or neither")
        after = operation.after is not None
        place = self._find(operation.after if after else operation.before, f"{key}.{'after' if after else 'before'}")
        texts = _texts(operation.text, key)
        self._fill_gap(place.segment, place.word + 1 if after else place.word, texts, after=after)

    def _fill_gap(self, segment: int, position: int, texts: Sequence[str], *, after: bool) -> None:
        """Put words beside a word, into the silence there, no longer than the segment's own pace would take."""
        if not texts:
            return
        low, high = self._gap(segment, position)
        needed = self._pace(segment) * sum(map(len, texts))
        if after:
            high = min(high, round(low + needed, 3))
        else:
            low = max(low, round(high - needed, 3))
        self._splice(segment, position, position, self._new(texts, _shared(low, high, texts)))

    def _gap(self, segment: int, position: int) -> tuple[float, float]:
        """The time between the neighbours of `position`; nothing long where they touch."""
        words = self._words[segment]
        if position > 0:
            low = words[position - 1].end
        else:
            low = max((self._end(n) for n in range(segment - 1, -1, -1) if self._has_time(n)), default=0.0)
        if position < len(words):
            high = words[position].start
            return min(low, high), high
        high = next((self._start(n) for n in range(segment + 1, len(self._old)) if self._has_time(n)), self._duration_s)
        return low, max(low, high)

    def _has_time(self, segment: int) -> bool:
        """A segment whose words were all taken out fills no time; one that never had words does."""
        return bool(self._words[segment]) or not self._old[segment].words

    def _start(self, segment: int) -> float:
        words = self._words[segment]
        return min(self._old[segment].start, words[0].start) if words else self._old[segment].start

    def _end(self, segment: int) -> float:
        words = self._words[segment]
        return max(self._old[segment].end, words[-1].end) if words else self._old[segment].end

    def _pace(self, segment: int) -> float:
        """Seconds a letter as measured in this segment (its first version, if nothing measured is left)."""
        heard = [word for word in self._old[segment].words if not word.edited] or self._old[segment].words
        return sum(word.end - word.start for word in heard) / max(1, sum(len(word.text) for word in heard))

    def _splice(self, segment: int, start: int, end: int, words: list[Word]) -> None:
        space = usual_space(self._old[segment])
        befores = self._befores[segment]
        first = befores[start] if start < end else space
        for word in self._words[segment][start:end]:
            del self._segment_of[word.id]
        if words and start == end == 0 and befores:
            befores[0] = space  # it is no longer the first
        self._words[segment][start:end] = words
        befores[start:end] = [first, *[space] * (len(words) - 1)] if words else []
        self._segment_of |= {word.id: segment for word in words}
        self._touched.add(segment)

    def _new(self, texts: Sequence[str], spans: Sequence[tuple[float, float]]) -> list[Word]:
        first = self.next_id
        self.next_id += len(texts)
        return [
            Word(id=first + n, text=text, start=start, end=end, probability=None, edited=True)
            for n, (text, (start, end)) in enumerate(zip(texts, spans, strict=True))
        ]

    def _find(self, word_id: int | None, key: str) -> _Place:
        segment = self._segment_of.get(word_id)
        if segment is None:
            raise InvalidInput(
                key,
                expected="the id of a word in this version",
                found=word_id,
                hint="Read the transcript again; a transcript without word times has no words to edit.",
            )
        return _Place(segment, next(n for n, word in enumerate(self._words[segment]) if word.id == word_id))

    def _range(self, first_id: int, last_id: int, key: str) -> tuple[_Place, _Place]:
        first, last = self._find(first_id, f"{key}.first"), self._find(last_id, f"{key}.last")
        if (last.segment, last.word) < (first.segment, first.word):
            raise InvalidInput(f"{key}.last", expected=f"word {first_id} or a later one", found=last_id)
        return first, last


def _texts(text: str, key: str) -> list[str]:
    texts = text.split()
    if not texts:
        raise InvalidInput(f"{key}.text", expected="a word", found=text, hint="To take words out, delete them.")
    return texts


def _shared(low: float, high: float, texts: Sequence[str]) -> list[tuple[float, float]]:
    """The time from `low` to `high` shared out by letters, without overlap, in milliseconds."""
    letters = sum(map(len, texts))
    edges, done = [low], 0
    for text in texts[:-1]:
        done += len(text)
        edges.append(min(high, max(low, round(low + (high - low) * done / letters, 3))))
    edges.append(high)
    return list(itertools.pairwise(edges))
