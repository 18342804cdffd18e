"""One log file for each child, capped, and its last lines at hand for the message when it dies."""

from __future__ import annotations

from collections import deque
from pathlib import Path

MAX_BYTES = 5 * 1024 * 1024
LAST_LINES = 15


class CappedLog:
    """Appends lines to `path`; at `max_bytes` the file becomes `path`.1, so a log never fills a disk."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size

    def write(self, line: bytes) -> None:
        """Add a line (with its line end). A full disk costs the line, never the child."""
        self.last.append(line.decode(errors="replace").rstrip())
        try:
            if self._size + len(line) > self.max_bytes:
                self._file.close()
                self.path.replace(self.path.with_name(self.path.name + ".1"))
                self._file = self.path.open("ab", buffering=0)
                self._size = 0
            self._size += self._file.write(line)
        except (OSError, ValueError):  # a full disk; or closed, and the child still has something to say
            return

    def close(self) -> None:
        self._file.close()
