"""Log-mel features of a batch on the device, padded in the audio.

The same arithmetic as openai-whisper's `log_mel_spectrogram`, for many windows in one call. int16 audio may come as
it is: it is half the bytes to move to a GPU, and is scaled there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from whisper.audio import HOP_LENGTH, N_FFT, mel_filters

MOST_FRAMES = 3000
"""30 s: Whisper's encoder has no positions beyond."""


def log_mel(
    audio: Sequence[npt.NDArray[np.float32] | npt.NDArray[np.int16]], frames: int, n_mels: int, device: torch.device
) -> Tensor:
    """Mono 16 kHz rows, each zero-padded (or cut) to `frames` x 160 samples -> float32 [rows, n_mels, frames]."""
    samples = _padded(audio, frames * HOP_LENGTH, device)
    window = torch.hann_window(N_FFT, device=device)
    spectrum = torch.stft(samples, N_FFT, HOP_LENGTH, window=window, return_complex=True)
    power = spectrum[..., :-1].abs().square()
    logs = (mel_filters(device, n_mels) @ power).clamp(min=1e-10).log10()
    loudest = logs.amax(dim=(1, 2), keepdim=True)
    return (torch.maximum(logs, loudest - 8.0) + 4.0) / 4.0


def _padded(
    audio: Sequence[npt.NDArray[np.float32] | npt.NDArray[np.int16]], length: int, device: torch.device
) -> Tensor:
    whole = all(row.dtype == np.int16 for row in audio)
    padded = torch.zeros(
        len(audio), length, dtype=torch.int16 if whole else torch.float32, pin_memory=device.type == "cuda"
    )
    for target, row in zip(padded, audio, strict=True):
        source = torch.from_numpy(np.ascontiguousarray(row[:length]))
        target[: len(source)] = source if whole or row.dtype != np.int16 else source / 32768.0
    moved = padded.to(device, non_blocking=True)
    return moved / 32768.0 if whole else moved
