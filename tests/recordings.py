"""Recordings for tests: our own sample in every format that Sotto takes, made on the spot with PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

SAMPLE = Path(__file__).with_name("audio") / "sample.ogg"
SAMPLE_TEXT = (
    "The lighthouse keeper wrote a letter every morning. He told his sister about the weather, the ships, and the seals"
    " on the rocks. In winter the boat came only once a week, so he kept the letters in a wooden box beside the window."
    " When the spring came, she opened the box and smiled."
)
RATE = 16_000
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Form:
    """A container and codec; `options` go to the muxer."""

    extension: str
    content_type: str
    codec: str
    rate: int = RATE
    options: dict[str, str] = field(default_factory=dict)
    video: bool = False


FORMS: dict[str, Form] = {
    "wav": Form("wav", "audio/wav", "pcm_s16le"),
    "mp3": Form("mp3", "audio/mpeg", "libmp3lame"),
    "m4a, index last": Form("m4a", "audio/mp4", "aac"),
    "m4a, index first": Form("m4a", "audio/mp4", "aac", options={"movflags": "faststart"}),
    "flac": Form("flac", "audio/flac", "flac"),
    "ogg": Form("ogg", "audio/ogg", "libopus", rate=48_000),
    "webm": Form("webm", "audio/webm", "libopus", rate=48_000),
    "mp4 video": Form("mp4", "video/mp4", "aac", video=True),
}


def sample() -> Samples:
    """The sample, mono float32 at 16 kHz."""
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(str(SAMPLE)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def write(path: Path, samples: Samples, form: Form) -> Path:
    """Encode mono or [channels, n] `samples` at 16 kHz into `path`."""
    channels = np.atleast_2d(samples)
    layout = "mono" if channels.shape[0] == 1 else "stereo"
    with av.open(str(path), "w", options=form.options) as container:
        stream = container.add_stream(form.codec, rate=form.rate)
        stream.layout = layout
        pictures = container.add_stream("mpeg4", rate=Fraction(2)) if form.video else None
        if pictures:
            pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
            for number in range(int(channels.shape[1] / RATE * 2)):
                picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 256, np.uint8), "rgb24")
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
        resampler = av.AudioResampler(stream.format.name, layout, form.rate, frame_size=stream.frame_size or 1024)
        for frame in _frames(channels, layout):
            for out in resampler.resample(frame):
                container.mux(stream.encode(out))
        for out in resampler.resample(None):
            container.mux(stream.encode(out))
        container.mux(stream.encode(None))
    return path


def _frames(channels: Samples, layout: str) -> Iterator[av.AudioFrame]:
    integers = (np.clip(channels, -1, 1) * 32767).astype(np.int16)
    for start in range(0, integers.shape[1], RATE):
        piece = integers[:, start : start + RATE]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece.T).reshape(1, -1), "s16", layout)
        frame.rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        yield frame
