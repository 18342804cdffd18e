"""What a person calls a job: a title beside the file's name, and tags to find it by. Nothing else depends on them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from sotto.domain.errors import InvalidInput

LONGEST_TITLE = 200
LONGEST_TAG = 50
MOST_TAGS = 20


def clean_title(title: str | None) -> str | None:
    """The title on one line, in NFC; None for a blank one. Raises InvalidInput."""
    return _line("title", title, LONGEST_TITLE) or None if title is not None else None


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags as title is cleaned, each once, in the order that they came in. Raises InvalidInput."""
    found = tuple(dict.fromkeys(_line("tags", tag, LONGEST_TAG) for tag in tags))
    if "" in found:
        raise InvalidInput("tags", expected=f"1 to {LONGEST_TAG} characters each", found="")
    if len(found) > MOST_TAGS:
        raise InvalidInput("tags", expected=f"at most {MOST_TAGS}", found=len(found))
    return found


def _line(key: str, text: str, longest: int) -> str:
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if len(line) > longest or not line.isprintable():
        raise InvalidInput(key, expected=f"at most {longest} printable characters", found=text[: longest + 1])
    return line
