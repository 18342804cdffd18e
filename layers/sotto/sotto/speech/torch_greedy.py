"""Decoding many windows over few slots: rows that finish leave at once, windows that wait take their place.

Whisper's windows differ in length by a factor of ten, so a batch that waits for its last row wastes most of its
steps. Here the host looks at the end flags every few steps (a look costs a round trip to the device), collects what
is finished, admits waiting windows, and closes the ranks so that the step runs over the smallest allowed batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

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


class Ready(Protocol):
    """When an encoder on another stream has written its output (a CUDA event)."""

    def query(self) -> bool: ...

    def synchronize(self) -> None: ...


@dataclass(frozen=True, eq=False)
class Window:
    """One row to decode: its encoder output [positions, width], what stands before its text, and who waits for it."""

    states: Tensor
    prompt: tuple[int, ...]
    max_tokens: int
    answer: Future[Generated]
    ready: Ready | None = None


@dataclass(frozen=True)
class Marks:
    """Token ids: where a transcript starts, and whose probability is read there."""

    start_of_transcript: int
    no_speech: int


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
    """Decodes `waiting` windows, all of as many encoder positions as `slots` have, until none is left.

    Others may append to `waiting` while it runs: those windows enter as soon as slots are free. Answers go to each
    window's future, in the order in which rows finish.
    """

    def __init__(
        self,
        decoder: Decoder,
        choice: Choice,
        marks: Marks,
        slots: Slots,
        waiting: deque[Window],
        *,
        pace: Pace,
        replay: Replay,
    ) -> None:
        self.decoder, self.choice, self.marks, self.slots = decoder, choice, marks, slots
        self.waiting, self.pace, self.replay = waiting, pace, replay
        self.capacity: int = slots.done.shape[0]
        self.text_positions: int = decoder.dimensions.n_text_ctx
        self.owners: dict[int, Window] = {}  # slot -> window
        self.entering: list[Window] = []
        self.longest = 0

    def run(self) -> None:
        """Answer every window; after an exception, those without an answer get the exception."""
        try:
            self._admit()
            while self.owners:
                self._advance()
                self._look()
        except BaseException as error:
            for window in {*self.owners.values(), *self.entering}:
                window.answer.set_exception(error)
            while self.waiting:
                self.waiting.popleft().answer.set_exception(error)
            raise

    def _advance(self) -> None:
        rows = self.pace.batch(len(self.owners))
        span = span_for(self.longest + self.pace.look_every, self.text_positions)
        step = self._step(rows, span)
        key = (rows, span, self.slots.cross.shape[-2], self.choice.rules.always.data_ptr())
        for _ in range(self.pace.look_every):
            self.replay(key, step, self.slots)
        self.longest += self.pace.look_every

    def _step(self, rows: int, span: int) -> Callable[[], None]:
        slots, decoder, choice = self.slots.first(rows), self.decoder, self.choice

        def step() -> None:
            position = (slots.length - 1)[:, None]
            hidden, _ = decoder.hidden(slots.tokens.gather(1, position), position, slots, span)
            choice.append(decoder.logits(hidden[:, 0]), slots)

        return step

    def _look(self) -> None:
        done = self.slots.done.tolist()
        finished = [slot for slot in self.owners if done[slot]]
        if finished:
            self._collect(finished)
        free = self.capacity - len(self.owners)
        # A few newcomers cost as many kernels as many do, so they wait until an eighth of the slots is free.
        if self.waiting and (not self.owners or free >= max(1, self.capacity // 8)):
            self._admit()
        elif not finished:
            return
        self._close_ranks()
        self.longest = max(self.slots.length[list(self.owners)].tolist(), default=0)

    def _collect(self, finished: list[int]) -> None:
        slots = self.slots
        rows = zip(
            finished,
            slots.tokens[finished].tolist(),
            slots.length[finished].tolist(),
            slots.score[finished].tolist(),
            slots.no_speech[finished].tolist(),
            strict=True,
        )
        for slot, tokens, length, score, no_speech in rows:
            window = self.owners.pop(slot)
            new = tokens[len(window.prompt) : length]
            ended = new[-1] == self.choice.end_of_text
            text = tuple(new[:-1] if ended else new)
            window.answer.set_result(Generated(text, score / (len(text) + 1), no_speech, finished=ended))

    def _admit(self) -> None:
        """Fill free slots with waiting windows. Those with equally long prompts read them together."""
        free = [slot for slot in range(self.capacity) if slot not in self.owners]
        self.entering = self._next(len(free))
        by_length: dict[int, list[Window]] = {}
        for window in self.entering:
            by_length.setdefault(len(window.prompt), []).append(window)
        for length, windows in by_length.items():
            targets, free = free[: len(windows)], free[len(windows) :]
            in_place = targets == list(range(len(targets)))
            newcomers = self.slots.first(len(targets)) if in_place else self._aside(len(targets))
            self._begin(windows, newcomers)
            if not in_place:
                self.slots.put(targets, newcomers)
            self.owners.update(zip(targets, windows, strict=True))
            self.longest = max(self.longest, length + 1)
        self.entering = []

    def _next(self, most: int) -> list[Window]:
        """Waiting windows whose encoding is done. Rows that are being decoded never wait for an encoder."""
        taken: list[Window] = []
        while self.waiting and len(taken) < most:
            ready = self.waiting[0].ready
            if ready is not None and not ready.query():
                if taken or self.owners:
                    break
                ready.synchronize()
            taken.append(self.waiting.popleft())
        return taken

    def _aside(self, rows: int) -> Slots:
        positions = self.slots.cross.shape[-2]
        return Slots.allocate(self.decoder.dimensions, rows, positions, self.decoder.device, self.decoder.dtype)

    def _begin(self, windows: list[Window], slots: Slots) -> None:
        """Read the prompts, all of one length, and choose every row's first token."""
        length, device = len(windows[0].prompt), self.decoder.device
        prompts = torch.tensor([window.prompt for window in windows], device=device)
        limits = [min(length + window.max_tokens, self.text_positions) for window in windows]
        self.decoder.remember(torch.stack([window.states for window in windows]), slots)
        slots.tokens[:, :length] = prompts
        slots.length.fill_(length)
        slots.stop_at.copy_(torch.tensor(limits))
        slots.done.fill_(value=False)
        slots.score.zero_()
        positions = torch.arange(length, device=device).expand(len(windows), length)
        hidden, _ = self.decoder.hidden(prompts, positions, slots, length)
        starts = [window.prompt.index(self.marks.start_of_transcript) for window in windows]
        at_start = self.decoder.logits(hidden[range(len(windows)), starts])
        slots.no_speech.copy_(functional.softmax(at_start, dim=-1)[:, self.marks.no_speech])
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
        self.slots.done[sources] = True  # what is left behind must not count as a live row
        for source, target in zip(sources, targets, strict=True):
            self.owners[target] = self.owners.pop(source)
