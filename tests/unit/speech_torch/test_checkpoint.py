"""A CTranslate2 model file becomes openai-whisper's weights without the loss of a bit."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch

from sotto.domain.errors import ModelUnavailable
from sotto.speech.checkpoint import alignment_heads, load_whisper, read_variables

CODES = {torch.float32: 0, torch.int8: 1, torch.int16: 2, torch.int32: 3, torch.float16: 4, torch.bfloat16: 5}


def text(value: str) -> bytes:
    raw = value.encode() + b"\0"
    return struct.pack("<H", len(raw)) + raw


def model_file(variables: dict[str, torch.Tensor], version: int = 6, specification: str = "WhisperSpec") -> bytes:
    """Written from CTranslate2's description of its format, not from the reader."""
    parts = [struct.pack("<I", version), text(specification), struct.pack("<II", 3, len(variables))]
    for name, value in variables.items():
        raw = value.contiguous().view(torch.uint8).numpy().tobytes() if value.dim() else bytes(value.numpy().tobytes())
        parts += [text(name), struct.pack(f"<B{value.dim()}I", value.dim(), *value.shape)]
        parts += [struct.pack("<BI", CODES[value.dtype], len(raw)), raw]
    parts += [struct.pack("<I", 1), text("decoder/projection/weight"), text("decoder/embeddings/weight")]
    return b"".join(parts)


def as_ctranslate2(model, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """The weights under CTranslate2's names, fused as its converter fuses them."""
    found: dict[str, torch.Tensor] = {}

    def norm(name, module):
        found[f"{name}/gamma"], found[f"{name}/beta"] = module.weight.to(dtype), module.bias.to(dtype)

    def linear(name, *modules):
        biases = [torch.zeros(m.out_features) if m.bias is None else m.bias for m in modules]
        found[f"{name}/weight"] = torch.cat([m.weight for m in modules]).to(dtype)
        found[f"{name}/bias"] = torch.cat(biases).to(dtype)

    for side, blocks in (("encoder", model.encoder.blocks), ("decoder", model.decoder.blocks)):
        found[f"{side}/num_heads"] = torch.tensor(model.dims.n_text_head, dtype=torch.int16)
        for i, block in enumerate(blocks):
            at = f"{side}/layer_{i}"
            norm(f"{at}/self_attention/layer_norm", block.attn_ln)
            linear(f"{at}/self_attention/linear_0", block.attn.query, block.attn.key, block.attn.value)
            linear(f"{at}/self_attention/linear_1", block.attn.out)
            if block.cross_attn:
                norm(f"{at}/attention/layer_norm", block.cross_attn_ln)
                linear(f"{at}/attention/linear_0", block.cross_attn.query)
                linear(f"{at}/attention/linear_1", block.cross_attn.key, block.cross_attn.value)
                linear(f"{at}/attention/linear_2", block.cross_attn.out)
            norm(f"{at}/ffn/layer_norm", block.mlp_ln)
            linear(f"{at}/ffn/linear_0", block.mlp[0])
            linear(f"{at}/ffn/linear_1", block.mlp[2])
    norm("encoder/layer_norm", model.encoder.ln_post)
    norm("decoder/layer_norm", model.decoder.ln)
    for name in ("conv1", "conv2"):
        conv = getattr(model.encoder, name)
        found[f"encoder/{name}/weight"], found[f"encoder/{name}/bias"] = conv.weight.to(dtype), conv.bias.to(dtype)
    found["encoder/position_encodings/encodings"] = model.encoder.positional_embedding.to(dtype)
    found["decoder/position_encodings/encodings"] = model.decoder.positional_embedding.to(dtype)
    found["decoder/embeddings/weight"] = model.decoder.token_embedding.weight.to(dtype)
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps({"alignment_heads": [[0, 1], [1, 0]]}))
    return tmp_path


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_every_weight_arrives_unchanged(english, directory, dtype):
    (directory / "model.bin").write_bytes(model_file(as_ctranslate2(english, dtype)))
    loaded = load_whisper(directory)
    assert loaded.dims == english.dims
    assert not loaded.training
    original = english.state_dict()
    assert set(loaded.state_dict()) == set(original)
    for name, value in loaded.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, original[name].to(dtype).float()), name


def test_the_loaded_model_is_whole(english, directory):
    (directory / "model.bin").write_bytes(model_file(as_ctranslate2(english, torch.float32)))
    loaded = load_whisper(directory)
    assert loaded.alignment_heads.indices().T.tolist() == [[0, 1], [1, 0]]
    assert torch.equal(loaded.decoder.mask, english.decoder.mask)
    mel, tokens = torch.zeros(1, 80, 3000), torch.tensor([[50257, 50362]])
    torch.testing.assert_close(loaded(mel, tokens), english(mel, tokens))


def test_word_time_heads_come_from_the_configuration(directory):
    assert alignment_heads(directory) == ((0, 1), (1, 0))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (model_file({}, version=5), "expected WhisperSpec in format 6, found 'WhisperSpec' in 5"),
        (model_file({}, specification="TransformerSpec"), "found 'TransformerSpec' in 6"),
    ],
)
def test_another_format_is_refused(directory, content, message):
    (directory / "model.bin").write_bytes(content)
    with pytest.raises(ModelUnavailable, match=message):
        read_variables(directory / "model.bin")


def test_a_file_that_ends_early_is_refused(directory):
    whole = model_file({"encoder/conv1/weight": torch.ones(10, 10)})
    (directory / "model.bin").write_bytes(whole[:200])
    with pytest.raises(ModelUnavailable, match="found 200"):
        read_variables(directory / "model.bin")


def test_weights_that_lost_precision_are_refused(english, directory):
    variables = as_ctranslate2(english, torch.float32)
    name = "decoder/layer_0/ffn/linear_0/weight"
    variables[name] = variables[name].to(torch.int8)
    (directory / "model.bin").write_bytes(model_file(variables))
    with pytest.raises(ModelUnavailable, match=f"{name}: expected floating point weights, found torch.int8"):
        load_whisper(directory)
