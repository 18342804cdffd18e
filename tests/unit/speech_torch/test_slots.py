"""Slots: views share memory, rows travel whole."""

from __future__ import annotations

import torch

from sotto.speech.torch_slots import Slots

CPU = torch.device("cpu")


def slots_of(model, capacity: int) -> Slots:
    return Slots.allocate(model.dims, capacity, 1500, CPU, torch.float32)


def test_the_first_slots_are_a_view(english):
    slots = slots_of(english, 4)
    slots.first(2).score.fill_(3.0)
    assert slots.score.tolist() == [3.0, 3.0, 0.0, 0.0]


def test_slots_for_short_windows_use_the_same_memory(english):
    slots = slots_of(english, 3)
    short = slots.hearing(100)
    assert short.cross.shape == (3, 2, 2, 2, 100, 32)
    assert short.cross.data_ptr() == slots.cross.data_ptr()
    short.cross.fill_(1.0)
    assert float(slots.cross.sum()) == short.cross.numel()


def test_put_copies_every_tensor_of_a_row(english):
    slots, one = slots_of(english, 3), slots_of(english, 1)
    one.own.fill_(1.0)
    one.cross.fill_(2.0)
    one.tokens.fill_(3)
    one.done.fill_(value=False)
    slots.put([2], one)
    assert slots.own[2].min() == 1.0
    assert slots.cross[2].min() == 2.0
    assert slots.tokens[2].min() == 3
    assert slots.done.tolist() == [True, True, False]
    assert slots.own[:2].abs().sum() == 0


def test_move_copies_rows_over_rows(english):
    slots = slots_of(english, 4)
    slots.score.copy_(torch.tensor([0.0, 1.0, 2.0, 3.0]))
    slots.move([3, 2], [0, 1])
    assert slots.score.tolist() == [3.0, 2.0, 2.0, 3.0]
