"""One artifact, two engines: a CTranslate2 Whisper directory read as the weights of openai-whisper's modules.

Sotto ships, caches and hashes a single file per model (`model.bin`), and both engines start from it, so a GPU
container and a CPU function can never run different weights under one name. The conversion is lossless: it only
renames tensors and cuts the fused projections apart; no value is computed. The format is CTranslate2's, version 6:
https://github.com/OpenNMT/CTranslate2/blob/master/python/ctranslate2/specs/model_spec.py
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from whisper.model import AudioEncoder, ModelDimensions, TextDecoder, Whisper

from sotto.domain.errors import ModelUnavailable

FORMAT_VERSION = 6
SPECIFICATION = "WhisperSpec"
_DTYPES = {0: torch.float32, 1: torch.int8, 2: torch.int16, 3: torch.int32, 4: torch.float16, 5: torch.bfloat16}
_FLOATS = (torch.float32, torch.float16, torch.bfloat16)


class _Cursor:
    """Walks the little-endian fields of a model file without copying its tensors."""

    def __init__(self, buffer: mmap.mmap) -> None:
        self.buffer = buffer
        self.offset = 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(f"<{form}", self.buffer, self.offset)
        self.offset += struct.calcsize(f"<{form}")
        return int(value)

    def text(self) -> str:
        length = self.number("H")
        raw = self.buffer[self.offset : self.offset + length]
        self.offset += length
        return raw.rstrip(b"\0").decode()

    def tensor(self) -> Tensor:
        dims = [self.number("I") for _ in range(self.number("B"))]
        dtype = _DTYPES[self.number("B")]
        size = self.number("I")
        start, self.offset = self.offset, self.offset + size
        if self.offset > len(self.buffer):
            raise ModelUnavailable(f"model.bin: expected {self.offset} bytes or more, found {len(self.buffer)}")
        count = size // dtype.itemsize
        # The copy detaches the tensor from the mapping, which is closed when reading ends.
        return torch.frombuffer(self.buffer, dtype=dtype, count=count, offset=start).reshape(dims).clone()


def read_variables(path: Path) -> dict[str, Tensor]:
    """Every variable of a CTranslate2 `model.bin`, by its CTranslate2 name, in the type it is stored in."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as buffer:
        cursor = _Cursor(buffer)
        version, specification = cursor.number("I"), cursor.text()
        if (version, specification) != (FORMAT_VERSION, SPECIFICATION):
            raise ModelUnavailable(
                f"model.bin: expected {SPECIFICATION} in format {FORMAT_VERSION}, found {specification!r} in {version}"
            )
        cursor.number("I")  # the specification's revision, which changes nothing that is read here
        variables: dict[str, Tensor] = {}
        for _ in range(cursor.number("I")):
            name = cursor.text()
            variables[name] = cursor.tensor()
    return variables


class _Unfilled(Whisper):  # type: ignore[misc]  # whisper ships no types
    """`Whisper` without its random initialisation (10 s of work for large-v3) and without memory for it."""

    def __init__(self, dims: ModelDimensions) -> None:
        nn.Module.__init__(self)
        self.dims = dims
        with torch.device("meta"):
            self.encoder = AudioEncoder(
                dims.n_mels, dims.n_audio_ctx, dims.n_audio_state, dims.n_audio_head, dims.n_audio_layer
            )
            self.decoder = TextDecoder(
                dims.n_vocab, dims.n_text_ctx, dims.n_text_state, dims.n_text_head, dims.n_text_layer
            )


def load_whisper(directory: Path) -> Whisper:
    """The model in `directory` as `whisper.model.Whisper`: on the CPU, float32, in eval mode, word-time heads set."""
    variables = read_variables(directory / "model.bin")
    dimensions = dimensions_of(variables)
    model = _Unfilled(dimensions)
    state = {name: value.float() for name, value in state_dict(variables, dimensions)}
    model.load_state_dict(state, strict=True, assign=True)
    causal = torch.full((dimensions.n_text_ctx, dimensions.n_text_ctx), float("-inf")).triu_(1)
    model.decoder.register_buffer("mask", causal, persistent=False)
    heads = torch.zeros(dimensions.n_text_layer, dimensions.n_text_head, dtype=torch.bool)
    for layer, head in alignment_heads(directory):
        heads[layer, head] = True
    model.register_buffer("alignment_heads", heads.to_sparse(), persistent=False)
    return model.requires_grad_(requires_grad=False).eval()


def alignment_heads(directory: Path) -> tuple[tuple[int, int], ...]:
    """The (layer, head) pairs for word times. The scalar in model.bin is not them: they are in config.json."""
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    return tuple((int(layer), int(head)) for layer, head in config["alignment_heads"])


