"""Log-mel features, zero-padded in the audio.

This is faster-whisper's numpy extractor (the numbers of openai-whisper within 1e-4). What is ours is the order: first
pad the samples with zeros, then take the log-mel, so that padding sounds like silence. Padding the finished log-mel
with 0.0 is loud to the model; it then stops early and loses sentences (46 words of 626, docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from sotto.speech.borrowed import borrowed_module
from sotto.speech.engine import SAMPLE_RATE, Samples

HOP = SAMPLE_RATE // 100
"""Samples per feature frame: 10 ms."""


@cache
def _extractor(n_mels: int) -> Any:
    return borrowed_module("feature_extractor").FeatureExtractor(feature_size=n_mels)


def log_mel(audio: Sequence[Samples], frames: int, n_mels: int) -> npt.NDArray[np.float32]:
    """Features float32 [len(audio), n_mels, frames] of each row of samples, padded with zeros to `frames` x 10 ms."""
    out = np.empty((len(audio), n_mels, frames), dtype=np.float32)
    padded = np.zeros(frames * HOP, dtype=np.float32)
    for row, samples in enumerate(audio):
        kept = samples[: frames * HOP]
        padded[: len(kept)] = kept
        padded[len(kept) :] = 0.0
        out[row] = _extractor(n_mels)(padded, padding=0)[:, :frames]
    return out
