"""A Whisper of Whisper's shape but two narrow layers, with random weights: every code path, no download."""

from __future__ import annotations

import pytest
import torch
from whisper.model import ModelDimensions, Whisper

from sotto.domain.transcript import EngineFacts
from sotto.speech.torch_engine import TorchEngine

WIDTH, HEADS, LAYERS = 64, 2, 2


def random_whisper(n_vocab: int) -> Whisper:
    """English only with 51864 tokens, multilingual with 51865."""
    generator = torch.Generator().manual_seed(7)
    model = Whisper(ModelDimensions(80, 1500, WIDTH, HEADS, LAYERS, n_vocab, 448, WIDTH, HEADS, LAYERS))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * (0.3 if parameter.dim() > 1 else 0.1))
    return model.requires_grad_(requires_grad=False).eval()


def engine_over(model: Whisper, batch_size: int = 8) -> TorchEngine:
    facts = EngineFacts(engine="torch", model="random", model_sha256="0" * 64, compute_type="float32", version="test")
    return TorchEngine(model, facts, torch.device("cpu"), batch_size=batch_size)


@pytest.fixture(scope="session")
def english() -> Whisper:
    return random_whisper(51864)


@pytest.fixture(scope="session")
def multilingual() -> Whisper:
    return random_whisper(51865)


@pytest.fixture(scope="session")
def engine(english: Whisper) -> TorchEngine:
    return engine_over(english)


@pytest.fixture
def engine_of(english: Whisper):
    """A fresh engine with the given batch size, over the same weights."""
    return lambda batch_size: engine_over(english, batch_size)


@pytest.fixture
def multilingual_engine(multilingual: Whisper) -> TorchEngine:
    return engine_over(multilingual)


@pytest.fixture(scope="session")
def encoded(engine: TorchEngine):
    """Five windows of 2 s of noise, encoded."""
    noise = torch.randn(5, 80, 200, generator=torch.Generator().manual_seed(3))
    return engine.encode(noise)
