"""Recordings in every format, made with PyAV from samples: nothing but short originals lies in git."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

AUDIO = Path(__file__).resolve().parent / "audio"
SAMPLE = AUDIO / "sample.ogg"
ANOTHER_VOICE = AUDIO / "spanish.ogg"
SAMPLE_TEXT: str = next(
    str(clip["reference"]) for clip in json.loads((AUDIO / "manifest.json").read_text()) if clip["file"] == SAMPLE.name
)
RATE = 16_000


@dataclass(frozen=True)
class Format:
    """A container with its codec; `options` are the muxer's. `extension` and `content_type` are what a caller says."""

    name: str
    container: str
    codec: str
    extension: str = "wav"
    content_type: str = "audio/wav"
    rate: int = 44_100
    layout: str = "stereo"
    video: bool = False
    options: tuple[tuple[str, str], ...] = ()
    bit_rate: int | None = None


FORMATS = (
    Format("wav", "wav", "pcm_s16le"),
    Format("aiff", "aiff", "pcm_s16be", "aiff", "audio/aiff"),
    Format("flac", "flac", "flac", "flac", "audio/flac"),
    Format("mp3", "mp3", "libmp3lame", "mp3", "audio/mpeg", bit_rate=128_000),
    Format(
        "mp3 without header", "mp3", "libmp3lame", "mp3", "audio/mpeg", options=(("write_xing", "0"),), bit_rate=64_000
    ),
    Format("aac", "adts", "aac", "aac", "audio/aac", bit_rate=96_000),
    Format("m4a index last", "ipod", "aac", "m4a", "audio/mp4", bit_rate=96_000),
    Format(
        "m4a index first", "ipod", "aac", "m4a", "audio/mp4", options=(("movflags", "+faststart"),), bit_rate=96_000
    ),
    Format("ogg opus", "ogg", "libopus", "ogg", "audio/ogg", rate=48_000, bit_rate=48_000),
    Format("webm", "webm", "libopus", "webm", "audio/webm", rate=48_000, bit_rate=48_000),
    Format("mp4 video", "mp4", "aac", "mp4", "video/mp4", video=True, bit_rate=96_000),
    Format("wav 8 kHz mu-law", "wav", "pcm_mulaw", rate=8_000, layout="mono"),
    Format("flac 96 kHz", "flac", "flac", "flac", "audio/flac", rate=96_000),
)

FORMS = {form.name: form for form in FORMATS}
SMALL_FLAC = Format("flac", "flac", "flac", "flac", "audio/flac", rate=RATE, layout="mono")
SMALL_MP3 = Format("mp3", "mp3", "libmp3lame", "mp3", "audio/mpeg", rate=RATE, layout="mono", bit_rate=48_000)
"""For long recordings: what speech needs, quickly made."""


def sample(path: Path = SAMPLE) -> np.ndarray:
    """The sample, or another recording, mono float32 at 16 kHz."""
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def two_people() -> tuple[np.ndarray, float, float]:
    """One voice, another, the first again, with half a second between; and the seconds at which the voices change."""
    one, other, pause = sample(), sample(ANOTHER_VOICE), np.zeros(RATE // 2, np.float32)
    first, second = len(one) + len(pause) / 2, len(one) + len(other) + 1.5 * len(pause)
    return np.concatenate([one, pause, other, pause, one]), first / RATE, second / RATE


def write(path: Path, samples: np.ndarray, form: Format) -> Path:
    """`samples` at 16 kHz, [n] or [n, channels], as a file of `form` at `path`, which is returned."""
    path.write_bytes(encode(samples, RATE, form))
    return path


def encode(samples: np.ndarray, rate: int, form: Format) -> bytes:
    """`samples` float [n] or [n, channels] at `rate`, as a file of `form`."""
    planes = np.atleast_2d(samples.T).astype(np.float32)
    if planes.shape[0] == 1 and form.layout == "stereo":
        planes = np.repeat(planes, 2, axis=0)
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "recording"  # a real file: moving the index to the front opens it again by name
        _write(path, planes, rate, form)
        return path.read_bytes()


def _write(path: Path, planes: np.ndarray, rate: int, form: Format) -> None:
    with av.open(path, "w", format=form.container, options=dict(form.options)) as out:
        pictures = out.add_stream("mpeg4", rate=5) if form.video else None
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        stream = out.add_stream(form.codec, rate=form.rate, layout=form.layout)
        if form.bit_rate:
            stream.bit_rate = form.bit_rate
        if pictures is not None:
            for i in range(int(5 * planes.shape[1] / rate)):
                frame = VideoFrame.from_ndarray(np.full((48, 64, 3), i % 255, dtype=np.uint8), format="rgb24")
                out.mux(pictures.encode(frame))
            out.mux(pictures.encode(None))
        layout = "mono" if planes.shape[0] == 1 else "stereo"
        for at in range(0, planes.shape[1], rate):
            samples = np.ascontiguousarray(planes[:, at : at + rate])
            frame = AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, at
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def wav(samples: np.ndarray, rate: int = 16_000) -> io.BytesIO:
    """`samples` as a 16-bit WAV: mono from [n], stereo from [n, 2]."""
    layout = "mono" if samples.ndim == 1 else "stereo"
    return io.BytesIO(encode(samples, rate, Format("wav", "wav", "pcm_s16le", rate=rate, layout=layout)))
