"""Decoding over slots gives each window the text it would have had alone, however rows come and go."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import functional

from sotto.speech.cuda_graphs import Eagerly
from sotto.speech.torch_choice import Choice, Rules
from sotto.speech.torch_device import cpu_pace, gpu_pace
from sotto.speech.torch_greedy import GreedyRun, Marks, Pace, Window, span_for
from sotto.speech.torch_slots import Slots

CPU = torch.device("cpu")
START, NO_SPEECH, NO_TIMESTAMPS = 50257, 50361, 50362
TOKENS = 24
NEVER = 50258  # a token that is suppressed below, so that no row ends
PROMPT = (START, NO_TIMESTAMPS)
MARKS = Marks(START, NO_SPEECH)


@pytest.fixture(scope="module")
def alone(english, encoded):
    """Per window: its greedy tokens and their log-probabilities by openai-whisper's decoder, without any cache."""
    tokens = torch.tensor([PROMPT] * len(encoded.states))
    sums = []
    for _ in range(TOKENS):
        scores = functional.log_softmax(english.decoder(tokens, encoded.states)[:, -1], dim=-1)
        best = scores.max(dim=-1)
        tokens = torch.cat([tokens, best.indices[:, None]], dim=1)
        sums.append(best.values)
    return list(zip(tokens[:, 2:].tolist(), torch.stack(sums, dim=1).tolist(), strict=True))


def run(engine, states, end_of_text, *, capacity, pace, max_tokens=TOKENS, replay=None, prompts=None):
    choice = Choice(Rules.suppressing((NEVER,), (), engine.dims.n_vocab, CPU), end_of_text)
    slots = Slots.allocate(engine.dims, capacity, 1500, CPU, torch.float32).hearing(states.shape[1])
    prompts = prompts or [PROMPT] * len(states)
    windows = [Window(row, prompt, max_tokens, Future()) for row, prompt in zip(states, prompts, strict=True)]
    GreedyRun(engine.decoder, choice, MARKS, slots, deque(windows), pace=pace, replay=replay or Eagerly()).run()
    return [window.answer.result() for window in windows]


def an_end_that_splits(alone) -> int:
    """A token that ends the windows at different places, as the end-of-text token does with trained weights."""
    counts = {
        token: len({tokens.index(token) if token in tokens else TOKENS for tokens, _ in alone})
        for tokens, _ in alone
        for token in tokens
    }
    return max(counts, key=lambda token: counts[token])


@pytest.mark.parametrize(
    ("capacity", "pace"),
    [
        (5, cpu_pace(5)),
        (2, cpu_pace(2)),
        (1, cpu_pace(1)),
        (5, gpu_pace(5)),
        (4, gpu_pace(4)),
        (8, Pace(look_every=16, batches=(8,))),
    ],
)
def test_every_window_gets_the_text_it_has_alone(engine, encoded, alone, capacity, pace):
    end = an_end_that_splits(alone)
    answers = run(engine, encoded.states, end, capacity=capacity, pace=pace)
    assert len({len(answer.tokens) for answer in answers}) > 1, "the windows should end at different steps"
    for answer, (tokens, sums) in zip(answers, alone, strict=True):
        length = tokens.index(end) if end in tokens else TOKENS
        assert list(answer.tokens) == tokens[:length]
        assert answer.finished == (end in tokens)
        expected = sum(sums[: length + 1]) / (length + 1)
        assert answer.average_log_probability == pytest.approx(expected, rel=1e-3)


def test_the_no_speech_probability_is_read_at_the_start_of_the_transcript(english, engine, encoded):
    answers = run(engine, encoded.states, NEVER, capacity=5, pace=cpu_pace(5), max_tokens=1)
    logits = english.decoder(torch.tensor([[START]] * 5), encoded.states)[:, 0]
    expected = functional.softmax(logits, dim=-1)[:, NO_SPEECH].tolist()
    assert [answer.no_speech_probability for answer in answers] == pytest.approx(expected, rel=1e-3)


def test_no_row_grows_beyond_the_models_positions(engine, encoded):
    long = (11,) * 430 + PROMPT
    for answer in run(
        engine, encoded.states[:2], NEVER, capacity=2, pace=gpu_pace(2), max_tokens=224, prompts=[long, long]
    ):
        assert len(answer.tokens) == 448 - 432
        assert not answer.finished


def test_rows_with_prompts_of_their_own_share_a_batch(engine, encoded):
    prompts = [PROMPT, (50360, 11, 50, *PROMPT), (50360, 777, *PROMPT), PROMPT, (50360, 20, 21, *PROMPT)]
    together = run(engine, encoded.states, NEVER, capacity=3, pace=gpu_pace(3), prompts=prompts)
    for row, (prompt, answer) in enumerate(zip(prompts, together, strict=True)):
        states = encoded.states[row : row + 1]
        (alone,) = run(engine, states, NEVER, capacity=1, pace=cpu_pace(1), prompts=[prompt])
        assert answer.tokens == alone.tokens
        assert answer.no_speech_probability == pytest.approx(alone.no_speech_probability, rel=1e-3)


