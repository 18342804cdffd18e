"""Waits for what other processes do, without knowing how long they take."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(what: Callable[[], object], within_s: float = 30, *, every_s: float = 0.1) -> None:
    """Return once `what` is true; an AssertionError after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, f"it did not happen within {within_s:g} s"
        time.sleep(every_s)
