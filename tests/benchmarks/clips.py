"""The recordings that every engine hears, and what was said in them.

`../shared/audio` beside the checkout holds recordings of people reading, too large for the repository; without it the
short samples of `tests/audio` serve, which say less. Every report names the folder that it used.
"""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
PLACES = (ROOT.parent / "shared" / "audio", ROOT / "tests" / "audio")
SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class Clip:
    """A recording with its reference text. `wav` is the same sound as mono 16 kHz, which every engine can read."""

    name: str
    path: Path
    wav: Path
    duration_s: float
    reference: str


def audio_folder() -> Path:
    """The first place that has a manifest."""
    for place in PLACES:
        if (place / "manifest.json").is_file():
            return place
    raise SystemExit(f"no recordings: expected manifest.json in one of {', '.join(map(str, PLACES))}")


def audio_source() -> str:
    """Which of the places it is, as reports say it."""
    return "/".join(audio_folder().parts[-2:])


def load_clips(cache: Path, names: set[str] | None = None) -> list[Clip]:
    """The clips of the manifest (all, or those named without extension), converted once into `cache`."""
    folder = audio_folder()
    cache.mkdir(parents=True, exist_ok=True)
    clips = []
    for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        path = folder / entry["file"]
        if names is not None and path.stem not in names:
            continue
        wav = cache / f"{path.stem}.wav"
        if not wav.is_file():
            write_wav(wav, decode(path))
        clips.append(Clip(path.stem, path, wav, float(entry["duration_s"]), entry["reference"]))
    missing = (names or set()) - {clip.name for clip in clips}
    if missing:
        raise SystemExit(f"clips: expected names from {folder / 'manifest.json'}, found {', '.join(sorted(missing))}")
    return clips


def decode(path: Path) -> npt.NDArray[np.int16]:
    """Any recording as mono 16 kHz int16."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
        pieces = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        pieces += resampler.resample(None)
    return np.concatenate([piece.to_ndarray()[0] for piece in pieces])


def write_wav(path: Path, samples: npt.NDArray[np.int16]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.astype("<i2").tobytes())
