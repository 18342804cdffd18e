"""On a machine with an NVIDIA GPU: graphs, streams and bfloat16 give the text of the CPU. Skipped everywhere else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sotto.domain.transcript import EngineFacts
from sotto.speech.engine import Sampling
from sotto.speech.torch_engine import TorchEngine
from sotto.speech.torch_shared import SharedEngine

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")

PROMPT = (50257, 50362)


def gpu_engine(model, compute_type: str) -> TorchEngine:
    facts = EngineFacts(
        engine="torch", model="random", model_sha256="0" * 64, compute_type=compute_type, version=str(torch.__version__)
    )
    return TorchEngine(model, facts, torch.device("cuda"), batch_size=4)


@pytest.fixture
def audio():
    generator = np.random.default_rng(1)
    return [(generator.standard_normal(8 * 16000) * 3000).astype(np.int16) for _ in range(9)]


def test_graphs_replay_to_the_text_of_the_cpu(engine, english, audio):
    gpu = gpu_engine(english, "float32")
    ours = gpu.generate(gpu.encode(gpu.features(audio, 800)), PROMPT, Sampling(max_tokens=40))
    theirs = engine.generate(engine.encode(engine.features(audio, 800)), PROMPT, Sampling(max_tokens=40))
    same = sum(one.tokens == other.tokens for one, other in zip(ours, theirs, strict=True))
    assert same >= 8, "random weights have near ties, so one row may differ"


def test_threads_share_the_gpu(english, audio):
    gpu = gpu_engine(english, "bfloat16")
    alone = gpu.generate(gpu.encode(gpu.features(audio, 800)), PROMPT, Sampling(max_tokens=20))
    shared = SharedEngine(gpu)
    from concurrent.futures import ThreadPoolExecutor

    def part(_number: int):
        encoded = shared.encode(shared.features(audio, 800))
        answers = shared.generate(encoded, PROMPT, Sampling(max_tokens=20))
        shared.align(encoded, [50257], [answer.tokens for answer in answers], [800] * len(answers))
        return answers

    with ThreadPoolExecutor(4) as pool:
        for answers in pool.map(part, range(4)):
            same = sum(one.tokens == other.tokens for one, other in zip(answers, alone, strict=True))
            assert same >= 7
    shared.close()
