"""A journal on disk: what happened since the last save of everything, a line each, written before it is answered.

A line is with the operating system when `append` returns, so it outlives a killed process. Lines say what a thing has
become and not what was done to it, so reading a line twice, or one whose effect was saved already, changes nothing.

Used inside the emulator's environment (checkpoints.py), so it may import nothing of Sotto.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATTERN = "journal-*.jsonl"


class Journal:
    """The files `journal-<number>.jsonl` of `folder`. Numbers grow; the highest is written to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._torn = False
        self._open()

    def append(self, entry: list[Any]) -> None:
        """Keep `entry` (what JSON can say). Raises OSError when the disk takes nothing; nothing is kept then."""
        line = json.dumps(entry).encode() + b"\n"
        with self._lock:
            self._torn, begin = True, b"\n" if self._torn else b""
            written = os.write(self._file, begin + line)
            if written < len(begin) + len(line):
                raise OSError(f"journal: expected room for {len(line)} bytes, found less")
            self._torn = False
            self.size += written

    def entries(self) -> Iterator[list[Any]]:
        """All entries of all files, oldest first. A line that a crash or a full disk cut off is passed over."""
        for path in self._paths():
            with path.open("rb") as lines:
                for line in lines:
                    try:
                        yield json.loads(line)
                    except ValueError:
                        continue

    def rotate(self) -> list[Path]:
        """Begin the next file. Returns the earlier ones: delete them once everything is saved."""
        with self._lock:
            os.close(self._file)
            earlier = self._paths()
            self._open()
        return earlier

    def _open(self) -> None:
        latest = self._paths()[-1:]
        number = int(latest[0].stem.partition("-")[2]) + 1 if latest else 1
        path = self._folder / f"journal-{number:08d}.jsonl"
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._torn = False
        self.size = 0

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob(PATTERN))
