"""Real weights: fetched once into .models, loaded once for all tests of this folder."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sotto.domain.options import Options
from sotto.domain.parts import Part, plan_parts
from sotto.domain.transcript import PartTranscript
from sotto.speech.audio import read_span
from sotto.speech.loading import ModelLoader
from sotto.speech.model_sources import from_hub, from_packages
from sotto.speech.transcriber import Transcriber
from tests.recordings import AUDIO, wav

ROOT = Path(__file__).resolve().parents[2]
SENTENCE_S = 2.95
"""Where the sample's first sentence ends."""


@pytest.fixture(scope="session")
def loader() -> ModelLoader:
    return ModelLoader(ROOT / ".models", (from_packages, from_hub))


@pytest.fixture(scope="session")
def transcriber(loader: ModelLoader) -> Transcriber:
    return Transcriber(loader)


@pytest.fixture(scope="session")
def voice() -> np.ndarray:
    """The English sample, mono at 16 kHz."""
    return read_span(io.BytesIO((AUDIO / "sample.ogg").read_bytes()), 0.0, 60.0)


@pytest.fixture(scope="session")
def spanish() -> np.ndarray:
    return read_span(io.BytesIO((AUDIO / "spanish.ogg").read_bytes()), 0.0, 60.0)


Hear = Callable[..., PartTranscript]


@pytest.fixture(scope="session")
def hear(transcriber: Transcriber) -> Hear:
    """Transcribe a recording (or samples at 16 kHz) in one part."""

    def transcribe(recording: Any, *, duration_s: float | None = None, part: Part | None = None, **options: Any) -> Any:
        if isinstance(recording, np.ndarray):
            duration_s = len(recording) / 16_000
            recording = wav(recording)
        assert duration_s is not None
        chosen = Options(**{"model": "tiny.en", "language": "en"} | options)
        return transcriber.transcribe_part(
            recording,
            part or plan_parts(duration_s, 10_000.0)[0],
            duration_s,
            chosen,
            language=chosen.language,
            language_probability=None,
            on_progress=lambda _seconds: None,
        )

    return transcribe


def text_of(result: PartTranscript) -> str:
    return " ".join(segment.text for segment in result.segments)


def letters(text: str) -> str:
    """Words as said: no case, punctuation, or spaces (a small model writes `light house` and `lighthouse`)."""
    return re.sub(r"[\W_]+", "", text.lower())
