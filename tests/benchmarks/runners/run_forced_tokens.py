"""What faster-whisper's batched pipeline asks of CTranslate2, with a fixed number of tokens from every window.

Its pipeline cannot be made to yield a fixed number, so its inner calls are timed: `encode` and `generate` of a batch.
Its features (numpy, on the host) are made beforehand and its word times left out, both in its favour.

Runs inside the peer's own environment: run_forced_tokens.py TASK.json ANSWER.json.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import ctranslate2
import faster_whisper
import numpy as np


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(sys.argv[2]).write_text(json.dumps(_answer(task)), encoding="utf-8")


def _answer(task: dict[str, Any]) -> dict[str, Any]:
    device = task["device"]
    if device == "cuda" and not ctranslate2.get_cuda_device_count():
        return {"not_measured": "CTranslate2 finds no CUDA device"}
    compute_type = "float16" if device == "cuda" else "float32"
    try:
        model = ctranslate2.models.Whisper(task["model"], device=device, compute_type=compute_type)
        seconds = [_run(model, task) for _ in range(task["rounds"] + 1)][1:]  # the first warms up
    except RuntimeError as error:
        return {"not_measured": f"CTranslate2 on {device}: {error}"}
    versions = f"faster-whisper {faster_whisper.__version__}, ctranslate2 {ctranslate2.__version__}"
    return {"engine": f"{versions}, {compute_type}", "seconds": seconds}


def _run(model: Any, task: dict[str, Any]) -> float:
    n_mels, batch, tokens = model.n_mels, task["batch"], task["tokens"]
    features = np.random.default_rng(5).standard_normal((batch, n_mels, task["frames"]), dtype=np.float32)
    start, end, no_timestamps = 50258, 50257, 50363 + (n_mels == 128)
    prompt = [start, start + 1, no_timestamps - 4, no_timestamps]
    started = time.perf_counter()
    for _ in range(task["batches"]):
        encoded = model.encode(ctranslate2.StorageView.from_array(features), to_cpu=False)
        answers = model.generate(
            encoded,
            [prompt] * batch,
            beam_size=1,
            suppress_tokens=[end],
            suppress_blank=False,
            max_length=2 * tokens,  # CTranslate2 gives half of it to new tokens
        )
        if {len(answer.sequences_ids[0]) for answer in answers} != {tokens}:
            raise AssertionError("every window must yield the same number of tokens, else the speeds mean nothing")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
