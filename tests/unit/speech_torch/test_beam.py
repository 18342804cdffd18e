"""Beam search finds the best mean log-probability that there is, where brute force can say which that is."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional

from sotto.speech.torch_beam import beam_search
from sotto.speech.torch_choice import Choice, Rules
from sotto.speech.torch_greedy import Marks

START, NO_SPEECH, NO_TIMESTAMPS = 50257, 50361, 50362
PROMPT = (START, NO_TIMESTAMPS)
MARKS = Marks(START, NO_SPEECH)
WORDS, END = (11, 50, 777), 4000
"""The only tokens that are allowed: three words and an end."""


@pytest.fixture
def choice(engine) -> Choice:
    others = tuple(token for token in range(engine.dims.n_vocab) if token not in (*WORDS, END))
    return Choice(Rules.suppressing(others, (END,), engine.dims.n_vocab, engine.device), END)


def every_sequence(english, states, choice, most: int):
    """(mean log-probability, tokens, finished) of every possible answer of at most `most` tokens."""
    for length in range(1, most + 1):
        for words in itertools.product(WORDS, repeat=length):
            tokens = torch.tensor([[*PROMPT, *words]])
            logits = english.decoder(tokens, states[None])[0, len(PROMPT) - 1 :]
            rules = torch.stack([choice.rules.at_start, *[choice.rules.always] * length])
            scores = functional.log_softmax(logits + rules, dim=-1)
            total = sum(float(scores[i, word]) for i, word in enumerate(words))
            if length < most:
                yield (total + float(scores[length, END])) / (length + 1), words, True
            else:
                yield total / (length + 1), words, False


def test_a_beam_as_wide_as_the_search_space_finds_the_best_answer(english, engine, encoded, choice):
    found = beam_search(engine.decoder, encoded.states[:2], PROMPT, choice, MARKS, beams=27, max_tokens=3)
    for states, answer in zip(encoded.states, found, strict=False):
        mean, words, finished = max(every_sequence(english, states, choice, most=3))
        assert (answer.tokens, answer.finished) == (words, finished)
        assert answer.average_log_probability == pytest.approx(mean, rel=1e-3)
        assert 0.0 <= answer.no_speech_probability <= 1.0


def test_windows_do_not_disturb_each_other(engine, encoded, choice):
    together = beam_search(engine.decoder, encoded.states, PROMPT, choice, MARKS, beams=3, max_tokens=6)
    for window, answer in enumerate(together):
        (alone,) = beam_search(
            engine.decoder, encoded.states[window : window + 1], PROMPT, choice, MARKS, beams=3, max_tokens=6
        )
        assert alone.tokens == answer.tokens
        assert alone.average_log_probability == pytest.approx(answer.average_log_probability, rel=1e-4)
