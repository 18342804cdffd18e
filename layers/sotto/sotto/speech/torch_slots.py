"""The memory of a batch while it is decoded: one slot a row, allocated once, never moved.

A CUDA graph replays the same addresses, and fresh allocations cost more than a small model's step, so every tensor
that a decoding step reads or writes lives here. The slot is the outermost dimension everywhere: the first n slots are
then a view, finished rows leave by copying a live row into their slot, and new rows enter the same way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from whisper.model import ModelDimensions


@dataclass(frozen=True)
class Slots:
    """Tensors by slot.

    own        [slots, layers, 2, heads, text positions, head width]: keys and values of the tokens so far
    cross      [slots, layers, 2, heads, encoder positions, head width]: keys and values of the window's sound
    tokens     [slots, text positions + 1] int64: prompt, then what was chosen; the last column is never read
    length     [slots] int64: how many of `tokens` are set
    stop_at    [slots] int64: the length at which a row stops without end-of-text
    done       [slots] bool: the row has its last token
    score      [slots] float32: sum of the chosen tokens' log-probabilities
    no_speech  [slots] float32: probability of <|nospeech|> where the transcript starts
    """

    own: Tensor
    cross: Tensor
    tokens: Tensor
    length: Tensor
    stop_at: Tensor
    done: Tensor
    score: Tensor
    no_speech: Tensor

    @classmethod
    def allocate(
        cls,
        dims: ModelDimensions,
        capacity: int,
        encoder_positions: int,
        device: torch.device,
        dtype: torch.dtype,
        *,
        sharing: int = 1,
    ) -> Slots:
        """Zeroed slots: masked positions are multiplied by 0, and 0 times what `empty` left there may be NaN.

        `sharing` neighbouring slots (the beams of a window) read one row of `cross`.
        """
        layers, heads = dims.n_text_layer, dims.n_text_head
        width = dims.n_text_state // heads
        return cls(
            own=torch.zeros(capacity, layers, 2, heads, dims.n_text_ctx, width, device=device, dtype=dtype),
            cross=torch.zeros(
                capacity // sharing, layers, 2, heads, encoder_positions, width, device=device, dtype=dtype
            ),
            tokens=torch.zeros(capacity, dims.n_text_ctx + 1, device=device, dtype=torch.int64),
            length=torch.ones(capacity, device=device, dtype=torch.int64),
            stop_at=torch.ones(capacity, device=device, dtype=torch.int64),
            done=torch.ones(capacity, device=device, dtype=torch.bool),
            score=torch.zeros(capacity, device=device, dtype=torch.float32),
            no_speech=torch.zeros(capacity, device=device, dtype=torch.float32),
        )

    def hearing(self, encoder_positions: int) -> Slots:
        """These slots for windows of so many encoder positions (at most the allocated ones), over the same memory."""
        shape = (*self.cross.shape[:4], encoder_positions, self.cross.shape[5])
        return replace(self, cross=self.cross.flatten()[: math.prod(shape)].view(shape))

    def first(self, count: int) -> Slots:
        """The first `count` slots, as a view."""
        return Slots(**{field.name: getattr(self, field.name)[:count] for field in fields(self)})

    def put(self, targets: Sequence[int], source: Slots) -> None:
        """Copy the rows of `source` into the slots `targets`."""
        self._copy(list(targets), source, list(range(len(targets))))

    def move(self, sources: Sequence[int], targets: Sequence[int]) -> None:
        """Copy the slots `sources` over the slots `targets`; no slot may be in both."""
        self._copy(list(targets), self, list(sources))

    def _copy(self, targets: list[int], source: Slots, sources: list[int]) -> None:
        for field in fields(self):
            getattr(self, field.name)[targets] = getattr(source, field.name)[sources]
