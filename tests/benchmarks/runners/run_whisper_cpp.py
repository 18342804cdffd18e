"""whisper.cpp through pywhispercpp: greedy, defaults otherwise."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from measure import Transcribe, run


def load(task: dict[str, Any]) -> tuple[Transcribe, str]:
    from pywhispercpp.model import Model

    model = Model(
        task["model"],
        n_threads=task["threads"],
        language=task["language"],
        print_progress=False,
        print_realtime=False,
        redirect_whispercpp_logs_to=None,
    )

    def transcribe(path: str) -> str:
        return " ".join(segment.text.strip() for segment in model.transcribe(path))

    return transcribe, f"pywhispercpp {importlib.metadata.version('pywhispercpp')}"


if __name__ == "__main__":
    run(load)
