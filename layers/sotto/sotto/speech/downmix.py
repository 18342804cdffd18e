"""Two channels into one, and a whisper made audible, so that no speaker is lost.

The mean of the channels is right when all carry sound. It is wrong for a stereo file with one dead channel (the signal
is halved) and for channels in opposite phase (the signal cancels out), both of which recorders produce. So channels
are measured over the span first: those far below the loudest are left out, and a mean that cancels is replaced by the
loudest channel.

A recording far below the usual level is lifted as a whole: the detector and the model were trained on audible speech
(at -60 dB they hear nothing). Noise that is lifted with it stays noise to both. All of it depends on the span alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DEAD_BELOW = 1e-3
"""Share of the loudest channel's energy (30 dB below it): noise and crosstalk, not somebody speaking."""
QUIET_BELOW = 0.02
LIFT_TO = 0.1
"""A span whose loud moments (the 99.9th percentile of the samples) stay below the first is lifted to the second."""
MOST_LIFT = 1000.0
"""60 dB: below that there is nothing but the recorder's own noise."""
CANCELLED_BELOW = 0.05
"""Share of the loudest channel's energy that is left in the mean of channels in opposite phase."""


def mono(planes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Samples [n] from planes [channels, n]; an empty array from none."""
    if planes.shape[0] <= 1:
        return np.ascontiguousarray(planes.reshape(-1))
    energy = np.array([float(np.dot(plane, plane)) for plane in planes])
    loudest = int(energy.argmax())
    alive = [plane for plane, own in zip(planes, energy, strict=True) if own > DEAD_BELOW * energy[loudest]]
    if len(alive) <= 1:
        return np.array(planes[loudest])
    mixed: npt.NDArray[np.float32] = np.mean(alive, axis=0, dtype=np.float32)
    if float(np.dot(mixed, mixed)) < CANCELLED_BELOW * energy[loudest]:
        return np.array(planes[loudest])
    return mixed


def audible(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """`samples`, lifted (in place) when they are far too quiet."""
    if not len(samples):
        return samples
    loud = float(np.percentile(np.abs(samples[:: max(1, len(samples) // 100_000)]), 99.9))
    if 0.0 < loud < QUIET_BELOW:
        samples *= np.float32(min(MOST_LIFT, LIFT_TO / loud))
    return samples
