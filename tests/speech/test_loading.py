"""Models are loaded once, found by name, and given to the engine that was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from sotto.domain.errors import ModelUnavailable
from sotto.speech.loading import ModelLoader
from sotto.speech.model_sources import from_hub, from_packages
from sotto.speech.torch_shared import SharedEngine

pytestmark = pytest.mark.speech
MODELS = Path(__file__).resolve().parents[2] / ".models"
SOURCES = (from_packages, from_hub)


def test_a_model_is_loaded_once() -> None:
    load = ModelLoader(MODELS, SOURCES)
    assert load("tiny.en") is load("tiny.en")
    assert load("tiny.en").engine.facts.engine == "ctranslate2"
    assert not load("tiny.en").engine.multilingual


def test_parts_that_run_side_by_side_on_torch_share_one_engine() -> None:
    shared = ModelLoader(MODELS, SOURCES, engine="torch", compute_type="float32", at_once=2)("tiny.en").engine
    assert isinstance(shared, SharedEngine)
    shared.close()


def test_a_model_that_is_nowhere_says_what_was_tried(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="model small is not on this machine"):
        ModelLoader(tmp_path)("small")
