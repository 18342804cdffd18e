"""Turns 1.6 s of speech into a direction that is much the same for all that a person says.

Resemblyzer's encoder (generalized end-to-end loss: three LSTM layers over 40 mel bands), run in numpy: for windows in
a batch it is a few matrix products a frame, 0.02 s of CPU for each second of audio, so it needs neither torch nor a
second model format. Its mel bands are librosa's (Slaney's scale, area 1), of the power spectrum, without a logarithm.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sotto.speech.engine import SAMPLE_RATE, Samples
from sotto.speech.voice_weights import Array, read_weights

FRAME_S = 0.01
WINDOW_FRAMES = 160
"""1.6 s: what the encoder was trained on."""
MELS = 40
FFT = SAMPLE_RATE // 40
"""25 ms."""
HOP = SAMPLE_RATE // 100
LAYERS, WIDTH = 3, 256
LOUDNESS_DB = -30.0
"""Quieter audio is lifted to this, as in training."""
BATCH = 64


class VoiceEncoder:
    """`weights` is the checkpoint's path; it is read when first needed. Safe for threads once read."""

    def __init__(self, weights: Path) -> None:
        self._path = weights

    @cached_property
    def _weights(self) -> dict[str, Array]:
        return read_weights(self._path)

    def encode(self, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Unit vectors [n, 256] of windows [n, WINDOW_FRAMES, MELS]."""
        batches = [self._encode(windows[at : at + BATCH]) for at in range(0, len(windows), BATCH)]
        return np.concatenate(batches) if batches else np.zeros((0, WIDTH), dtype=np.float32)

    def _encode(self, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        values = windows
        for layer in range(LAYERS):
            values = self._layer(values, layer)
        weights = self._weights
        raw = np.maximum(values[:, -1] @ weights["linear.weight"].T + weights["linear.bias"], 0.0)
        unit: npt.NDArray[np.float32] = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-9)
        return unit

    def _layer(self, values: npt.NDArray[np.float32], layer: int) -> npt.NDArray[np.float32]:
        weights = self._weights
        recurrent = np.ascontiguousarray(weights[f"lstm.weight_hh_l{layer}"].T)
        bias = weights[f"lstm.bias_ih_l{layer}"] + weights[f"lstm.bias_hh_l{layer}"]
        gates = values @ weights[f"lstm.weight_ih_l{layer}"].T + bias
        hidden = cell = np.zeros((len(values), WIDTH), dtype=np.float32)
        out = np.empty((*values.shape[:2], WIDTH), dtype=np.float32)
        for frame in range(values.shape[1]):
            now = gates[:, frame] + hidden @ recurrent
            take, keep, fresh, show = (now[:, i * WIDTH : (i + 1) * WIDTH] for i in range(4))
            cell = _sigmoid(keep) * cell + _sigmoid(take) * np.tanh(fresh)
            hidden = _sigmoid(show) * np.tanh(cell)
            out[:, frame] = hidden
        return out


def mel_frames(audio: Samples) -> npt.NDArray[np.float32]:
    """Mel power [frames of 10 ms, MELS] of `audio`, lifted to the loudness that the encoder knows."""
    power = float(np.mean(np.square(audio, dtype=np.float64))) if len(audio) else 0.0
    if power > 0.0:
        audio = audio * np.float32(max(1.0, 10 ** (LOUDNESS_DB / 20) / np.sqrt(power)))
    padded = np.pad(audio, FFT // 2)
    window = np.hanning(FFT + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
    out = np.empty((len(frames), MELS), dtype=np.float32)
    filters = _filters()
    for at in range(0, len(frames), 4096):  # bounds memory: a spectrum is five times its frame
        spectrum = np.abs(np.fft.rfft(frames[at : at + 4096] * window)) ** 2
        out[at : at + 4096] = spectrum.astype(np.float32) @ filters
    return out


def _sigmoid(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    half: npt.NDArray[np.float32] = 0.5 * (1.0 + np.tanh(0.5 * values))  # exp would overflow
    return half


def _filters() -> npt.NDArray[np.float32]:
    """Slaney's mel bands [FFT / 2 + 1, MELS]: linear to 1 kHz, logarithmic above, triangles of area 1."""
    step, octave, knee = 200.0 / 3, np.log(6.4) / 27, 15.0
    top = knee + np.log(SAMPLE_RATE / 2 / 1000) / octave
    mels = np.linspace(0.0, top, MELS + 2)
    hertz = np.where(mels >= knee, 1000 * np.exp(octave * (mels - knee)), mels * step)
    away = hertz[:, None] - np.linspace(0.0, SAMPLE_RATE / 2, FFT // 2 + 1)[None]
    widths = np.diff(hertz)[:, None]
    triangles = np.maximum(0.0, np.minimum(-away[:-2] / widths[:-1], away[2:] / widths[1:]))
    bands: npt.NDArray[np.float32] = (triangles * (2.0 / (hertz[2:] - hertz[:-2]))[:, None]).T.astype(np.float32)
    return bands
