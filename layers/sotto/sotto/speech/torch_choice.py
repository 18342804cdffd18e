"""The rule that turns logits into the next token of every row, on the device, without a look at any value.

Suppressed tokens get probability 0 by adding minus infinity, a finished row keeps choosing end-of-text, and
log-probabilities are added up as they fall: so the host needs to look only now and then, to see who is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from sotto.speech.torch_slots import Slots


@dataclass(frozen=True)
class Rules:
    """What is added to the logits [vocabulary]: at every step, and at a row's first new token."""

    always: Tensor
    at_start: Tensor

    @classmethod
    def suppressing(
        cls, tokens: Sequence[int], tokens_at_start: Sequence[int], vocabulary: int, device: torch.device
    ) -> Rules:
        always = _minus_infinity_at(tokens, vocabulary, device)
        return cls(always, always + _minus_infinity_at(tokens_at_start, vocabulary, device))


class Choice:
    """Greedy when `temperature` is 0, else a seeded draw from the softmax at that temperature."""

    def __init__(self, rules: Rules, end_of_text: int, *, temperature: float = 0.0, seed: int = 0) -> None:
        self.rules = rules
        self.end_of_text = end_of_text
        self.temperature = temperature
        self.generator = torch.Generator(device=rules.always.device)
        self.generator.manual_seed(seed)

    def append(self, logits: Tensor, slots: Slots, *, start: bool = False) -> None:
        """Append one token to every row of `slots` that is not done. `logits` is [rows, vocabulary], float32."""
        logits = logits + (self.rules.at_start if start else self.rules.always)
        chosen = torch.where(slots.done, self.end_of_text, self._draw(logits))
        log_probability = functional.log_softmax(logits, dim=-1).gather(1, chosen[:, None])[:, 0]
        slots.score.add_(torch.where(slots.done, 0.0, log_probability))
        slots.tokens.scatter_(1, slots.length[:, None], chosen[:, None])
        slots.length.add_((~slots.done).long())
        slots.done.logical_or_((chosen == self.end_of_text) | (slots.length >= slots.stop_at))

    def _draw(self, logits: Tensor) -> Tensor:
        if self.temperature == 0.0:
            return logits.argmax(dim=-1)
        # The largest of probability / Exponential(1) is a draw from the softmax; unlike torch.multinomial it needs
        # no check of the values on the host.
        noise = torch.empty_like(logits).exponential_(generator=self.generator)
        return (functional.softmax(logits / self.temperature, dim=-1) / noise).argmax(dim=-1)


def _minus_infinity_at(tokens: Sequence[int], vocabulary: int, device: torch.device) -> Tensor:
    rule = torch.zeros(vocabulary, dtype=torch.float32)
    rule[list(tokens)] = float("-inf")
    return rule.to(device)
