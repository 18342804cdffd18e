"""How late each model's cross-attention is, so that words can be set back to where they were said.

The alignment heads of a model look at a word a constant while after or before it is said: a property of the weights.
Measured against synthetic speech whose word times are known (python -m tests.benchmarks.policy --sections words, four
voices, 570 words): the median of found minus true starts. On recordings of people tiny.en is later than base by the
same difference, so it is no property of the synthesiser. A model that nobody measured is left as it is.
"""

from __future__ import annotations

_MEASURED_S = {"tiny.en": 0.09, "base": -0.055}


def attention_lag(model: str) -> float:
    """Seconds by which the words of `model` come late; negative when they come early, 0 when not measured."""
    return _MEASURED_S.get(model, 0.0)
