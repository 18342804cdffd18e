"""The torch engine against CTranslate2 on the same real weights: sound, text, probabilities and word times."""

from __future__ import annotations

from pathlib import Path

import ctranslate2
import numpy as np
import pytest

from sotto.speech.engine import Sampling
from sotto.speech.log_mel import log_mel
from sotto.speech.model_files import ModelFiles, find_model
from sotto.speech.model_sources import from_hub, from_packages
from sotto.speech.tokens import Tokens
from sotto.speech.torch_engine import TorchEngine, load_engine
from tests.benchmarks.clips import decode

pytestmark = pytest.mark.speech

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 3000


class Pair:
    """Both engines over one model, and what both heard: a sample and its first five seconds."""

    def __init__(self, model: ModelFiles) -> None:
        self.torch: TorchEngine = load_engine(model, device="cpu")
        self.ctranslate2 = ctranslate2.models.Whisper(str(model.directory), compute_type="float32")
        self.tokens = Tokens(model.directory)
        whole = decode(ROOT / "tests" / "audio" / "sample.ogg").astype(np.float32) / 32768
        self.audio = [whole, whole[:80000]]
        self.encoded = self.torch.encode(self.torch.features(self.audio, FRAMES))
        features = log_mel(self.audio, FRAMES, self.torch.n_mels)
        self.their_encoded = self.ctranslate2.encode(ctranslate2.StorageView.from_array(features))
        start = self.torch.tokenizer.sot_sequence
        self.start = list(start)
        self.prompt = [*start, self.tokens.no_timestamps]

    def sampling(self, beam_size: int = 1) -> Sampling:
        return Sampling(
            beam_size=beam_size, suppress=self.tokens.suppressed, suppress_at_start=self.tokens.suppressed_at_start
        )

    def theirs(self, beam_size: int = 1):
        return self.ctranslate2.generate(
            self.their_encoded,
            [self.prompt] * len(self.audio),
            beam_size=beam_size,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=list(self.tokens.suppressed),
            suppress_blank=True,
            max_length=448,
        )


@pytest.fixture(scope="module", params=["tiny.en", "base"])
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(find_model(request.param, ROOT / ".models", (from_packages, from_hub)))


def test_the_encoders_agree(pair):
    ours, theirs = pair.encoded.states.numpy(), np.array(pair.their_encoded)
    for our, their in zip(ours, theirs, strict=True):
        cosine = (our * their).sum() / np.linalg.norm(our) / np.linalg.norm(their)
        assert cosine == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("beam_size", [1, 5])
def test_the_texts_and_their_measures_agree(pair, beam_size):
    ours = pair.torch.generate(pair.encoded, pair.prompt, pair.sampling(beam_size))
    assert "lighthouse keeper" in pair.tokens.decode(ours[0].tokens)
    for our, their in zip(ours, pair.theirs(beam_size), strict=True):
        (tokens,), (score,) = their.sequences_ids, their.scores
        assert list(our.tokens) == list(tokens)
        assert our.finished
        assert our.average_log_probability == pytest.approx(score * len(tokens) / (len(tokens) + 1), abs=1e-3)
        assert our.no_speech_probability == pytest.approx(their.no_speech_prob, abs=1e-3)


def test_the_word_times_agree(pair):
    text = [list(answer.tokens) for answer in pair.torch.generate(pair.encoded, pair.prompt, pair.sampling())]
    frames = [len(row) // 320 * 2 for row in pair.audio]
    ours = pair.torch.align(pair.encoded, pair.start, text, frames)
    theirs = pair.ctranslate2.align(pair.their_encoded, pair.start, text, frames)
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(our.path, np.array(their.alignments))
        np.testing.assert_allclose(our.token_probabilities, their.text_token_probs, atol=1e-3)


def test_the_languages_agree(pair):
    if not pair.torch.multilingual:
        pytest.skip("an English-only model has no language tokens")
    for ours, theirs in zip(
        pair.torch.detect_language(pair.encoded), pair.ctranslate2.detect_language(pair.their_encoded), strict=True
    ):
        best = max(ours, key=lambda code: ours[code])
        assert (f"<|{best}|>", pytest.approx(ours[best], abs=1e-3)) == theirs[0]


def test_a_draw_from_real_weights_is_text_and_repeats(pair):
    sampling = Sampling(
        temperature=0.4, best_of=2, seed=3, suppress=pair.tokens.suppressed, suppress_at_start=(pair.tokens.end,)
    )
    once = pair.torch.generate(pair.encoded, pair.prompt, sampling)
    assert once == pair.torch.generate(pair.encoded, pair.prompt, sampling)
    assert "light" in pair.tokens.decode(once[0].tokens).lower()


def test_the_warp_agrees_with_openai_whispers_compiled_one():
    import torch
    from whisper.timing import dtw_cpu

    from sotto.speech.torch_align import warp

    rng = np.random.default_rng(9)
    costs = [rng.standard_normal(shape).astype(np.float32) for shape in ((90, 1500), (7, 200))]
    for cost, path in zip(costs, warp([torch.from_numpy(cost) for cost in costs]), strict=True):
        np.testing.assert_array_equal(path, dtw_cpu(cost.astype(np.float64)).T)
