"""What stands between the words of a segment: a space, or nothing where the language writes none."""

from __future__ import annotations

from sotto.domain.transcript import Segment

UNSPACED_LANGUAGES = frozenset({"ja", "zh", "yue", "th", "lo", "my", "km", "bo"})


def spaces_before(segment: Segment) -> list[str]:
    """For each word what the segment's text has before it; a space where a word is not found in the text."""
    befores, position = [], 0
    for word in segment.words:
        at = segment.text.find(word.text, position)
        befores.append(segment.text[position:at] if at >= 0 else " ")
        position = at + len(word.text) if at >= 0 else position
    return befores


def usual_space(segment: Segment) -> str:
    """What to put between two words that are new in this segment."""
    inner = spaces_before(segment)[1:]
    if inner:
        return max((" ", ""), key=inner.count)
    return "" if segment.language in UNSPACED_LANGUAGES else " "
