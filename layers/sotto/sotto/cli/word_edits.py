"""Finds words that were said and makes operations that correct them (docs/api/README.md#edits)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sotto.client.transcripts import Segment, Word
from sotto.domain.errors import InvalidInput

_EDGES = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)


def replacements(segments: Sequence[Segment], old: str, new: str) -> Iterator[dict[str, Any]]:
    """An operation for each place where `old` is said: `new` in its place, or nothing if `new` is empty.

    Case and punctuation make no difference; the punctuation around the place stays. Raises InvalidInput where words
    cannot be named.
    """
    wanted = [_core(word) for word in old.split()]
    if not any(wanted):
        raise InvalidInput("--replace", expected="words to look for", found=old)
    for segment in segments:
        n = 0
        while n + len(wanted) <= len(segment.words):
            place = segment.words[n : n + len(wanted)]
            if [_core(word.text) for word in place] == wanted:
                yield _operation(place, new)
                n += len(wanted)
            else:
                n += 1


def _operation(place: Sequence[Word], new: str) -> dict[str, Any]:
    first, last = place[0], place[-1]
    if first.id is None or last.id is None:
        raise InvalidInput("ID", expected="a transcript whose words have ids", found="one without")
    if not new:
        return {"op": "delete", "first": first.id, "last": last.id}
    text = f"{_edges(first.text)[0]}{new}{_edges(last.text)[2]}"
    return {"op": "replace", "first": first.id, "last": last.id, "text": text}


def _core(word: str) -> str:
    return _edges(word)[1].casefold()


def _edges(word: str) -> tuple[str, str, str]:
    found = _EDGES.match(word)
    return (found[1], found[2], found[3]) if found else ("", word, "")
