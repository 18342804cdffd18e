"""What every runner does alike: read its task, transcribe each file, and write what it took.

Runs inside each engine's own environment, so it imports nothing but the standard library. A task is a JSON file:
{"audio": [wav paths], "threads": 1, "model": directory or file, "language": "en", ...engine's own keys}.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Transcribe = Callable[[str], str]
"""Path of a mono 16 kHz WAV -> text."""


def run(load: Callable[[dict[str, Any]], tuple[Transcribe, str]]) -> None:
    """Main of every runner: `load` gets the task and gives the function to measure and the engine's version.

    The clock is the machine's monotonic one, so the caller can measure a cold start from before this process began.
    """
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    begun, begun_cpu = time.monotonic(), time.process_time()
    transcribe, version = load(task)
    loaded, loaded_cpu = time.monotonic(), time.process_time()
    files, first_text_at = [], None
    for path in task["audio"]:
        wall, cpu = time.monotonic(), time.process_time()
        text = transcribe(path)
        files.append(
            {"path": path, "wall_s": time.monotonic() - wall, "cpu_s": time.process_time() - cpu, "text": text}
        )
        first_text_at = first_text_at or time.monotonic()
    Path(sys.argv[2]).write_text(
        json.dumps(
            {
                "version": version,
                "load_wall_s": loaded - begun,
                "load_cpu_s": loaded_cpu - begun_cpu,
                "first_text_at": first_text_at,
                "files": files,
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        ),
        encoding="utf-8",
    )
