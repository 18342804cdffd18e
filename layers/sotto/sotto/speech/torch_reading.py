"""Reading a given text with the decoder in one pass: what language a window is in, and when its words were said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from whisper.tokenizer import Tokenizer

from sotto.speech.engine import Alignment
from sotto.speech.torch_align import attention_cost, warp
from sotto.speech.torch_layers import Decoder
from sotto.speech.torch_slots import Slots


class Reader:
    """Reads over `slots`, as many windows at once as there are. `heads` are the alignment heads (layer, head)."""

    def __init__(self, decoder: Decoder, slots: Slots, tokenizer: Tokenizer, heads: Sequence[tuple[int, int]]) -> None:
        self.decoder, self.slots, self.tokenizer = decoder, slots, tokenizer
        self.rows: int = slots.done.shape[0]
        self.watched: dict[int, list[int]] = {}
        for layer, head in heads:
            self.watched.setdefault(layer, []).append(head)

    def languages(self, states: Tensor) -> list[Mapping[str, float]]:
        """Per window: language code -> probability among languages."""
        tokens, codes = list(self.tokenizer.all_language_tokens), self.tokenizer.all_language_codes
        found: list[Mapping[str, float]] = []
        for at in range(0, len(states), self.rows):
            part = states[at : at + self.rows]
            hidden, _ = self._read(part, [[self.tokenizer.sot]] * len(part), {})
            shares = self.decoder.logits(hidden[:, 0])[:, tokens].softmax(dim=-1).tolist()
            found += [dict(zip(codes, row, strict=True)) for row in shares]
        return found

    def align(
        self,
        states: Tensor,
        start: Sequence[int],
        texts: Sequence[Sequence[int]],
        positions: Sequence[int],
        filter_width: int,
    ) -> list[Alignment]:
        """Align each window's text with its first `positions` encoder positions (see Engine.align)."""
        aligned = [Alignment(np.zeros((0, 2), np.int64), np.zeros(0, np.float32)) for _ in texts]
        spoken = [row for row, text in enumerate(texts) if text]
        for at in range(0, len(spoken), self.rows):
            rows = spoken[at : at + self.rows]
            sequences = [[*start, self.tokenizer.no_timestamps, *texts[row], self.tokenizer.eot] for row in rows]
            hidden, scores = self._read(states[rows], sequences, self.watched)
            costs = [
                attention_cost(row_scores, len(start), len(texts[row]), positions[row], filter_width)
                for row, row_scores in zip(rows, scores, strict=True)
            ]
            shares = [self._shares(states_, texts[row], len(start)) for row, states_ in zip(rows, hidden, strict=True)]
            for row, path, share in zip(rows, warp(costs), shares, strict=True):
                aligned[row] = Alignment(path, share.cpu().numpy())
        return aligned

    def _shares(self, hidden: Tensor, text: Sequence[int], begin: int) -> Tensor:
        """The probability of each token of `text` among text tokens, as in openai-whisper: no other can stand there."""
        logits = self.decoder.logits(hidden[begin : begin + len(text)])[:, : self.tokenizer.eot]
        chosen = torch.tensor(text, device=logits.device)[:, None]
        return logits.softmax(dim=-1).gather(1, chosen)[:, 0]

    def _read(
        self, states: Tensor, sequences: list[list[int]], watched: Mapping[int, Sequence[int]]
    ) -> tuple[Tensor, Tensor]:
        """Last states [rows, longest, width] and scores of the watched heads [rows, heads, longest, positions]."""
        longest, device = max(map(len, sequences)), self.decoder.device
        padded = [sequence + [self.tokenizer.eot] * (longest - len(sequence)) for sequence in sequences]
        slots = self.slots.hearing(states.shape[1]).first(len(sequences))
        self.decoder.remember(states, slots)
        tokens = torch.tensor(padded, device=device)
        positions = torch.arange(longest, device=device).expand_as(tokens)
        hidden, scores = self.decoder.hidden(tokens, positions, slots, longest, watched)
        return hidden, torch.cat(scores, dim=1) if scores else hidden
