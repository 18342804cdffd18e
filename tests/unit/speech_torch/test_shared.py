"""Many threads, one engine: everybody gets the answer that he would have had alone."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sotto.domain.errors import EngineUnavailable
from sotto.speech.engine import Engine, Sampling
from sotto.speech.torch_shared import SharedEngine

START, NO_TIMESTAMPS, PREVIOUS = 50257, 50362, 50360
PROMPT = (START, NO_TIMESTAMPS)
SHORT = Sampling(max_tokens=8)


@pytest.fixture
def shared(engine_of):
    engine = SharedEngine(engine_of(4))
    yield engine
    engine.close()


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call all from threads that start together."""
    gate = threading.Barrier(len(calls))

    def wait_and(call: Callable[[], Any]) -> Any:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(wait_and, calls))


def test_it_is_an_engine(engine, shared):
    port: Engine = shared
    assert (port.facts, port.multilingual, port.n_mels) == (engine.facts, False, 80)
    assert (list(port.alignment_heads), port.batch_size) == (list(engine.alignment_heads), 4)


def test_threads_with_prompts_and_lengths_of_their_own_get_their_own_answers(engine, shared, encoded):
    long = (PREVIOUS, 11, 50, 777, *PROMPT)
    short_windows = engine.encode(engine.features(_noise(3), 120))
    calls = [(encoded, PROMPT), (encoded, long), (short_windows, PROMPT), (short_windows, long)] * 2
    expected = [engine.generate(states, prompt, SHORT) for states, prompt in calls]
    answers = at_once(*[lambda s=states, p=prompt: shared.generate(s, p, SHORT) for states, prompt in calls])
    for answer, alone in zip(answers, expected, strict=True):
        assert [row.tokens for row in answer] == [row.tokens for row in alone]


def test_other_calls_run_beside_decoding(engine, shared, encoded):
    beam = Sampling(beam_size=2, max_tokens=5)
    texts, frames = [[11, 50]] * 5, [200] * 5
    features = engine.features(_noise(2), 120)
    decoded, searched, aligned, chosen = at_once(
        lambda: shared.generate(encoded, PROMPT, SHORT),
        lambda: shared.generate(encoded, PROMPT, beam),
        lambda: shared.align(encoded, [START], texts, frames),
        lambda: shared.select(shared.encode(shared.features(_noise(2), 120)), [1]),
    )
    assert [row.tokens for row in decoded] == [row.tokens for row in engine.generate(encoded, PROMPT, SHORT)]
    assert [row.tokens for row in searched] == [row.tokens for row in engine.generate(encoded, PROMPT, beam)]
    for one, other in zip(aligned, engine.align(encoded, [START], texts, frames), strict=True):
        assert one.path.tolist() == other.path.tolist()
    assert chosen.states.equal(engine.select(engine.encode(features), [1]).states)


def test_a_failure_reaches_the_thread_it_belongs_to_and_nobody_else(shared, encoded):
    without_start = (11, 50)
    with pytest.raises(ValueError, match="not in tuple"):
        shared.generate(encoded, without_start, SHORT)
    assert len(shared.generate(encoded, PROMPT, SHORT)) == 5


def test_nothing_to_decode_is_answered_at_once(shared, encoded):
    assert shared.generate(shared.select(encoded, []), PROMPT, SHORT) == []


def test_a_closed_engine_takes_no_more_work(engine_of, encoded):
    engine = SharedEngine(engine_of(4))
    engine.close()
    with pytest.raises(EngineUnavailable, match="closed"):
        engine.generate(encoded, PROMPT, SHORT)


def test_an_engine_that_nobody_holds_ends_its_thread(engine_of, encoded):
    engine = SharedEngine(engine_of(4))
    assert len(engine.generate(encoded, PROMPT, SHORT)) == 5
    worker = engine._worker
    del engine
    gc.collect()
    worker.join(timeout=30)
    assert not worker.is_alive()


def _noise(rows: int):
    import numpy as np

    generator = np.random.default_rng(1)
    return [generator.standard_normal(16000).astype(np.float32) * 0.1 for _ in range(rows)]
