"""The Engine port over torch: shapes, order, determinism, and the edges of each call."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional
from whisper.model import ModelDimensions

from sotto.domain.errors import EngineUnavailable, MisconfiguredSetting
from sotto.domain.languages import LANGUAGES
from sotto.speech.engine import Engine, Sampling
from sotto.speech.model_files import ModelFiles
from sotto.speech.torch_device import EncodedBatch, batch_within, compute_type_for, device_called, gpu_pace
from sotto.speech.torch_engine import load_engine

START, NO_TIMESTAMPS = 50257, 50362
PROMPT = (START, NO_TIMESTAMPS)
SHORT = Sampling(max_tokens=6)


def test_it_is_an_engine(engine):
    port: Engine = engine
    assert port.facts.engine == "torch"
    assert (port.multilingual, port.n_mels, port.batch_size) == (False, 80, 8)
    assert list(port.alignment_heads) == [(1, 0), (1, 1)]


def test_audio_to_encoding_keeps_rows_and_length(engine):
    features = engine.features([np.zeros(16000, np.float32), np.zeros(800, np.float32)], 100)
    assert features.shape == (2, 80, 100)
    assert engine.encode(features).states.shape == (2, 50, 64)


def test_select_takes_rows_in_the_order_asked_for(engine, encoded):
    chosen = engine.select(encoded, [2, 0, 2])
    assert torch.equal(chosen.states, encoded.states[[2, 0, 2]])


@pytest.mark.parametrize("sampling", [SHORT, Sampling(beam_size=2, max_tokens=6)])
def test_rows_beyond_the_batch_size_are_answered_in_order(engine, engine_of, encoded, sampling):
    few = engine_of(2)
    assert few.generate(encoded, PROMPT, sampling) == few.generate(encoded, PROMPT, sampling)
    ours = [answer.tokens for answer in few.generate(encoded, PROMPT, sampling)]
    assert ours == [answer.tokens for answer in engine.generate(encoded, PROMPT, sampling)]


def test_no_windows_no_answers(engine, encoded):
    nothing = engine.select(encoded, [])
    assert engine.generate(nothing, PROMPT, SHORT) == []
    assert engine.align(nothing, [START], [], []) == []


def test_a_draw_repeats_with_its_seed_and_keeps_the_best_of_several(engine, encoded):
    one = Sampling(temperature=1.0, max_tokens=6, seed=5)
    several = Sampling(temperature=1.0, max_tokens=6, seed=5, best_of=4)
    assert engine.generate(encoded, PROMPT, one) == engine.generate(encoded, PROMPT, one)
    first = engine.generate(encoded, PROMPT, several)
    assert first == engine.generate(encoded, PROMPT, several)
    assert len(first) == 5
    mean = np.mean([a.average_log_probability for a in first])
    assert mean > np.mean([a.average_log_probability for a in engine.generate(encoded, PROMPT, one)])


def test_suppressed_tokens_stay_out(engine, encoded):
    free = engine.generate(encoded, PROMPT, SHORT)
    first = tuple({answer.tokens[0] for answer in free})
    later = tuple({token for answer in free for token in answer.tokens[1:]} - set(first))
    ruled = engine.generate(encoded, PROMPT, Sampling(max_tokens=6, suppress=later, suppress_at_start=first))
    for answer in ruled:
        assert answer.tokens[0] not in first
        assert not set(answer.tokens) & set(later)


def test_alignment_covers_text_and_sound_and_measures_each_token(english, engine, encoded):
    text = [[11, 50, 777, 20], [], [99]]
    aligned = engine.align(engine.select(encoded, [0, 1, 2]), [START], text, [150, 200, 61])
    assert aligned[1].path.shape == (0, 2)
    assert aligned[1].token_probabilities.shape == (0,)
    for row, tokens, positions in ((0, text[0], 75), (2, text[2], 30)):
        path = aligned[row].path
        assert path[0].tolist() == [0, 0]
        assert path[-1].tolist() == [len(tokens), positions - 1]
        assert set(map(tuple, np.diff(path, axis=0))) <= {(0, 1), (1, 0), (1, 1)}
        sequence = torch.tensor([[START, NO_TIMESTAMPS, *tokens]])
        logits = english.decoder(sequence, encoded.states[row][None])[0, 1:-1, :50256]
        expected = functional.softmax(logits, dim=-1)[range(len(tokens)), tokens]
        np.testing.assert_allclose(aligned[row].token_probabilities, expected.numpy(), rtol=1e-3)


def test_alignment_does_not_depend_on_the_batch(engine, engine_of, encoded):
    text, frames = [[11, 50, 777], [99], [5, 6], [8], [21, 22, 23, 24]], [200, 180, 150, 100, 40]
    together = engine.align(encoded, [START], text, frames)
    for one, other in zip(together, engine_of(2).align(encoded, [START], text, frames), strict=True):
        np.testing.assert_array_equal(one.path, other.path)
        np.testing.assert_allclose(one.token_probabilities, other.token_probabilities, rtol=1e-3)


def test_languages_are_measured_for_every_row(multilingual, multilingual_engine):
    states = torch.randn(11, 40, 64, generator=torch.Generator().manual_seed(2))
    found = multilingual_engine.detect_language(EncodedBatch(states))
    assert len(found) == 11
    logits = multilingual.decoder(torch.tensor([[50258]] * 11), states)[:, 0, 50259 : 50259 + 99]
    for row, shares in zip(functional.softmax(logits, dim=-1), found, strict=True):
        assert len(shares) == 99
        in_order = [shares[code] for code in list(LANGUAGES)[:99]]
        np.testing.assert_allclose(in_order, row.numpy(), rtol=1e-3)


def test_an_unknown_compute_type_names_the_setting(tmp_path):
    with pytest.raises(MisconfiguredSetting, match="SOTTO_COMPUTE_TYPE: expected default or one of float32"):
        load_engine(ModelFiles("tiny.en", tmp_path, "0" * 64), device="cpu", compute_type="int8")


def test_the_device_decides_the_number_format():
    assert compute_type_for(torch.device("cuda"), "default") == "bfloat16"
    assert compute_type_for(torch.device("cpu"), "default") == "float32"
    assert compute_type_for(torch.device("cuda"), "float16") == "float16"
    assert device_called("cpu").type == "cpu"
    assert device_called("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_the_batch_fits_the_memory(engine):
    plenty = batch_within(100 * 2**30, engine.dims, torch.bfloat16)
    assert plenty == 64
    large = ModelDimensions(128, 1500, 1280, 20, 32, 51866, 448, 1280, 20, 32)
    assert batch_within(20 * 2**30, large, torch.bfloat16) == 32
    assert batch_within(0, large, torch.bfloat16) == 1


def test_a_gpu_steps_over_few_batch_sizes():
    assert gpu_pace(64).batches == (1, 2, 4, 8, 16, 32, 64)
    assert gpu_pace(5).batches == (1, 2, 4, 5)
    assert gpu_pace(1).batches == (1,)
    assert gpu_pace(64).batch(17) == 32


def test_a_full_device_is_tried_again_elsewhere(engine, encoded, monkeypatch):
    def full(*_arguments: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine.decoder, "remember", full)
    with pytest.raises(EngineUnavailable, match="found it full"):
        engine.generate(encoded, PROMPT, SHORT)
