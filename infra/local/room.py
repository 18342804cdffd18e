"""Room on the disk. The emulator writes a warning to its log when it cannot keep something, and says it is done.

So a start, and every new job, is refused while there is still room enough to keep what is already there.
"""

from __future__ import annotations

import shutil
from pathlib import Path

ROOM_BYTES = 512 * 1024 * 1024


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def is_nearly_full(folder: Path) -> bool:
    return free_bytes(folder) < ROOM_BYTES
