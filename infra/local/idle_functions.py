"""Ends function workers that nobody has called for a while, as Lambda does with its execution environments.

MiniStack keeps a worker of each function for ever, and all that a burst of calls has made: some 55 MB each on a machine
that does nothing. The first call after a pause costs a cold start, about a second. Used inside the emulator's
environment (checkpoints.py), so it may import nothing of Sotto.
"""

# ruff: noqa: SLF001 - reaching into the pinned MiniStack is what this file is for

from __future__ import annotations

import os
import threading
import time

from ministack.core import lambda_runtime

IDLE_S = float(os.environ.get("SOTTO_FUNCTION_IDLE_S", "300"))
LOOK_S = min(15.0, IDLE_S / 4)


def end_idle_workers(idle_s: float) -> None:
    """End every worker that is free and was last called more than `idle_s` seconds ago."""
    long_ago = time.time() - idle_s
    with lambda_runtime._lock:
        idle = {
            worker
            for workers in lambda_runtime._workers.values()
            for worker in workers
            if not worker.in_use and worker.last_used < long_ago
        }
        for name, workers in list(lambda_runtime._workers.items()):
            lambda_runtime._workers[name] = [worker for worker in workers if worker not in idle]
    lambda_runtime.kill_workers(idle)


def _forever() -> None:
    while True:
        time.sleep(LOOK_S)
        end_idle_workers(IDLE_S)


def start() -> None:
    threading.Thread(target=_forever, name="idle-functions", daemon=True).start()
