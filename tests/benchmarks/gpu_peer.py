"""The peer on the same GPU: what faster-whisper's batched pipeline asks of CTranslate2, with the same forced load.

Its pipeline cannot be made to yield a fixed number of tokens, so its inner calls are timed: `encode` and `generate`
of a batch. Its features (numpy, on the host) are made beforehand and its word times left out, both in its favour.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.gpu_speed import FRAMES, Load, speed


def measure_peer(directory: Path, device: str, load: Load) -> dict[str, Any]:
    """Speed of the model in `directory` under CTranslate2, or why there is none."""
    try:
        import ctranslate2
        import faster_whisper
    except ImportError as error:
        return {"not_measured": f"{error.name} is not installed"}
    if device == "cuda" and not ctranslate2.get_cuda_device_count():
        return {"not_measured": "this CTranslate2 finds no CUDA device (libraries missing, or a build without CUDA)"}
    compute_type = "float16" if device == "cuda" else "float32"
    try:
        model = ctranslate2.models.Whisper(str(directory), device=device, compute_type=compute_type)
        seconds = [_run(ctranslate2, model, load) for _ in range(load.rounds + 1)][1:]  # the first warms up
    except RuntimeError as error:
        return {"not_measured": f"CTranslate2 on {device}: {error}"}
    batches = -(-load.windows // load.batch)
    return {
        "engine": f"faster-whisper {faster_whisper.__version__}, ctranslate2 {ctranslate2.__version__}, {compute_type}",
        "text": speed(seconds, batches * load.batch),
    }


def _run(ctranslate2: Any, model: Any, load: Load) -> float:
    n_mels = model.n_mels
    features = np.random.default_rng(5).standard_normal((load.batch, n_mels, FRAMES), dtype=np.float32)
    start, end, no_timestamps = 50258, 50257, 50363 + (n_mels == 128)
    prompt = [start, start + 1, no_timestamps - 4, no_timestamps]
    started = time.perf_counter()
    for _ in range(-(-load.windows // load.batch)):
        encoded = model.encode(ctranslate2.StorageView.from_array(features), to_cpu=False)
        answers = model.generate(
            encoded,
            [prompt] * load.batch,
            beam_size=1,
            suppress_tokens=[end],
            suppress_blank=False,
            max_length=2 * load.tokens,  # CTranslate2 gives half of it to new tokens
        )
        if {len(answer.sequences_ids[0]) for answer in answers} != {load.tokens}:
            raise AssertionError("every window must yield the same number of tokens, else the speeds mean nothing")
    return time.perf_counter() - started
