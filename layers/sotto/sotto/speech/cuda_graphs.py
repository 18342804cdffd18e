"""Replaying a decoding step as one CUDA graph instead of launching its several hundred kernels.

A step of a large model is about 600 kernels of a few microseconds each; launched one by one from Python they cost
more time than they work. Recorded once per shape they cost one launch. On a CPU the same step simply runs: that is
what the tests run, together with a check that a step looks at no value (tests/unit/speech_torch).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

import torch

from sotto.speech.torch_slots import Slots


class Replay(Protocol):
    """Runs `step`, which reads and writes `slots` and nothing else that changes. Equal keys mean the same step."""

    def __call__(self, key: Hashable, step: Callable[[], None], slots: Slots) -> None: ...


class Eagerly:
    """The replay of devices without graphs: run it."""

    def __call__(self, key: Hashable, step: Callable[[], None], slots: Slots) -> None:  # noqa: ARG002
        step()


class CudaGraphs:
    """Records each key's step at its first use. All graphs share one memory pool: only one runs at a time."""

    def __init__(self) -> None:
        self._graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, key: Hashable, step: Callable[[], None], slots: Slots) -> None:
        graph = self._graphs.get(key)
        if graph is None:
            graph = self._graphs[key] = self._record(step, slots)
        graph.replay()

    def _record(self, step: Callable[[], None], slots: Slots) -> torch.cuda.CUDAGraph:
        # Libraries choose kernels and allocate workspaces at first use, which recording forbids: hence two runs
        # before it, on a side stream, whose marks on the rows are then undone. (Keys and values that they wrote are
        # written again by the replay.)
        marks = (slots.tokens, slots.length, slots.done, slots.score)
        kept = [mark.clone() for mark in marks]
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):
                step()
                for mark, value in zip(marks, kept, strict=True):
                    mark.copy_(value)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # thread_local: another thread may allocate memory while this one records.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            step()
        return graph
