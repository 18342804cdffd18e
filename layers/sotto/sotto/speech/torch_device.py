"""What differs between a GPU and a CPU: number formats, batch sizes, how often the host looks, streams, full memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor
from whisper.model import ModelDimensions

from sotto.domain.errors import EngineUnavailable, MisconfiguredSetting
from sotto.speech.torch_greedy import Pace

COMPUTE_TYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
CPU_BATCH = 8
GPU_BATCH = 64
GPU_LOOK_EVERY = 8

P = ParamSpec("P")
R = TypeVar("R")


def on_device(call: Callable[P, R]) -> Callable[P, R]:
    """Without autograd's records; a full device is an Unavailable, so that the part is tried again elsewhere."""

    @wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with torch.inference_mode():
                return call(*args, **kwargs)
        except torch.OutOfMemoryError as error:
            raise EngineUnavailable("the device: expected memory for one more batch, found it full") from error

    return wrapped


@dataclass(frozen=True)
class EncodedBatch:
    """Encoder output [rows, positions, width] on the device; `ready` tells when the encoder's stream has written it."""

    states: Tensor
    ready: torch.cuda.Event | None = None

    def wait(self) -> Tensor:
        """The states, safe to use on the current stream. The host does not wait."""
        if self.ready is not None:
            stream = torch.cuda.current_stream()
            stream.wait_event(self.ready)
            self.states.record_stream(stream)
        return self.states


def device_called(name: str) -> torch.device:
    """`auto` is the NVIDIA GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def compute_type_for(device: torch.device, wanted: str) -> str:
    """`default` is bfloat16 on a GPU and float32 on a CPU; raises MisconfiguredSetting for what torch cannot run."""
    if wanted == "default":
        return "bfloat16" if device.type == "cuda" else "float32"
    if wanted not in COMPUTE_TYPES:
        raise MisconfiguredSetting(
            "SOTTO_COMPUTE_TYPE",
            expected=f"default or one of {', '.join(COMPUTE_TYPES)} for the torch engine",
            found=wanted,
            fix="leave SOTTO_COMPUTE_TYPE unset",
        )
    return wanted


def cpu_pace(batch_size: int) -> Pace:
    """A look costs nothing on a CPU, and every row less is time saved."""
    return Pace(look_every=1, batches=tuple(range(1, batch_size + 1)))


def gpu_pace(batch_size: int) -> Pace:
    """Powers of two up to the batch, one graph each; a look every 8 steps wastes 4 steps of a finished row."""
    sizes = [1]
    while sizes[-1] * 2 < batch_size:
        sizes.append(sizes[-1] * 2)
    return Pace(look_every=GPU_LOOK_EVERY, batches=tuple(dict.fromkeys([*sizes, batch_size])))


def batch_within(memory: int, dims: ModelDimensions, dtype: torch.dtype) -> int:
    """The largest power of two up to GPU_BATCH whose keys and values take at most half of `memory` bytes."""
    positions = dims.n_text_ctx + dims.n_audio_ctx
    bytes_each = dims.n_text_layer * 2 * positions * dims.n_text_state * dtype.itemsize
    batch = GPU_BATCH
    while batch > 1 and batch * bytes_each > memory // 2:
        batch //= 2
    return batch
