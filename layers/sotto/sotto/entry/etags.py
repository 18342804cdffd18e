"""Entity tags (RFC 9110, 8.8.3): what a caller sends back, to be told that nothing has changed.

An answer that is made quickly is tagged by its bytes. A transcript's answer is not: its tag comes from what it would
be made of, so that "unchanged" costs neither a read of the bucket nor a rendering. Those tags are weak, because
another zlib may write other bytes of the same Word document.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

import sotto

_TAG = re.compile(r'(?:W/)?("[!#-~\x80-\xff]*")')


def tag_of(content: str) -> str:
    """The strong tag of an answer's body."""
    return f'"{_digest(content)}"'


def tag_of_rendering(*facts: object) -> str:
    """The weak tag of what this code would make of `facts`, which name an object that never changes."""
    return f'W/"{_digest(repr((_renderer(), facts)))}"'


def names(condition: str, tag: str) -> bool:
    """Whether an If-None-Match header names `tag`. Weak and strong are compared alike; what is no tag names none."""
    return condition.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(condition)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def _renderer() -> str:
    """A digest of the code that answers are made with, so that a tag does not outlive a deployment that changes it."""
    root = Path(sotto.__file__).parent
    sources = sorted(path for room in ("domain", "entry") for path in (root / room).rglob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
