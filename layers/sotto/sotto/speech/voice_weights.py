"""Reads the voice encoder's weights out of the file that Resemblyzer's package ships, without torch.

The file is in torch's format of before 2020: pickles (magic number, protocol, machine, the dictionary, the storages'
names), then each storage as its length and its numbers. A CPU function has no torch, and 2 GB would be a high price for
1.4 million numbers. The file's hash is checked before (model_catalogue.py), and this unpickler makes nothing but
dictionaries and arrays all the same.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from sotto.domain.errors import ModelUnavailable

MAGIC = 0x1950A86A20F9469CFC6C

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Piece:
    """A tensor's place in a storage that comes later in the file."""

    storage: str
    offset: int
    shape: tuple[int, ...]


def read_weights(path: Path) -> dict[str, Array]:
    """Name -> numbers of the model's tensors. Raises ModelUnavailable for a file of another kind."""
    try:
        with path.open("rb") as file:
            if _Plain(file).load() != MAGIC:
                raise ModelUnavailable(f"{path.name}: expected a checkpoint in torch's old format")
            for _ in ("protocol", "machine"):
                _Plain(file).load()
            state: dict[str, _Piece] = _Plain(file).load()["model_state"]
            storages = {name: _numbers(file) for name in _Plain(file).load()}
        return {
            name: storages[piece.storage][piece.offset : piece.offset + int(np.prod(piece.shape))].reshape(piece.shape)
            for name, piece in state.items()
        }
    except (pickle.UnpicklingError, EOFError, KeyError, ValueError, TypeError) as error:
        raise ModelUnavailable(f"{path.name}: expected the voice encoder's checkpoint") from error


def _numbers(file: BinaryIO) -> Array:
    count = int(np.frombuffer(file.read(8), dtype="<i8")[0])
    return np.frombuffer(file.read(4 * count), dtype="<f4")


def _piece(storage: str, offset: int, shape: Sequence[int], *_: object) -> _Piece:
    return _Piece(storage, offset, tuple(shape))


class _Plain(pickle.Unpickler):
    """Knows the three names that such a file needs, and refuses all others."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _piece,
            ("torch", "FloatStorage"): float,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"expected numbers, found {module}.{name}")
        return known[module, name]

    def persistent_load(self, pid: Any) -> str:
        kind, _, key, *_ = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"expected a storage, found {kind}")
        return str(key)
