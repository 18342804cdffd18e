"""A model of any Whisper shape with random weights, as a CTranslate2 directory.

Speed does not depend on what the weights say, only on their shape, and large-v3 is 3 GB that a machine may not be
able to fetch. Written in CTranslate2's own format, so that the torch engine and the peer load the same file, and the
loader of large models is measured too.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from whisper.model import ModelDimensions
from whisper.tokenizer import get_encoding

SHAPES = {
    "tiny": ModelDimensions(80, 1500, 384, 6, 4, 51865, 448, 384, 6, 4),
    "base": ModelDimensions(80, 1500, 512, 8, 6, 51865, 448, 512, 8, 6),
    "large-v3": ModelDimensions(128, 1500, 1280, 20, 32, 51866, 448, 1280, 20, 32),
    "large-v3-turbo": ModelDimensions(128, 1500, 1280, 20, 32, 51866, 448, 1280, 20, 4),
}
ALIGNMENT_HEADS = 10
"""As many as large-v3 has."""
_CODES = {"<f2": 4, "<i2": 2, "<i1": 1}
Values = npt.NDArray[np.generic]


def write_random_model(directory: Path, shape: str) -> Path:
    """Write the model once; the second call finds it. Returns `directory`."""
    dims = SHAPES[shape]
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / "model.bin"
    if target.is_file():
        return directory
    heads = [[dims.n_text_layer - 1 - i % dims.n_text_layer, i % dims.n_text_head] for i in range(ALIGNMENT_HEADS)]
    config = {"alignment_heads": heads, "lang_ids": [], "suppress_ids": [], "suppress_ids_begin": []}
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (directory / "vocabulary.json").write_text(json.dumps(vocabulary(dims)), encoding="utf-8")
    partial = target.with_suffix(".partial")
    with partial.open("wb") as file:
        names = list(variables(dims))
        file.write(struct.pack("<I", 6) + _text("WhisperSpec") + struct.pack("<II", 3, len(names)))
        for name, values in variable_values(dims):
            code = _CODES[values.dtype.str.replace("|", "<")]
            file.write(_text(name) + struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape))
            file.write(struct.pack("<BI", code, values.nbytes) + values.tobytes())
        file.write(struct.pack("<I", 1) + _text("decoder/projection/weight") + _text("decoder/embeddings/weight"))
    partial.rename(target)
    return directory


def vocabulary(dims: ModelDimensions) -> list[str]:
    """A name for every token; only the special ones must be right."""
    encoding = get_encoding("multilingual", num_languages=dims.n_vocab - 51766)
    special = {encoding.encode_single_token(name): name for name in encoding.special_tokens_set}
    return [special.get(token, f"token{token}") for token in range(dims.n_vocab)]


def variables(dims: ModelDimensions) -> dict[str, tuple[int, ...]]:
    """The weights by CTranslate2's names, with their shapes."""
    d, found = dims.n_audio_state, {}

    def linear(name: str, rows: int, columns: int) -> None:
        found[f"{name}/weight"], found[f"{name}/bias"] = (rows, columns), (rows,)

    def norm(name: str) -> None:
        found[f"{name}/gamma"] = found[f"{name}/beta"] = (d,)

    found["encoder/conv1/weight"], found["encoder/conv1/bias"] = (d, dims.n_mels, 3), (d,)
    found["encoder/conv2/weight"], found["encoder/conv2/bias"] = (d, d, 3), (d,)
    found["encoder/position_encodings/encodings"] = (dims.n_audio_ctx, d)
    found["decoder/position_encodings/encodings"] = (dims.n_text_ctx, d)
    found["decoder/embeddings/weight"] = (dims.n_vocab, d)
    for side, layers in (("encoder", dims.n_audio_layer), ("decoder", dims.n_text_layer)):
        norm(f"{side}/layer_norm")
        for scalar in ("num_heads", "pre_norm", "activation"):
            found[f"{side}/{scalar}"] = ()
        for layer in range(layers):
            at = f"{side}/layer_{layer}"
            norm(f"{at}/self_attention/layer_norm")
            linear(f"{at}/self_attention/linear_0", 3 * d, d)
            linear(f"{at}/self_attention/linear_1", d, d)
            if side == "decoder":
                norm(f"{at}/attention/layer_norm")
                linear(f"{at}/attention/linear_0", d, d)
                linear(f"{at}/attention/linear_1", 2 * d, d)
                linear(f"{at}/attention/linear_2", d, d)
            norm(f"{at}/ffn/layer_norm")
            linear(f"{at}/ffn/linear_0", 4 * d, d)
            linear(f"{at}/ffn/linear_1", d, 4 * d)
    for scalar in ("alibi", "alignment_layer", "alignment_heads", "scale_embeddings", "start_from_zero_embedding"):
        found[f"decoder/{scalar}"] = ()
    return dict(sorted(found.items()))


def variable_values(dims: ModelDimensions) -> Iterator[tuple[str, Values]]:
    """Each variable in turn: matrices small, norms at 1, no NaN however deep the model is."""
    generator = np.random.default_rng(11)
    scalars: dict[str, Values] = {
        "encoder/num_heads": np.array(dims.n_audio_head, "<i2"),
        "decoder/num_heads": np.array(dims.n_text_head, "<i2"),
        "decoder/alignment_layer": np.array(-1, "<i2"),
        "decoder/alignment_heads": np.array(1, "<i2"),
        "encoder/activation": np.array(3, "<i1"),  # GELU
        "decoder/activation": np.array(3, "<i1"),
        "encoder/pre_norm": np.array(1, "<i1"),
        "decoder/pre_norm": np.array(1, "<i1"),
    }
    for name, shape in variables(dims).items():
        if not shape:
            yield name, scalars.get(name, np.array(0, "<i1"))
        elif name.endswith("gamma"):
            yield name, np.ones(shape, "<f2")
        else:
            yield name, (generator.standard_normal(shape, dtype=np.float32) * 0.02).astype("<f2")


def _text(value: str) -> bytes:
    raw = value.encode() + b"\0"
    return struct.pack("<H", len(raw)) + raw