def dimensions_of(variables: dict[str, Tensor]) -> ModelDimensions:
    """openai-whisper's description of the model, from the shapes alone."""
    conv = variables["encoder/conv1/weight"]
    audio_positions, audio_state = variables["encoder/position_encodings/encodings"].shape
    text_positions, text_state = variables["decoder/position_encodings/encodings"].shape
    return ModelDimensions(
        n_mels=conv.shape[1],
        n_audio_ctx=audio_positions,
        n_audio_state=audio_state,
        n_audio_head=int(variables["encoder/num_heads"]),
        n_audio_layer=_layers(variables, "encoder"),
        n_vocab=variables["decoder/embeddings/weight"].shape[0],
        n_text_ctx=text_positions,
        n_text_state=text_state,
        n_text_head=int(variables["decoder/num_heads"]),
        n_text_layer=_layers(variables, "decoder"),
    )


def state_dict(variables: dict[str, Tensor], dimensions: ModelDimensions) -> Iterator[tuple[str, Tensor]]:
    """openai-whisper's name and value of every weight. Raises ModelUnavailable for weights that lost precision."""
    for name, value in variables.items():
        if name.endswith("/weight") and value.dtype not in _FLOATS:
            raise ModelUnavailable(f"{name}: expected floating point weights, found {value.dtype}")
    for ours, theirs in (("conv1", "conv1"), ("conv2", "conv2")):
        yield f"encoder.{ours}.weight", variables[f"encoder/{theirs}/weight"]
        yield f"encoder.{ours}.bias", variables[f"encoder/{theirs}/bias"]
    yield "encoder.positional_embedding", variables["encoder/position_encodings/encodings"]
    yield "decoder.positional_embedding", variables["decoder/position_encodings/encodings"]
    yield "decoder.token_embedding.weight", variables["decoder/embeddings/weight"]
    yield from _layer_norm(variables, "encoder.ln_post", "encoder/layer_norm")
    yield from _layer_norm(variables, "decoder.ln", "decoder/layer_norm")
    for side, layers in (("encoder", dimensions.n_audio_layer), ("decoder", dimensions.n_text_layer)):
        for layer in range(layers):
            yield from _block(variables, f"{side}.blocks.{layer}", f"{side}/layer_{layer}")


def _block(variables: dict[str, Tensor], ours: str, theirs: str) -> Iterator[tuple[str, Tensor]]:
    yield from _layer_norm(variables, f"{ours}.attn_ln", f"{theirs}/self_attention/layer_norm")
    yield from _projections(variables, f"{theirs}/self_attention/linear_0", f"{ours}.attn", ("query", "key", "value"))
    yield from _projections(variables, f"{theirs}/self_attention/linear_1", f"{ours}.attn", ("out",))
    if f"{theirs}/attention/linear_0/weight" in variables:
        yield from _layer_norm(variables, f"{ours}.cross_attn_ln", f"{theirs}/attention/layer_norm")
        yield from _projections(variables, f"{theirs}/attention/linear_0", f"{ours}.cross_attn", ("query",))
        yield from _projections(variables, f"{theirs}/attention/linear_1", f"{ours}.cross_attn", ("key", "value"))
        yield from _projections(variables, f"{theirs}/attention/linear_2", f"{ours}.cross_attn", ("out",))
    yield from _layer_norm(variables, f"{ours}.mlp_ln", f"{theirs}/ffn/layer_norm")
    yield from _projections(variables, f"{theirs}/ffn/linear_0", f"{ours}.mlp", ("0",))
    yield from _projections(variables, f"{theirs}/ffn/linear_1", f"{ours}.mlp", ("2",))


def _projections(
    variables: dict[str, Tensor], theirs: str, ours: str, names: tuple[str, ...]
) -> Iterator[tuple[str, Tensor]]:
    """Cut one fused linear layer into its projections: rows in the order of `names`. Keys have no bias (it is 0)."""
    weights = variables[f"{theirs}/weight"].chunk(len(names))
    biases = variables[f"{theirs}/bias"].chunk(len(names))
    for name, weight, bias in zip(names, weights, biases, strict=True):
        yield f"{ours}.{name}.weight", weight
        if name != "key":
            yield f"{ours}.{name}.bias", bias


def _layer_norm(variables: dict[str, Tensor], ours: str, theirs: str) -> Iterator[tuple[str, Tensor]]:
    yield f"{ours}.weight", variables[f"{theirs}/gamma"]
    yield f"{ours}.bias", variables[f"{theirs}/beta"]


def _layers(variables: dict[str, Tensor], side: str) -> int:
    return len({name.split("/")[1] for name in variables if name.startswith(f"{side}/layer_") and "/ffn/" in name})
