"""The same weights for whisper.cpp: its `ggml` file, written from our CTranslate2 directory.

Needs no download, and makes sure that whisper.cpp is compared with the very weights that the others run (matrices in
float16, as in the published ggml files). The layout follows whisper.cpp's models/convert-pt-to-ggml.py.
"""

from __future__ import annotations

import base64
import struct
from importlib.resources import files
from pathlib import Path

import numpy as np
from whisper.audio import mel_filters

from sotto.speech.checkpoint import load_whisper

MAGIC = 0x67676D6C
FLOAT32, FLOAT16 = 0, 1


def write_ggml(directory: Path, target: Path) -> None:
    """Write the model in `directory` to `target`."""
    model = load_whisper(directory)
    dims = model.dims
    filters = mel_filters("cpu", dims.n_mels).numpy().astype("<f4")
    name = "multilingual" if model.is_multilingual else "gpt2"
    lines = files("whisper").joinpath("assets", f"{name}.tiktoken").read_text(encoding="utf-8").split("\n")
    tokens = [base64.b64decode(line.split()[0]) for line in lines if line]
    with target.open("wb") as file:
        file.write(
            struct.pack(
                "<12i",
                MAGIC,
                dims.n_vocab,
                dims.n_audio_ctx,
                dims.n_audio_state,
                dims.n_audio_head,
                dims.n_audio_layer,
                dims.n_text_ctx,
                dims.n_text_state,
                dims.n_text_head,
                dims.n_text_layer,
                dims.n_mels,
                FLOAT16,
            )
        )
        file.write(struct.pack("<2i", *filters.shape) + filters.tobytes())
        file.write(struct.pack("<i", len(tokens)))
        for token in tokens:
            file.write(struct.pack("<i", len(token)) + token)
        for tensor_name, tensor in model.state_dict().items():
            _write_tensor(file, tensor_name, tensor.numpy())


def _write_tensor(file: object, name: str, values: np.ndarray) -> None:  # type: ignore[type-arg]
    if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
        values = values[:, None]
    small = values.ndim < 2 or name.endswith(("positional_embedding", "conv1.bias", "conv2.bias"))
    kind, data = (FLOAT32, values.astype("<f4")) if small else (FLOAT16, values.astype("<f2"))
    encoded = name.encode()
    file.write(struct.pack("<3i", data.ndim, len(encoded), kind))  # type: ignore[attr-defined]
    file.write(struct.pack(f"<{data.ndim}i", *reversed(data.shape)) + encoded + data.tobytes())  # type: ignore[attr-defined]
