"""What is freed is given back to the machine, also from the middle of the heap."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from sotto.entry.memory import give_memory_back

PAGE = 4096
STATM = Path("/proc/self/statm")


@pytest.mark.skipif(not STATM.exists() or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs Linux and glibc")
def test_freed_memory_is_given_back() -> None:
    blocks = [bytes([n % 251]) * 60_000 for n in range(2000)]  # small enough for the heap, 120 MB of it
    pinned = blocks[::100]
    full = int(STATM.read_text().split()[1]) * PAGE
    blocks.clear()
    give_memory_back()
    assert full - int(STATM.read_text().split()[1]) * PAGE > 60_000_000
    assert len(pinned) == 20
