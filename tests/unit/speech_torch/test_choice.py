"""The rule for the next token: suppression, end flags, sums, and draws that repeat."""

from __future__ import annotations

import math

import pytest
import torch

from sotto.speech.torch_choice import Choice, Rules
from sotto.speech.torch_slots import Slots

CPU = torch.device("cpu")
END = 9


def rules(always: tuple[int, ...] = (), at_start: tuple[int, ...] = ()) -> Rules:
    return Rules.suppressing(always, at_start, 10, CPU)


@pytest.fixture
def slots(english) -> Slots:
    slots = Slots.allocate(english.dims, 2, 10, CPU, torch.float32)
    slots.length.fill_(3)
    slots.stop_at.fill_(5)
    slots.done.fill_(value=False)
    return slots


def logits_preferring(*tokens: int) -> torch.Tensor:
    logits = torch.zeros(len(tokens), 10)
    logits[range(len(tokens)), list(tokens)] = 5.0
    return logits


def test_greedy_takes_the_most_probable_token_and_adds_its_log_probability(slots):
    Choice(rules(), END).append(logits_preferring(4, 7), slots)
    assert slots.tokens[:, 3].tolist() == [4, 7]
    assert slots.length.tolist() == [4, 4]
    expected = 5.0 - math.log(math.exp(5.0) + 9)
    assert slots.score.tolist() == pytest.approx([expected, expected])


def test_suppressed_tokens_are_never_taken_and_share_no_probability(slots):
    logits = logits_preferring(4, 7)
    Choice(rules(always=(4,), at_start=(7,)), END).append(logits, slots, start=True)
    assert slots.tokens[0, 3] not in (4, 7)
    assert slots.tokens[1, 3] not in (4, 7)
    assert slots.score.tolist() == pytest.approx([-math.log(8.0)] * 2)
    Choice(rules(always=(4,), at_start=(7,)), END).append(logits, slots)
    assert slots.tokens[1, 4] == 7


def test_a_row_that_is_done_keeps_its_length_and_its_score(slots):
    choice = Choice(rules(), END)
    choice.append(logits_preferring(END, 1), slots)
    score = float(slots.score[0])
    choice.append(logits_preferring(2, 1), slots)
    assert slots.done.tolist() == [True, True]  # the second by its limit
    assert slots.length.tolist() == [4, 5]
    assert slots.tokens[0, 3:5].tolist() == [END, END]
    assert float(slots.score[0]) == score


def test_draws_follow_the_probabilities_and_the_seed(slots):
    def draws(seed: int, temperature: float) -> list[int]:
        choice = Choice(rules(always=(0,)), END, temperature=temperature, seed=seed)
        logits = torch.log(torch.tensor([[0.5, 0.1, 0.4, 0, 0, 0, 0, 0, 0, 0]] * 2)).clamp(min=-1e4)
        taken = []
        for _ in range(500):
            slots.length.fill_(3)
            slots.done.fill_(value=False)
            choice.append(logits, slots)
            taken += slots.tokens[:, 3].tolist()
        return taken

    once = draws(1, 1.0)
    assert once == draws(1, 1.0)
    assert once != draws(2, 1.0)
    assert set(once) == {1, 2}
    assert once.count(2) / len(once) == pytest.approx(0.8, abs=0.05)
    assert draws(1, 0.2).count(2) > once.count(2)
