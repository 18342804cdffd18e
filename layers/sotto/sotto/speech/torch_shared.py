"""One GPU engine for all parts that a process transcribes at the same time.

A part of four minutes has 16 windows; a GPU wants 64 or more at once. So the workers of a process (a thread a part)
share one engine: whatever windows they bring are decoded together, and a window that arrives while others are being
decoded takes the place of the next row that finishes. The policy knows nothing of it: to a thread this is an Engine
like any other, only that this one may be called from all threads.

Encoding runs in the caller's thread, on the GPU's second stream, while others are decoded.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from torch import Tensor

from sotto.domain.errors import EngineUnavailable
from sotto.domain.transcript import EngineFacts
from sotto.speech.engine import Alignment, Generated, Samples, Sampling
from sotto.speech.torch_device import EncodedBatch
from sotto.speech.torch_engine import TorchEngine
from sotto.speech.torch_greedy import Window

Kind: TypeAlias = tuple[int, tuple[int, ...], tuple[int, ...]]
"""Windows that one run may decode together: encoder positions and suppressed tokens are the same."""


@dataclass
class _Batch:
    """Windows of one kind in the line; the first batch of the line is the one that is decoded."""

    kind: Kind
    sampling: Sampling
    waiting: deque[Window] = field(default_factory=deque)


class _Line:
    """The windows of all threads in order of arrival, and the thread that decodes them."""

    def __init__(self, engine: TorchEngine) -> None:
        self._engine = engine
        self._batches: deque[_Batch] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def join(self, windows: list[Window], sampling: Sampling) -> None:
        kind = (windows[0].states.shape[0], sampling.suppress, sampling.suppress_at_start)
        with self._changed:
            if self._closed:
                raise EngineUnavailable("expected an open engine, found one that was closed")
            # Only the last batch takes more: so a kind that keeps coming cannot hold up another one.
            if not self._batches or self._batches[-1].kind != kind:
                self._batches.append(_Batch(kind, sampling))
            self._batches[-1].waiting.extend(windows)
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def decode(self) -> None:
        """The thread: decode until closed and empty."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._batches or self._closed)
                if not self._batches:
                    return
                batch = self._batches[0]
            with suppress(Exception):  # each waiting thread has got it, through its windows' answers
                self._engine.decode(batch.waiting, batch.sampling)
            with self._changed:
                if not batch.waiting:  # else a thread joined after the last look
                    self._batches.popleft()


class SharedEngine:
    """An Engine (engine.py) for many threads. Its own thread ends with it, or with `close`."""

    def __init__(self, engine: TorchEngine) -> None:
        self._engine = engine
        self._reading = threading.Lock()  # over all calls that use the engine's other memory
        self._line = _Line(engine)
        # The thread holds the line, not this object: so dropping the engine frees the device's memory.
        self._worker = threading.Thread(target=self._line.decode, name="sotto-decoder", daemon=True)
        self._worker.start()
        weakref.finalize(self, self._line.close)

    @property
    def facts(self) -> EngineFacts:
        return self._engine.facts

    @property
    def multilingual(self) -> bool:
        return self._engine.multilingual

    @property
    def n_mels(self) -> int:
        return self._engine.n_mels

    @property
    def alignment_heads(self) -> Sequence[tuple[int, int]]:
        return self._engine.alignment_heads

    @property
    def batch_size(self) -> int:
        return self._engine.batch_size

    def features(self, audio: Sequence[Samples], frames: int) -> Tensor:
        return self._engine.features(audio, frames)

    def encode(self, features: Tensor) -> EncodedBatch:
        return self._engine.encode(features)

    def select(self, encoded: EncodedBatch, rows: Sequence[int]) -> EncodedBatch:
        return self._engine.select(encoded, rows)

    def detect_language(self, encoded: EncodedBatch) -> list[Mapping[str, float]]:
        with self._reading:
            return self._engine.detect_language(encoded)

    def align(
        self,
        encoded: EncodedBatch,
        start_sequence: Sequence[int],
        text_tokens: Sequence[Sequence[int]],
        num_frames: Sequence[int],
        *,
        median_filter_width: int = 7,
    ) -> list[Alignment]:
        with self._reading:
            return self._engine.align(
                encoded, start_sequence, text_tokens, num_frames, median_filter_width=median_filter_width
            )

    def generate(self, encoded: EncodedBatch, prompt: Sequence[int], sampling: Sampling) -> list[Generated]:
        """See Engine. Greedy windows join those of other threads; the rest is rare and takes turns."""
        if sampling.temperature > 0.0 or sampling.beam_size > 1:
            with self._reading:
                return self._engine.search(encoded, prompt, sampling)
        windows = self._engine.windows(encoded, prompt, sampling)
        if windows:
            self._line.join(windows, sampling)
        return [window.answer.result() for window in windows]

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._line.close()
        self._worker.join()
