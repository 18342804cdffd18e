"""The features equal openai-whisper's, for a whole batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from whisper.audio import log_mel_spectrogram

from sotto.speech.torch_mel import log_mel

CPU = torch.device("cpu")


def noise(seconds: float, seed: int, loudness: float = 0.1) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(int(seconds * 16000)) * loudness).astype(np.float32)


@pytest.mark.parametrize("n_mels", [80, 128])
def test_each_row_equals_openai_whispers_features_of_that_row(n_mels):
    rows = [noise(1.0, 1), noise(2.0, 2, loudness=0.001), noise(0.2, 3)]
    ours = log_mel(rows, 200, n_mels, CPU)
    assert ours.shape == (3, n_mels, 200)
    for row, features in zip(rows, ours, strict=True):
        theirs = log_mel_spectrogram(row, n_mels, padding=32000 - len(row))
        torch.testing.assert_close(features, theirs, rtol=1e-4, atol=1e-4)


def test_int16_audio_is_scaled_on_the_device():
    whole = (noise(1.0, 4) * 32767).astype(np.int16)
    scaled = whole.astype(np.float32) / 32768.0
    torch.testing.assert_close(log_mel([whole], 100, 80, CPU), log_mel([scaled], 100, 80, CPU))
    mixed = log_mel([whole, scaled], 100, 80, CPU)
    torch.testing.assert_close(mixed[0], mixed[1])


def test_audio_longer_than_the_window_is_cut():
    long = noise(2.0, 5)
    torch.testing.assert_close(log_mel([long], 100, 80, CPU), log_mel([long[:16000]], 100, 80, CPU))