def test_windows_that_arrive_during_the_run_are_decoded_too(engine, encoded, alone):
    choice = Choice(Rules.suppressing((NEVER,), (), engine.dims.n_vocab, CPU), NEVER)
    slots = Slots.allocate(engine.dims, 2, 1500, CPU, torch.float32).hearing(encoded.states.shape[1])
    windows = [Window(row, PROMPT, TOKENS, Future()) for row in encoded.states]
    waiting = deque(windows[:1])

    class Arriving(Eagerly):
        def __call__(self, key, step, slots):
            if not waiting and not windows[-1].answer.done() and not windows[1].answer.done():
                waiting.extend(window for window in windows[1:] if window not in seen)
                seen.extend(windows[1:])
            super().__call__(key, step, slots)

    seen: list[Window] = []
    GreedyRun(engine.decoder, choice, MARKS, slots, waiting, pace=gpu_pace(2), replay=Arriving()).run()
    assert [list(window.answer.result().tokens) for window in windows] == [tokens for tokens, _ in alone]


class Event:
    """An encoder that is done after being asked a number of times; counts how often somebody stood still for it."""

    def __init__(self, asked: int) -> None:
        self.asked, self.stood_still = asked, 0

    def query(self) -> bool:
        self.asked -= 1
        return self.asked < 0

    def synchronize(self) -> None:
        self.asked, self.stood_still = 0, self.stood_still + 1


def test_rows_are_decoded_while_others_are_still_being_encoded(engine, encoded, alone):
    choice = Choice(Rules.suppressing((NEVER,), (), engine.dims.n_vocab, CPU), NEVER)
    slots = Slots.allocate(engine.dims, 5, 1500, CPU, torch.float32).hearing(encoded.states.shape[1])
    first, second = Event(asked=3), Event(asked=2)
    ready = [first, first, second, second, second]
    windows = [Window(row, PROMPT, TOKENS, Future(), event) for row, event in zip(encoded.states, ready, strict=True)]
    GreedyRun(engine.decoder, choice, MARKS, slots, deque(windows), pace=gpu_pace(5), replay=Eagerly()).run()
    assert [list(window.answer.result().tokens) for window in windows] == [tokens for tokens, _ in alone]
    assert (first.stood_still, second.stood_still) == (1, 0)


def test_a_failure_reaches_every_window_that_waits(engine, encoded):
    class Failing(Eagerly):
        def __call__(self, key, step, slots):
            raise FloatingPointError("the device fell over")

    choice = Choice(Rules.suppressing((), (), engine.dims.n_vocab, CPU), NEVER)
    slots = Slots.allocate(engine.dims, 2, 100, CPU, torch.float32)
    windows = [Window(row, PROMPT, TOKENS, Future()) for row in encoded.states]
    run = GreedyRun(engine.decoder, choice, MARKS, slots, deque(windows), pace=gpu_pace(2), replay=Failing())
    with pytest.raises(FloatingPointError):
        run.run()
    for window in windows:
        with pytest.raises(FloatingPointError, match="fell over"):
            window.answer.result(timeout=0)


def test_spans_are_few_and_hold_what_they_must():
    assert [span_for(length, 448) for length in (1, 64, 65, 447, 448)] == [64, 64, 128, 448, 448]


class Recorded:
    """Records a step as a fixed list of tensor operations, as a CUDA graph does, and replays only that.

    The recording fails if the step looks at a value on the host, and a number that should have changed from step to
    step but was taken from the host would be frozen: so equal text means that the step is fit for a CUDA graph.
    """

    def __init__(self) -> None:
        self.graphs: dict[object, object] = {}

    def __call__(self, key, step, slots) -> None:
        if key not in self.graphs:
            kept = [t.clone() for t in (slots.tokens, slots.length, slots.done, slots.score)]
            self.graphs[key] = make_fx(step)()
            for tensor, value in zip((slots.tokens, slots.length, slots.done, slots.score), kept, strict=True):
                tensor.copy_(value)
        self.graphs[key]()


def test_a_recorded_step_replays_to_the_same_text(engine, encoded, alone):
    end = an_end_that_splits(alone)
    recorded = Recorded()
    pace = gpu_pace(4)
    assert run(engine, encoded.states, end, capacity=4, pace=pace, replay=recorded) == run(
        engine, encoded.states, end, capacity=4, pace=pace
    )
    assert recorded.graphs
