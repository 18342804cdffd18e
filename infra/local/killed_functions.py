"""Brings back what a function was working on when its process was killed, or ran out of time.

Lambda leaves such messages hidden for the queue's whole time-out, half an hour for a recording that arrived, and so
does MiniStack. Here somebody is watching. Our handlers raise nothing (sotto/entry/queue.py), so an invocation that
fails as a whole has lost its process. Used inside the emulator's environment (checkpoints.py), so it may import nothing
of Sotto.
"""

# ruff: noqa: SLF001 - reaching into the pinned MiniStack is what this file is for

from __future__ import annotations

import threading
import time
from typing import Any

from ministack.services import lambda_svc

MOST_S = 60


def bring_back() -> None:
    """Have the messages of a failed invocation come again after 2 s, 4 s, 8 s ..., until the redrive policy ends it."""
    execute, run = lambda_svc._execute_function, lambda_svc._run_sqs_batch
    mine = threading.local()

    def execute_and_note(*what: Any, **how: Any) -> Any:
        result = execute(*what, **how)
        mine.failed = bool(result.get("error"))
        return result

    def run_and_look(esm: Any, function: Any, event: Any, batch: list[dict[str, Any]], *where: str) -> None:
        run(esm, function, event, batch, *where)
        if mine.failed:
            for message in batch:
                again = time.time() + min(MOST_S, 2 ** message["receive_count"])
                message["visible_at"] = min(message["visible_at"], again)

    lambda_svc._execute_function, lambda_svc._run_sqs_batch = execute_and_note, run_and_look
