"""Memory is bounded by the part: three hours peak where fifteen minutes do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.recordings import Format, encode

pytestmark = pytest.mark.speech

ROOT = Path(__file__).resolve().parents[2]
ONE_PART = """
import json, resource, sys, time
from pathlib import Path
from sotto.adapters.av_probe import probe
from sotto.domain.options import Options
from sotto.domain.parts import plan_parts
from sotto.speech.loading import ModelLoader
from sotto.speech.transcriber import Transcriber

path = Path(sys.argv[1])
with path.open("rb") as recording:
    began = time.process_time()
    probed = probe(recording, name=path.name, size_bytes=path.stat().st_size, etag="")
    probing = time.process_time() - began
    parts = plan_parts(probed.facts.duration_s, 60.0, probed.anchors)
    result = Transcriber(ModelLoader(Path(sys.argv[2]))).transcribe_part(
        recording, parts[len(parts) // 2], probed.facts.duration_s, Options(model="tiny.en", language="en"),
        language="en", language_probability=None, on_progress=lambda _seconds: None,
    )
print(json.dumps({
    "duration_s": probed.facts.duration_s, "parts": len(parts), "probing_cpu_s": probing,
    "words": sum(len(segment.words) for segment in result.segments),
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def _peak(path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", ONE_PART, str(path), str(ROOT / ".models")], check=True, capture_output=True, text=True
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def test_three_hours_peak_where_fifteen_minutes_do(loader: object, voice: np.ndarray, tmp_path: Path) -> None:
    loader("tiny.en")  # type: ignore[operator]  # fetched before the subprocesses look for it
    form = Format(
        "mp3", "mp3", "libmp3lame", rate=16_000, layout="mono", bit_rate=24_000, options=(("write_xing", "0"),)
    )
    once = encode(voice, 16_000, form)
    seconds = len(voice) / 16_000
    for name, length in (("short.mp3", 900), ("long.mp3", 3 * 3600)):
        with (tmp_path / name).open("wb") as out:
            for _ in range(round(length / seconds)):
                out.write(once)
    short, long = _peak(tmp_path / "short.mp3"), _peak(tmp_path / "long.mp3")
    assert long["duration_s"] > 11 * short["duration_s"]
    assert min(long["words"], short["words"]) > 100  # both transcribed a whole part (cuts lie where silences do)
    assert long["peak_mb"] < 1.1 * short["peak_mb"]
    assert long["probing_cpu_s"] < 20
