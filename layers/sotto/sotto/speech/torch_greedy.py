"""Decoding many windows over few slots: rows that finish leave at once, windows that wait take their place.

Whisper's windows differ in length by a factor of ten, so a batch that waits for its last row wastes most of its
steps. Here the host looks at the end flags every few steps (a look costs a round trip to the device), collects what
is finished, admits waiting windows, and closes the ranks so that the step runs over the smallest allowed batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from sotto.speech.cuda_graphs import Replay
from sotto.speech.engine import Generated
from sotto.speech.torch_choice import Choice
from sotto.speech.torch_layers import Decoder
from sotto.speech.torch_slots import Slots

SPAN_STEP = 64
"""Self-attention reads the text positions in spans of this many: one CUDA graph a span, not one a token."""


@dataclass(frozen=True)
class Prompt:
    """What stands before the first new token of every row."""

    tokens: tuple[int, ...]
    start_of_transcript: int  # token id, where the probability of <|nospeech|> is read
    no_speech: int  # token id


@dataclass(frozen=True)
class Pace:
    """How often the host looks, and which batch sizes a step may run with (ascending)."""

    look_every: int
    batches: tuple[int, ...]

    def batch(self, rows: int) -> int:
        return next(size for size in self.batches if size >= rows)


def span_for(length: int, text_positions: int) -> int:
    """The least allowed span that holds `length` text positions."""
    return min(-(-length // SPAN_STEP) * SPAN_STEP, text_positions)


class GreedyRun:
    """One call of `generate`, greedy or sampling: `encoded` [windows, positions, width] over `slots`."""

    def __init__(
        self,
        decoder: Decoder,
        encoded: Tensor,
        prompt: Prompt,
        choice: Choice,
        slots: Slots,
        *,
        max_tokens: int,
        pace: Pace,
        replay: Replay,
    ) -> None:
        self.decoder, self.encoded, self.prompt, self.choice = decoder, encoded, prompt, choice
        self.slots, self.pace, self.replay = slots, pace, replay
        self.text_positions = decoder.dimensions.n_text_ctx
        self.stop_at = min(len(prompt.tokens) + max_tokens, self.text_positions)
        self.waiting = deque(range(encoded.shape[0]))
        self.owners: dict[int, int] = {}  # slot -> window
        self.longest = 0
        self.results: dict[int, Generated] = {}

    def run(self) -> list[Generated]:
        """The answer of every window, in their order."""
        self._admit()
        while self.owners:
            rows = self.pace.batch(len(self.owners))
            span = span_for(self.longest + self.pace.look_every, self.text_positions)
            step = self._step(rows, span)
            key = (rows, span, self.slots.cross.shape[-2], self.choice.rules.always.data_ptr())
            for _ in range(self.pace.look_every):
                self.replay(key, step, self.slots)
            self._look(rows)
        return [self.results[window] for window in sorted(self.results)]

    def _step(self, rows: int, span: int) -> Callable[[], None]:
        slots, decoder, choice = self.slots.first(rows), self.decoder, self.choice

        def step() -> None:
            position = (slots.length - 1)[:, None]
            hidden, _ = decoder.hidden(slots.tokens.gather(1, position), position, slots, span)
            choice.append(decoder.logits(hidden[:, 0]), slots)

        return step

    def _look(self, rows: int) -> None:
        self.longest += self.pace.look_every
        done = self.slots.done[:rows].tolist()
        finished = [slot for slot in self.owners if done[slot]]
        if not finished:
            return
        self._collect(finished)
        free = self.slots.done.shape[0] - len(self.owners)
        # A few newcomers cost as many kernels as many do, so they wait until an eighth of the slots is free.
        if self.waiting and (not self.owners or free >= self.slots.done.shape[0] // 8):
            self._admit()
        self._close_ranks()
        self.longest = max(self.slots.length[list(self.owners)].tolist(), default=0)

    def _collect(self, finished: Sequence[int]) -> None:
        slots, begin = self.slots, len(self.prompt.tokens)
        rows = zip(
            finished,
            slots.tokens[list(finished)].tolist(),
            slots.length[list(finished)].tolist(),
            slots.score[list(finished)].tolist(),
            slots.no_speech[list(finished)].tolist(),
            strict=True,
        )
        for slot, tokens, length, score, no_speech in rows:
            new = tokens[begin:length]
            ended = new[-1] == self.choice.end_of_text
            text = tuple(new[:-1] if ended else new)
            self.results[self.owners.pop(slot)] = Generated(text, score / (len(text) + 1), no_speech, finished=ended)

    def _admit(self) -> None:
        free = [slot for slot in range(self.slots.done.shape[0]) if slot not in self.owners]
        targets = free[: len(self.waiting)]
        windows = [self.waiting.popleft() for _ in targets]
        in_place = targets == list(range(len(targets)))
        newcomers = self.slots.first(len(targets)) if in_place else self._aside(len(targets))
        self._begin(self.encoded[windows], newcomers)
        if not in_place:
            self.slots.put(targets, newcomers)
        self.owners.update(zip(targets, windows, strict=True))
        self.longest = max(self.longest, len(self.prompt.tokens) + 1)

    def _aside(self, rows: int) -> Slots:
        positions = self.slots.cross.shape[-2]
        return Slots.allocate(self.decoder.dimensions, rows, positions, self.decoder.device, self.decoder.dtype)

    def _begin(self, encoded: Tensor, slots: Slots) -> None:
        """Read the prompt and choose every row's first token."""
        prompt = torch.tensor(self.prompt.tokens, device=self.decoder.device)
        length = len(self.prompt.tokens)
        self.decoder.remember(encoded, slots)
        slots.tokens[:, :length] = prompt
        slots.length.fill_(length)
        slots.stop_at.fill_(self.stop_at)
        slots.done.fill_(value=False)
        slots.score.zero_()
        positions = torch.arange(length, device=self.decoder.device).expand(encoded.shape[0], length)
        hidden, _ = self.decoder.hidden(slots.tokens[:, :length], positions, slots, length)
        begins = self.prompt.tokens.index(self.prompt.start_of_transcript)
        slots.no_speech.copy_(functional.softmax(self.decoder.logits(hidden[:, begins]), -1)[:, self.prompt.no_speech])
        self.choice.append(self.decoder.logits(hidden[:, -1]), slots, start=True)

    def _close_ranks(self) -> None:
        """Move live rows from the back into free slots in front, where that makes the step's batch smaller."""
        if not self.owners:
            return
        rows = self.pace.batch(len(self.owners))
        sources = [slot for slot in self.owners if slot >= rows]
        targets = [slot for slot in range(rows) if slot not in self.owners][: len(sources)]
        if not sources:
            return
        self.slots.move(sources, targets)
        self.slots.done[sources] = True
        for source, target in zip(sources, targets, strict=True):
            self.owners[target] = self.owners.pop(source)
