"""How many windows a second the torch engine turns into tokens, with the next batch encoded meanwhile.

Every window is 30 s and yields exactly `tokens` tokens (the end of text is suppressed), so random weights serve. The
sound is in memory as int16: on a real machine host processes decode ahead (an MP3 at 250 to 350 times real time a
core). Measured from the first window's samples to the last window's text, after a warm-up over one batch.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sotto.speech.engine import Sampling
from sotto.speech.model_files import ModelFiles
from sotto.speech.torch_device import EncodedBatch
from sotto.speech.torch_engine import TorchEngine, load_engine

NO_HASH = "0" * 64  # random weights are nobody's
WINDOW_S, FRAMES, SAMPLES = 30, 3000, 480_000
Audio = list[npt.NDArray[np.int16]]


@dataclass(frozen=True)
class Load:
    """What one measurement does: `rounds` times `windows` windows in batches of `batch`, `tokens` tokens each."""

    windows: int
    batch: int
    tokens: int
    rounds: int


def measure(directory: Path, name: str, device: str, load: Load) -> dict[str, Any]:
    """Speed of the model in `directory`: text alone, text with word times, and the stages one after another."""
    started = time.perf_counter()
    engine = load_engine(ModelFiles(name, directory, NO_HASH), device=device, batch_size=load.batch)
    loaded_s = time.perf_counter() - started
    audio = noise(load.batch)
    started = time.perf_counter()
    _run(engine, audio, load, batches=1, word_times=True)
    warm_up_s = time.perf_counter() - started
    batches = -(-load.windows // load.batch)
    found: dict[str, Any] = {
        "model": name,
        "engine": f"torch {engine.facts.version}, {engine.facts.compute_type}",
        "windows": batches * load.batch,
        "batch": load.batch,
        "tokens_a_window": load.tokens,
        "load_s": round(loaded_s, 2),
        "warm_up_s": round(warm_up_s, 2),
    }
    for label, word_times in (("text", False), ("text_and_word_times", True)):
        seconds = [_run(engine, audio, load, batches=batches, word_times=word_times) for _ in range(load.rounds)]
        found[label] = speed(seconds, batches * load.batch)
    found["stages_ms_a_window"] = _stages(engine, audio, load)
    if device == "cuda":
        found["peak_device_memory_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
    return found


def speed(seconds: list[float], windows: int) -> dict[str, Any]:
    """The median of `seconds`, each for `windows` windows of 30 s."""
    median = statistics.median(seconds)
    return {
        "seconds": [round(value, 3) for value in seconds],
        "ms_a_window": round(1000 * median / windows, 3),
        "x_real_time": round(windows * WINDOW_S / median, 1),
    }


def noise(windows: int) -> Audio:
    generator = np.random.default_rng(5)
    return [(generator.standard_normal(SAMPLES) * 2000).astype(np.int16) for _ in range(windows)]


def _run(engine: TorchEngine, audio: Audio, load: Load, *, batches: int, word_times: bool) -> float:
    """Seconds for `batches` batches of `audio`. The next batch is encoded while this one is decoded."""
    started = time.perf_counter()
    coming: EncodedBatch | None = _encode(engine, audio)
    for number in range(batches):
        encoded, coming = coming, _encode(engine, audio) if number + 1 < batches else None
        assert encoded is not None
        texts = _decode(engine, encoded, load)
        if word_times:
            _align(engine, encoded, texts)
    return time.perf_counter() - started


def _encode(engine: TorchEngine, audio: Audio) -> EncodedBatch:
    return engine.encode(engine.features(audio, FRAMES))


def _decode(engine: TorchEngine, encoded: EncodedBatch, load: Load) -> list[tuple[int, ...]]:
    sampling = Sampling(max_tokens=load.tokens, suppress=(engine.tokenizer.eot,))
    answers = engine.generate(encoded, engine.tokenizer.sot_sequence_including_notimestamps, sampling)
    if {len(answer.tokens) for answer in answers} != {load.tokens}:
        raise AssertionError("every window must yield the same number of tokens, else the speeds mean nothing")
    return [answer.tokens for answer in answers]


def _align(engine: TorchEngine, encoded: EncodedBatch, texts: list[tuple[int, ...]]) -> None:
    words = [[token % engine.tokenizer.eot for token in text] for text in texts]  # random weights choose any token
    engine.align(encoded, engine.tokenizer.sot_sequence, words, [FRAMES] * len(words))


def _stages(engine: TorchEngine, audio: Audio, load: Load) -> dict[str, float]:
    """Each stage alone, so without the overlap of the whole: where the time goes."""
    features = engine.features(audio, FRAMES)
    encoded = engine.encode(features)
    texts = _decode(engine, encoded, load)
    stages: dict[str, Callable[[], object]] = {
        "log_mel": lambda: engine.features(audio, FRAMES),
        "encoder": lambda: engine.encode(features),
        "decoder": lambda: _decode(engine, encoded, load),
        "word_times": lambda: _align(engine, encoded, texts),
    }
    return {name: _milliseconds(stage, engine, load) for name, stage in stages.items()}


def _milliseconds(stage: Callable[[], object], engine: TorchEngine, load: Load) -> float:
    taken = []
    for _ in range(load.rounds):
        _finish(engine)
        started = time.perf_counter()
        stage()
        _finish(engine)
        taken.append(time.perf_counter() - started)
    return round(1000 * statistics.median(taken) / load.batch, 3)


def _finish(engine: TorchEngine) -> None:
    if engine.device.type == "cuda":
        torch.cuda.synchronize()
